//! The module packages that are built: their sources in a layer with a kernel that takes them all.

use anyhow::Result;
use testbed::debs::Debs;
use testbed::layer::{self, Layer, SUITE};
use testbed::root::Root;
use testbed::sources;

use super::contest::Contest;

/// A module whose source is in `/usr/src`.
#[derive(Debug, Clone)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) version: String,
}

impl Module {
    /// `NAME/VERSION`, as the command line takes it.
    pub(super) fn spec(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }
}

/// Both programs, one kernel of the ordinary flavour (the cloud flavour has neither video nor graphics), and the sources
/// of `names` unpacked from their `-dkms` packages; also the release of the kernel.
pub(super) fn layer(contest: &Contest, names: &[&str]) -> Result<(Layer, String, Vec<Module>)> {
    let debs = Debs::of(SUITE)?;
    let release = layer::desktop_release()?;
    let below = contest.over(&layer::desktop(&release)?)?;
    let versions = names.iter().map(|name| debs.version(&format!("{name}-dkms"))).collect::<Result<Vec<_>>>()?;
    let recipe = format!("{} {}", names.join(" "), versions.join(" "));
    let layer = below
        .extend("sources", &recipe, |root| names.iter().try_for_each(|name| sources::unpack(root, name).map(drop)))?;
    let root = Root::over(&layer)?;
    let found = |name: &&str| Ok(Module { name: (*name).to_owned(), version: sources::version(&root, name)? });
    let modules = names.iter().map(found).collect::<Result<Vec<_>>>()?;
    Ok((layer, release, modules))
}
