//! Sources of the archive's `-dkms` packages, unpacked into a root without installing anything.

use anyhow::{Context, Result};

use crate::debs::Debs;
use crate::disk;
use crate::layer::SUITE;
use crate::root::Root;

/// Unpacks what package `NAME-dkms` has below `/usr/src`; the VERSION of `/usr/src/NAME-VERSION`.
pub fn unpack(root: &Root, name: &str) -> Result<String> {
    let deb = Debs::of(SUITE)?.fetch(&format!("{name}-dkms"))?;
    disk::copy(&deb, &root.path("/tmp/package.deb"))?;
    root.must("set -o pipefail; dpkg-deb --fsys-tarfile /tmp/package.deb | tar -x -C / ./usr/src")?;
    version(root, name)
}

/// The VERSION of `/usr/src/NAME-VERSION`.
pub fn version(root: &Root, name: &str) -> Result<String> {
    let head = format!("{name}-");
    let sources = disk::names(&root.path("/usr/src"));
    let version = sources.iter().find_map(|source| source.strip_prefix(&head));
    version.map(str::to_owned).with_context(|| format!("package `{name}-dkms` has no source `/usr/src/{head}VERSION`"))
}
