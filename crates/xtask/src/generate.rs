//! Writes the generated files of the tree.

use anyhow::Result;

/// Every generated file: its path from the top of the tree, and what has to be in it.
pub(crate) fn files() -> Result<Vec<(std::path::PathBuf, String)>> {
    Ok(Vec::new())
}

/// Writes all of them.
pub(crate) fn run() -> Result<()> {
    for (path, content) in files()? {
        crate::disk::write(&path, content)?;
    }
    Ok(())
}
