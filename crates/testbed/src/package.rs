//! Our .deb, made by dpkg-buildpackage from `packaging/debian`, and checked by lintian.
//!
//! The package is built in a copy of the tree with cargo's own target directory, so only what changed is compiled; a
//! tree of which the package exists already is not built again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::command::Cmd;
use crate::{disk, host};

/// Any error of lintian is an error; its warnings are shown.
pub fn lint(deb: &Path) -> Result<()> {
    host::need(&[("lintian", "lintian")])?;
    Cmd::new("lintian").args(["--fail-on", "error"]).arg(deb).run()
}

/// The package of the tree as it is.
pub fn deb() -> Result<PathBuf> {
    host::need(&[("dpkg-buildpackage", "dpkg-dev"), ("dh", "debhelper"), ("bash", "bash")])?;
    let checkout = Checkout::of_packages()?;
    let dir = PathBuf::from("target/package").join(checkout.key()?);
    if let Some(deb) = find(&dir) {
        return Ok(deb);
    }
    println!("building the package");
    // cargo takes the crates of two trees for the same, and looks whether the files of the first one have changed. Those of
    // earlier trees that are gone have.
    for name in disk::names(Path::new("target/package")) {
        disk::remove_tree(&Path::new("target/package").join(name).join("tree"))?;
    }
    let tree = dir.join("tree");
    disk::remove_tree(&dir)?;
    for name in checkout.files() {
        // debhelper wants its directory at the top.
        let to =
            tree.join(name.strip_prefix("packaging/debian/").map_or(name.to_string(), |rest| format!("debian/{rest}")));
        disk::copy(Path::new(name), &to)?;
        disk::copy(Path::new(name), &tree.join(name))?;
    }
    let target = std::path::absolute("target").context("path of the target directory")?;
    Cmd::new("dpkg-buildpackage")
        // Rust comes from where this program's compiler came from, not necessarily from a package.
        .args(["--build=binary", "--no-check-builddeps", "--no-sign"])
        .env("CARGO_TARGET_DIR", target)
        .env("DEB_BUILD_OPTIONS", "nocheck")
        .cwd(&tree)
        .checked()?;
    match find(&dir) {
        Some(deb) => Ok(deb),
        None => bail!("dpkg-buildpackage left no package in {}", dir.display()),
    }
}

/// The package that was built last, however old it is.
pub fn latest() -> Option<PathBuf> {
    let dir = Path::new("target/package");
    let debs = disk::names(dir).into_iter().filter_map(|name| find(&dir.join(name)));
    debs.max_by_key(|deb| deb.metadata().and_then(|meta| meta.modified()).ok())
}

fn find(dir: &Path) -> Option<PathBuf> {
    let name = disk::names(dir).into_iter().find(|name| name.ends_with(".deb") && !name.contains("-dbgsym"))?;
    Some(dir.join(name))
}
