//! The layer with our own `dkms` in the place of the original: our package, as apt installs it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::layer::{self, Layer};
use crate::{cache, disk, package};

/// Builds our package and installs it over `below`.
pub fn layer(below: &Layer) -> Result<Layer> {
    layer::prune("ours-")?;
    let deb = package::deb()?;
    let recipe = cache::digest(&disk::bytes(&deb)?);
    below.extend("ours", &recipe, |root| {
        disk::copy(&deb, &root.path("/tmp/ours.deb"))?;
        root.apt_install(&["/tmp/ours.deb"])
    })
}

/// The command itself in a layer made by one of the functions here.
pub fn program(layer: &Layer) -> Result<PathBuf> {
    let found = layer.lowers().iter().map(|dir| dir.join("usr/sbin/dkms")).find(|path| path.exists());
    found.with_context(|| format!("layer {} has no dkms", layer.name()))
}

/// The package that was built last, with debug builds in the place of its programs: for quick rounds of work.
pub fn quick(below: &Layer) -> Result<Layer> {
    layer::prune("quick-")?;
    let programs = [("dkms", "/usr/sbin/dkms"), ("dkms-hook-dpkg", "/usr/lib/dkms/hook")];
    let mut build = Cmd::new("cargo").args(["build", "--quiet"]);
    for (package, _) in programs {
        build = build.args(["--package", package]);
    }
    build.run()?;
    let built = |package: &str| Path::new("target/debug").join(package);
    let mut recipe = "3 ".to_owned();
    for (package, _) in programs {
        recipe.push_str(&cache::digest(&disk::bytes(&built(package))?));
    }
    let deb = package::latest();
    if let Some(deb) = &deb {
        recipe.push_str(&cache::digest(&disk::bytes(deb)?));
    }
    below.extend("quick", &recipe, |root| {
        if let Some(deb) = &deb {
            disk::copy(deb, &root.path("/tmp/ours.deb"))?;
            root.apt_install(&["/tmp/ours.deb"])?;
        }
        root.must("mkdir -p /var/lib/dkms /usr/lib/dkms")?;
        for (package, place) in programs {
            disk::copy(&built(package), &root.path(place)).with_context(|| format!("put `{place}` into the root"))?;
        }
        Ok(())
    })
}
