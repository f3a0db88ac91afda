//! The one door through which a conf that is being evaluated sees the machine.
//!
//! The evaluator never looks at a disk itself: the engine answers from its root, tests answer from a table. Only
//! absolute paths are asked for: relative ones begin at [`World::directory`], which is the module's source and not
//! where the caller happens to stand.

use std::collections::BTreeMap;

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

/// Facts about the machine that a conf may ask for.
pub trait World {
    /// The working directory of the evaluation, absolute: the directory of the module's source.
    fn directory(&self) -> &str;
    /// What `path` leads to, links followed; `None` if it leads nowhere.
    fn kind(&self, path: &str) -> Option<FileKind>;
    /// `path` itself is a symbolic link.
    fn is_symlink(&self, path: &str) -> bool;
    /// The unprivileged user who evaluates could read it.
    fn is_readable(&self, path: &str) -> bool;
    /// The unprivileged user who evaluates could run it, or enter it if it is a directory.
    fn is_executable(&self, path: &str) -> bool;
    /// The content of a regular file; `None` if it is missing, unreadable or larger than the caller wants to read.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
    /// What `nproc` prints. For a fingerprint: a fixed number, as the number of processors is no input of a build.
    fn cpu_count(&self) -> usize;
    /// What `uname -r` prints.
    fn kernel_release(&self) -> String;
    /// What `uname -m` prints.
    fn machine(&self) -> String;
}

/// A world that is a table: for tests, and for looking at a conf without looking at a machine.
#[derive(Clone, Debug)]
pub struct TableWorld {
    /// Regular files, readable, by absolute path. Every directory above them exists.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The working directory.
    pub directory: String,
    /// What `nproc` prints.
    pub cpu_count: usize,
    /// What `uname -r` prints.
    pub kernel_release: String,
    /// What `uname -m` prints.
    pub machine: String,
}

impl Default for TableWorld {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            directory: "/".to_owned(),
            cpu_count: 2,
            kernel_release: "6.1.0-1-amd64".to_owned(),
            machine: "x86_64".to_owned(),
        }
    }
}

impl TableWorld {
    /// Adds a file.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.as_bytes().to_vec());
        self
    }
}

impl World for TableWorld {
    fn directory(&self) -> &str {
        &self.directory
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        if self.files.contains_key(path) {
            return Some(FileKind::File);
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        self.files.keys().any(|file| file.starts_with(&prefix)).then_some(FileKind::Directory)
    }

    fn is_symlink(&self, _path: &str) -> bool {
        false
    }

    fn is_readable(&self, path: &str) -> bool {
        self.kind(path).is_some()
    }

    fn is_executable(&self, path: &str) -> bool {
        self.kind(path) == Some(FileKind::Directory)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    fn cpu_count(&self) -> usize {
        self.cpu_count
    }

    fn kernel_release(&self) -> String {
        self.kernel_release.clone()
    }

    fn machine(&self) -> String {
        self.machine.clone()
    }
}
