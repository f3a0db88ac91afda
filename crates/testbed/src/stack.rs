//! A stack of directories that a root is made of.

use std::path::{Path, PathBuf};

/// A stack of directories for overlayfs.
#[derive(Debug, Clone)]
pub struct Layer {
    pub(crate) name: String,
    /// Highest first, as overlayfs wants them.
    pub(crate) lowers: Vec<PathBuf>,
}

impl Layer {
    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directories of the stack, highest first.
    pub fn lowers(&self) -> &[PathBuf] {
        &self.lowers
    }

    /// What identifies the content, for caches of results.
    pub fn id(&self) -> String {
        let top = self.lowers.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
        top.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
