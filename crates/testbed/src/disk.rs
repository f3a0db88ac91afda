//! The one door of xtask to files: every error carries its path and verb.
//!
//! Unlike the engine's `Root` this knows no root and no staging: what a developer task writes may be written again.
#![expect(clippy::disallowed_methods, reason = "this is the file that wraps them")]

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The whole text of a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// The text of a file that may hold anything.
pub fn read_lossy(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&bytes(path)?).into_owned())
}

/// All bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("read {}", path.display()))
}

/// Writes a file, directories above it included.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        make_dirs(parent)?;
    }
    fs::write(path, content).with_context(|| format!("write {}", path.display()))
}

/// Makes a directory and those above it.
pub fn make_dirs(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("make directory {}", path.display()))
}

/// Renames within one file system.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("rename {} to {}", from.display(), to.display()))
}

/// Copies one file with its mode.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        make_dirs(parent)?;
    }
    fs::copy(from, to).map(drop).with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// Deletes a tree if it is there.
pub fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The names in a directory, sorted; none if it is missing.
pub fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
