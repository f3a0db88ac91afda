//! Files that are made from tables and from the clap tree: manual pages, completions, the settings file, schemas.
//!
//! Prose is written by hand in `packaging/man/*.in`; a line `.\" generated: NAME` in it is replaced by the section of that
//! name. Everything here is a function of the program, so that `cargo xtask check` can compare.

mod completions;
mod manual;
mod schemas;
mod settings;

use std::path::PathBuf;

use anyhow::Result;

/// Every generated file: its path from the top of the tree, and what has to be in it.
pub(crate) fn files() -> Result<Vec<(PathBuf, String)>> {
    let mut files = manual::files()?;
    files.extend(completions::files()?);
    files.extend(schemas::files()?);
    files.push(("packaging/framework.conf".into(), settings::file()));
    Ok(files)
}

/// Writes all of them.
pub(crate) fn run() -> Result<()> {
    for (path, content) in files()? {
        testbed::disk::write(&path, content)?;
    }
    Ok(())
}
