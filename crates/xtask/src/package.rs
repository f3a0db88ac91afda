//! `cargo xtask package`: our .deb, made by dpkg-buildpackage from `packaging/debian`, and checked by lintian.
//!
//! The package is built in a copy of the tree with cargo's own target directory, so only what changed is compiled; a
//! tree of which the package exists already is not built again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Cmd;
use crate::{cache, disk, host};

/// Builds the package and lets lintian judge it.
pub(crate) fn run() -> Result<()> {
    let deb = deb()?;
    println!("{}", deb.display());
    lint(&deb)
}

/// Any error of lintian is an error; its warnings are shown.
pub(crate) fn lint(deb: &Path) -> Result<()> {
    host::need(&[("lintian", "lintian")])?;
    Cmd::new("lintian").args(["--fail-on", "error"]).arg(deb).run()
}

/// The package of the tree as it is.
pub(crate) fn deb() -> Result<PathBuf> {
    host::need(&[("dpkg-buildpackage", "dpkg-dev"), ("dh", "debhelper"), ("git", "git"), ("bash", "bash")])?;
    // Also what is not committed yet, so that a test sees what its writer sees.
    let listed = Cmd::new("git").args(["ls-files", "-co", "--exclude-standard"]).checked()?;
    let files: Vec<&str> = listed.stdout.lines().filter(|name| Path::new(name).is_file() && wanted(name)).collect();
    let mut parts = Vec::new();
    for name in &files {
        parts.push(name.as_bytes().to_vec());
        parts.push(disk::bytes(Path::new(name))?);
    }
    let dir = PathBuf::from("target/package").join(cache::key(&parts));
    if let Some(deb) = find(&dir) {
        return Ok(deb);
    }
    println!("building the package");
    let tree = dir.join("tree");
    disk::remove_tree(&dir)?;
    for name in &files {
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
pub(crate) fn latest() -> Option<PathBuf> {
    let dir = Path::new("target/package");
    let debs = disk::names(dir).into_iter().filter_map(|name| find(&dir.join(name)));
    debs.max_by_key(|deb| deb.metadata().and_then(|meta| meta.modified()).ok())
}

/// Tests and developer tasks are no part of the package.
fn wanted(name: &str) -> bool {
    !(name.starts_with("tests/") || name.starts_with(".ci/") || name.starts_with("crates/xtask/src/"))
        || name == "crates/xtask/src/main.rs"
}

fn find(dir: &Path) -> Option<PathBuf> {
    let name = disk::names(dir).into_iter().find(|name| name.ends_with(".deb") && !name.contains("-dbgsym"))?;
    Some(dir.join(name))
}
