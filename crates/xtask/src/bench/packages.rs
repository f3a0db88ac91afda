//! The module packages that are built: their sources in a layer with a kernel that takes them all.

use anyhow::{Context, Result};

use super::contest::Contest;
use crate::debs::Debs;
use crate::disk;
use crate::layer::{self, Layer, SUITE};
use crate::root::Root;

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
    let files = names.iter().map(|name| debs.fetch(&format!("{name}-dkms"))).collect::<Result<Vec<_>>>()?;
    let release = layer::desktop_release()?;
    let below = contest.over(&layer::desktop(&release)?)?;
    let recipe: Vec<_> = files.iter().filter_map(|file| file.file_name()).map(|name| name.to_string_lossy()).collect();
    let layer = below.extend("sources", &recipe.join(" "), |root| {
        for file in &files {
            disk::copy(file, &root.path("/tmp/package.deb"))?;
            root.must("set -o pipefail; dpkg-deb --fsys-tarfile /tmp/package.deb | tar -x -C / ./usr/src")?;
        }
        Ok(())
    })?;
    let root = Root::over(&layer)?;
    let modules = names.iter().map(|name| found(&root, name)).collect::<Result<Vec<_>>>()?;
    Ok((layer, release, modules))
}

fn found(root: &Root, name: &str) -> Result<Module> {
    let head = format!("{name}-");
    let sources = disk::names(&root.path("/usr/src"));
    let version = sources.iter().find_map(|source| source.strip_prefix(&head));
    let version = version.with_context(|| format!("package `{name}-dkms` has no source `/usr/src/{head}VERSION`"))?;
    Ok(Module { name: name.to_owned(), version: version.to_owned() })
}
