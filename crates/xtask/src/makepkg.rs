//! One run of makepkg for a PKGBUILD of this tree, in a root of a Debian suite, by a user without rights.
//!
//! The compiler is this machine's, shown in the root; the crates are those of a lock file, copied beforehand, so that
//! nothing in the root asks the network. The root has a C library of its own, so what is compiled there must not be mixed
//! with what this machine compiles: its target directory is not the workspace's. It is kept, as is the place of the sources
//! and their times, and so only what changed is compiled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::command::Cmd;
use crate::layer::{self, Layer};
use crate::root::{Access, Root};
use crate::{cache, disk, host};

/// pacman, makepkg with what it runs, and libalpm with what its pkg-config file asks for.
const PACKAGES: [&str; 11] = [
    "makepkg",
    "pacman-package-manager",
    "fakeroot",
    "libarchive-tools",
    "pkgconf",
    "libalpm-dev",
    "libssl-dev",
    "libarchive-dev",
    "libcurl4-openssl-dev",
    "libgpgme-dev",
    "zlib1g-dev",
];

/// Where everything lies in the root.
const PLACE: &str = "/build";

/// What to make, and of what.
#[derive(Debug)]
pub(crate) struct Recipe<'a> {
    /// The suite whose makepkg and libalpm are used.
    pub(crate) suite: &'a str,
    /// The directory of the PKGBUILD.
    pub(crate) recipe: &'a Path,
    /// The manifests whose lock files say which crates there have to be.
    pub(crate) manifests: &'a [&'a Path],
    /// Options of makepkg.
    pub(crate) options: &'a str,
}

/// A suite's tools with pacman and makepkg, and the user who builds.
pub(crate) fn layer(suite: &str) -> Result<Layer> {
    layer::tools_of(suite)?.extend("makepkg", &format!("1 {PACKAGES:?}"), |root| {
        root.apt_install(&PACKAGES)?;
        root.must(&format!("useradd --create-home --home-dir {PLACE} builder && apt-get clean")).map(drop)
    })
}

/// The packages in a directory.
pub(crate) fn packages(dir: &Path) -> Vec<PathBuf> {
    let names = disk::names(dir).into_iter().filter(|name| name.contains(".pkg.tar") && !name.ends_with(".part"));
    names.map(|name| dir.join(name)).collect()
}

/// Makes the package of `checkout` and leaves it in `dir`.
pub(crate) fn make(recipe: &Recipe<'_>, checkout: &Checkout, dir: &Path) -> Result<PathBuf> {
    let work = std::path::absolute("target/package-arch").context("path of the target directory")?;
    let (crates, target) = (work.join("crates"), work.join(format!("cargo-{}", recipe.suite)));
    for manifest in recipe.manifests {
        vendor(manifest, &crates)?;
    }
    let root = Root::over(&layer(recipe.suite)?)?;
    disk::make_dirs(&target)?;
    root.bind(&toolchain()?, "/opt/rust", Access::Read)?;
    root.bind(&crates, &format!("{PLACE}/.cargo/crates"), Access::Read)?;
    root.bind(&target, &format!("{PLACE}/target"), Access::Write)?;
    disk::write(
        &root.path(&format!("{PLACE}/.cargo/config.toml")),
        format!(
            "[source.crates-io]\nreplace-with = \"copied\"\n[source.copied]\ndirectory = \"{PLACE}/.cargo/crates\"\n\
             [net]\noffline = true\n"
        ),
    )?;
    let recipes = root.path(&format!("{PLACE}/recipe"));
    for name in disk::names(recipe.recipe) {
        let from = recipe.recipe.join(&name);
        if from.is_file() {
            disk::copy(&from, &recipes.join(&name))?;
        }
    }
    let release = concat!("dkms-rs-", env!("CARGO_PKG_VERSION"));
    checkout.archive(release, &recipes.join(format!("{release}.tar.gz")))?;
    root.must(&format!("chown -R builder: {PLACE}/recipe && chown builder: {PLACE}/.cargo {PLACE}/target"))?;
    // Debian has the compilers, but pacman does not know that.
    root.must(&format!(
        "runuser -u builder -- env HOME={PLACE} CARGO_TARGET_DIR={PLACE}/target PATH=/opt/rust/bin:$PATH \
         PKGEXT=.pkg.tar.zst bash -c 'cd {PLACE}/recipe && makepkg --nodeps --noconfirm {}'",
        recipe.options
    ))?;
    let [made] = packages(&recipes).try_into().map_err(|made| {
        anyhow::anyhow!("makepkg was to make one package of {} and made {made:?}", recipe.recipe.display())
    })?;
    let kept = dir.join(made.file_name().unwrap_or_default());
    disk::copy(&made, &kept)?;
    Ok(kept)
}

/// Copies the crates of a lock file, once: what is copied again has another time, and would be compiled again.
fn vendor(manifest: &Path, to: &Path) -> Result<()> {
    let done = to.join(format!(".{}", cache::key([disk::bytes(&manifest.with_file_name("Cargo.lock"))?])));
    if done.exists() {
        return Ok(());
    }
    Cmd::new("cargo")
        .args(["vendor", "--quiet", "--locked", "--versioned-dirs", "--no-delete", "--manifest-path"])
        .arg(manifest)
        .arg(to)
        .checked()?;
    disk::write(&done, "")
}

/// Where this machine's Rust is.
fn toolchain() -> Result<PathBuf> {
    host::need(&[("rustc", "rustc"), ("cargo", "cargo")])?;
    Ok(Cmd::new("rustc").args(["--print", "sysroot"]).checked()?.stdout.trim().into())
}
