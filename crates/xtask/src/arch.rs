//! `cargo xtask package arch`: our packages for pacman, made by makepkg from `packaging/arch`.
//!
//! A tree of which the package exists already is not built again.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checkout::Checkout;
use crate::layer::SUITE;
use crate::makepkg::{self, Recipe};
use crate::{cache, disk};

/// The package of the tree as it is.
pub(crate) fn package() -> Result<PathBuf> {
    let recipe = Recipe { suite: SUITE, recipe: Path::new("packaging/arch"), manifest: Path::new("Cargo.toml") };
    made(&recipe)
}

/// Finds the package that a recipe makes of this tree, or makes it.
fn made(recipe: &Recipe<'_>) -> Result<PathBuf> {
    let checkout = Checkout::of_packages()?;
    let key = cache::key([recipe.suite, &recipe.recipe.to_string_lossy(), &checkout.key()?]);
    let dir = PathBuf::from("target/package-arch").join(key);
    if let Some(found) = makepkg::packages(&dir).pop() {
        return Ok(found);
    }
    println!("building the package of {} with makepkg of {}", recipe.recipe.display(), recipe.suite);
    disk::remove_tree(&dir)?;
    makepkg::make(recipe, &checkout, &dir)
}
