//! `cargo xtask package arch`: our packages for pacman, made by makepkg from `packaging/arch`.
//!
//! A tree of which the package exists already is not built again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::command::Cmd;
use crate::layer::SUITE;
use crate::makepkg::{self, Recipe};
use crate::{cache, disk};

/// The directory of the recipe for the checker.
const CHECKER: &str = "packaging/arch/check";

/// The package of the tree as it is. Its tests are those of suite `unit`.
pub fn package() -> Result<PathBuf> {
    made(&Recipe {
        suite: SUITE,
        recipe: Path::new("packaging/arch"),
        manifests: &[Path::new("Cargo.toml")],
        options: "--nocheck",
    })
}

/// The package `dkms-pacman-check` for the libalpm of a suite, its tests passed.
pub fn checker(suite: &str) -> Result<PathBuf> {
    let newer = newer_alpm()?;
    made(&Recipe {
        suite,
        recipe: Path::new(CHECKER),
        manifests: &[Path::new("hooks/pacman-check/Cargo.toml"), &newer],
        options: "--check",
    })
}

/// A crate that depends on what the recipe of the checker exchanges in the lock file for a newer libalpm.
fn newer_alpm() -> Result<PathBuf> {
    let recipe = Path::new(CHECKER).join("PKGBUILD");
    let text = disk::read(&recipe)?;
    let version = text.split_once("--package alpm --precise ").and_then(|(_, rest)| rest.split_whitespace().next());
    let version = version.with_context(|| format!("{} names no version of alpm", recipe.display()))?;
    let manifest = Path::new("target/package-others/alpm").join("Cargo.toml");
    disk::write(
        &manifest,
        format!(
            "[workspace]\n[package]\nname = \"newer-alpm\"\nedition = \"2024\"\n[dependencies]\nalpm = \"={version}\"\n"
        ),
    )?;
    disk::write(&manifest.with_file_name("src").join("lib.rs"), "")?;
    Cmd::new("cargo").args(["generate-lockfile", "--quiet", "--manifest-path"]).arg(&manifest).checked()?;
    Ok(manifest)
}

/// Finds the package that a recipe makes of this tree, or makes it.
fn made(recipe: &Recipe<'_>) -> Result<PathBuf> {
    let checkout = Checkout::of_packages()?;
    let key = cache::key([recipe.suite, &recipe.recipe.to_string_lossy(), &checkout.key()?]);
    let dir = PathBuf::from("target/package-others").join(key);
    if let Some(found) = makepkg::packages(&dir).pop() {
        return Ok(found);
    }
    println!("building the package of {} with makepkg of {}", recipe.recipe.display(), recipe.suite);
    disk::remove_tree(&dir)?;
    makepkg::make(recipe, &checkout, &dir)
}
