//! The layer with our own `dkms` in the place of the original: our package, as apt installs it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::layer::{self, Layer};
use crate::{cache, disk, package};

/// Builds our package and installs it over `below`.
pub(crate) fn layer(below: &Layer) -> Result<Layer> {
    layer::prune("ours-")?;
    let deb = package::deb()?;
    let recipe = cache::digest(&disk::bytes(&deb)?);
    below.extend("ours", &recipe, |root| {
        disk::copy(&deb, &root.path("/tmp/ours.deb"))?;
        root.apt_install(&["/tmp/ours.deb"])
    })
}

/// The command itself in a layer made by one of the functions here.
pub(crate) fn program(layer: &Layer) -> Result<PathBuf> {
    let found = layer.lowers().iter().map(|dir| dir.join("usr/sbin/dkms")).find(|path| path.exists());
    found.with_context(|| format!("layer {} has no dkms", layer.name()))
}

/// The package that was built last, with only the command replaced by a debug build: for quick rounds of work.
pub(crate) fn quick(below: &Layer) -> Result<Layer> {
    layer::prune("quick-")?;
    Cmd::new("cargo").args(["build", "--quiet", "--package", "dkms"]).run()?;
    let program = Path::new("target/debug/dkms");
    let deb = package::latest();
    let mut recipe = ["2 ", &cache::digest(&disk::bytes(program)?)].concat();
    if let Some(deb) = &deb {
        recipe.push_str(&cache::digest(&disk::bytes(deb)?));
    }
    below.extend("quick", &recipe, |root| {
        if let Some(deb) = &deb {
            disk::copy(deb, &root.path("/tmp/ours.deb"))?;
            root.apt_install(&["/tmp/ours.deb"])?;
        }
        root.must("mkdir -p /var/lib/dkms")?;
        disk::copy(program, &root.path("/usr/sbin/dkms")).context("put our dkms into the root")
    })
}
