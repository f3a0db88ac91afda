//! Configuration in fragments: files in several directories, of which the first that has a name shadows the others of that name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::system::root::Root;

/// The files `*.conf` that count, in the order of their names. A name that leads to nothing that can be read is there to
/// shadow another.
///
/// # Errors
/// `Io`.
pub(crate) fn paths(root: &Root, directories: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut files = BTreeMap::new();
    for directory in directories.iter().map(Path::new) {
        for (name, _) in root.list(directory)? {
            if name.to_string_lossy().ends_with(".conf") {
                files.entry(name.clone()).or_insert_with(|| directory.join(&name));
            }
        }
    }
    Ok(files.into_values().collect())
}
