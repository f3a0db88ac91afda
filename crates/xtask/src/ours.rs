//! The layer with our own `dkms` in the place of the original.

use std::path::Path;

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::layer::Layer;
use crate::{cache, disk};

/// Builds our command and puts it over `below`.
pub(crate) fn layer(below: &Layer) -> Result<Layer> {
    Cmd::new("cargo").args(["build", "--quiet", "--package", "dkms"]).run()?;
    let program = Path::new("target/debug/dkms");
    let recipe = cache::digest(&disk::bytes(program)?);
    below.extend("ours", &recipe, |root| {
        disk::copy(program, &root.path("/usr/sbin/dkms")).context("put our dkms into the root")
    })
}
