//! The module files below one kernel's directory, by name: walked once per kernel and run, then kept current.
//!
//! It knows names, not contents. Left out are the headers (`build`, `source`) and `weak-updates`, whose links another
//! program keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::module_file::compression::Compression;
use crate::system::root::{Kind, Root};

/// Directories right below `I/K` that hold no modules of this kernel.
const NOT_MODULES: [&str; 3] = ["build", "source", "weak-updates"];

/// Where each module name was found.
#[derive(Clone, Debug, Default)]
pub(super) struct KernelFiles {
    by_name: BTreeMap<String, Vec<PathBuf>>,
}

impl KernelFiles {
    /// Walks `I/K`; links are noted, never followed. A missing directory has no files.
    pub(super) fn walk(root: &Root, kernel_directory: &Path) -> Result<Self, Error> {
        let mut files = Self::default();
        for (name, kind) in root.list(kernel_directory)? {
            if !NOT_MODULES.iter().any(|skipped| name == *skipped) {
                files.visit(root, kernel_directory.join(name), kind)?;
            }
        }
        Ok(files)
    }

    fn visit(&mut self, root: &Root, path: PathBuf, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::Directory => {
                for (name, kind) in root.list(&path)? {
                    self.visit(root, path.join(name), kind)?;
                }
            }
            Kind::File | Kind::Link => self.note(path),
            Kind::Other => {}
        }
        Ok(())
    }

    /// Paths of the module called exactly `name`, in whatever compression.
    pub(super) fn named(&self, name: &str) -> &[PathBuf] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// A file appeared.
    pub(super) fn note(&mut self, path: PathBuf) {
        let Some(name) = module_name(&path) else { return };
        let paths = self.by_name.entry(name).or_default();
        if let Err(position) = paths.binary_search(&path) {
            paths.insert(position, path);
        }
    }

    /// A file is gone.
    pub(super) fn forget(&mut self, path: &Path) {
        let Some(name) = module_name(path) else { return };
        if let Some(paths) = self.by_name.get_mut(&name) {
            paths.retain(|known| known != path);
        }
    }
}

fn module_name(path: &Path) -> Option<String> {
    let (name, _) = Compression::of_file_name(path.file_name()?.to_str()?)?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_weak_updates_are_left_out_and_links_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let kernel = Path::new("/lib/modules/6.1");
        for inner in ["kernel/drivers", "build/scripts", "weak-updates", "updates"] {
            root.writable().create_dir_all(&kernel.join(inner)).unwrap();
            root.writable().create_new(&kernel.join(inner).join("x.ko"), 0o644).unwrap();
        }
        root.writable().symlink(Path::new("/nowhere/x.ko.xz"), &kernel.join("updates/x.ko.xz")).unwrap();
        root.writable().symlink(Path::new("."), &kernel.join("updates/loop")).unwrap();
        let mut files = KernelFiles::walk(&root, kernel).unwrap();
        let expected = ["kernel/drivers/x.ko", "updates/x.ko", "updates/x.ko.xz"].map(|inner| kernel.join(inner));
        assert_eq!(files.named("x"), expected);
        files.forget(&expected[1]);
        files.note(kernel.join("extra/x.ko"));
        assert_eq!(files.named("x"), [kernel.join("extra/x.ko"), expected[0].clone(), expected[2].clone()]);
        assert!(files.named("y").is_empty());
    }
}
