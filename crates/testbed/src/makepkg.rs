//! One run of makepkg for a PKGBUILD of this tree, in a root of a Debian suite.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checkout::{Checkout, RELEASE};
use crate::disk;
use crate::layer::Layer;
use crate::workshop::{self, PLACE, Workshop};

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

/// What to make, and of what.
#[derive(Debug)]
pub struct Recipe<'a> {
    /// The suite whose makepkg and libalpm are used.
    pub suite: &'a str,
    /// The directory of the PKGBUILD.
    pub recipe: &'a Path,
    /// The manifests whose lock files say which crates there have to be.
    pub manifests: &'a [&'a Path],
    /// Options of makepkg.
    pub options: &'a str,
}

/// A suite's tools with pacman and makepkg.
pub fn layer(suite: &str) -> Result<Layer> {
    workshop::layer(suite, "makepkg", &PACKAGES)
}

/// The packages in a directory.
pub fn packages(dir: &Path) -> Vec<PathBuf> {
    let names = disk::names(dir).into_iter().filter(|name| name.contains(".pkg.tar") && !name.ends_with(".part"));
    names.map(|name| dir.join(name)).collect()
}

/// Makes the package of `checkout` and leaves it in `dir`.
pub fn make(recipe: &Recipe<'_>, checkout: &Checkout, dir: &Path) -> Result<PathBuf> {
    let workshop = Workshop::open(&layer(recipe.suite)?, recipe.suite, recipe.manifests)?;
    let recipes = workshop.path("recipe");
    for name in disk::names(recipe.recipe) {
        let from = recipe.recipe.join(&name);
        if from.is_file() {
            disk::copy(&from, &recipes.join(&name))?;
        }
    }
    checkout.archive(RELEASE, &recipes.join(format!("{RELEASE}.tar.gz")))?;
    // Debian has the compilers, but pacman does not know that.
    workshop
        .run(&format!("cd {PLACE}/recipe && PKGEXT=.pkg.tar.zst makepkg --nodeps --noconfirm {}", recipe.options))?;
    let [made] = packages(&recipes).try_into().map_err(|made| {
        anyhow::anyhow!("makepkg was to make one package of {} and made {made:?}", recipe.recipe.display())
    })?;
    let kept = dir.join(made.file_name().unwrap_or_default());
    disk::copy(&made, &kept)?;
    Ok(kept)
}
