//! Our package in a root: made by rpmbuild of its spec, or for quick rounds of work of debug builds.

use anyhow::Result;
use testbed::layer::{self, Layer};
use testbed::rpmbuild::{self, Programs};
use testbed::{cache, disk};

use crate::transaction::Side;

/// Where the package is in a root.
pub(super) const PACKAGE: &str = "/srv/repo/dkms-rs.rpm";
/// What it is called.
pub(super) const NAME: &str = "dkms-rs";

/// The package over `below`, for the C library of `suite`; the original needs none.
pub(super) fn layer(below: &Layer, suite: &str, side: Side) -> Result<Layer> {
    let programs = match side {
        Side::Original => return Ok(below.clone()),
        Side::Ours => Programs::Released,
        Side::Quick => Programs::Quick,
    };
    let package = rpmbuild::package(suite, programs)?;
    layer::prune("fedora-ours-")?;
    below.extend("fedora-ours", &cache::digest(&disk::bytes(&package)?), |root| {
        disk::copy(&package, &root.path(PACKAGE))
    })
}
