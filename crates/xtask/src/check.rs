//! Compares the generated files in the tree with what would be generated now, and imports with the table of floors.

use anyhow::Result;
use testbed::disk;

use crate::{floors, generate};

/// True if all are current and no import runs upwards; names those that are not, and the cure.
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
    let upwards = floors::complaints()?;
    upwards.iter().for_each(|complaint| println!("{complaint}"));
    Ok(stale.is_empty() && upwards.is_empty())
}
