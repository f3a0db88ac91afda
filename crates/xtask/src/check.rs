//! Compares the generated files in the tree with what would be generated now.

use anyhow::Result;

use crate::{disk, generate};

/// True if all are current; names those that are not, and the cure.
pub(crate) fn run() -> Result<bool> {
    let files = generate::files()?;
    let stale: Vec<_> =
        files.iter().filter(|(path, content)| disk::read(path).ok().as_ref() != Some(content)).collect();
    for (path, _) in &stale {
        println!("stale: {}", path.display());
    }
    if stale.is_empty() {
        println!("{} generated files are current", files.len());
    } else {
        println!("hint: cargo xtask generate");
    }
    Ok(stale.is_empty())
}
