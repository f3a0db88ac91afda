//! What the calling process hands down: its variables and its state, read once by the front door and passed on as a value.
//!
//! Which variables reach children is one table ([`rules`]); what else a process inherits is put in order by [`process`].

mod process;
pub mod rules;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::layout::DEFAULT_PATH;
use crate::system::root::{Kind, Root};
use rules::Fate;

/// Variables of the calling process, and the limits that its children get back.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    open_files: Option<u64>,
}

impl Environment {
    /// That of this process, whose state is put in order by the way: the first thing that a program does, and once.
    #[expect(clippy::disallowed_methods, reason = "this is where it is read")]
    pub fn of_this_process() -> Self {
        let open_files = process::put_in_order();
        Self { open_files, ..Self::new(std::env::vars_os()) }
    }

    /// From pairs, as `std::env::vars_os()` gives them.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { variables: variables.into_iter().collect(), open_files: None }
    }

    /// A variable's value, if it is set and is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// How many files a child may have open, where that is not what this process may have.
    pub(crate) fn open_files(&self) -> Option<u64> {
        self.open_files
    }

    /// What a child inherits, by the table.
    pub fn for_children(&self, root: &Root) -> BTreeMap<OsString, OsString> {
        let mut variables = BTreeMap::new();
        for (name, value) in &self.variables {
            let kept = match rules::fate(name) {
                Fate::Passed | Fate::Default(_) => true,
                Fate::Dropped | Fate::Set(_) | Fate::Completed => false,
                Fate::IfSafe => is_safe_to_write_in(root, Path::new(value)),
            };
            if kept {
                variables.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in rules::values() {
            variables.entry(name.into()).or_insert_with(|| value.into());
        }
        // The one for all: what it says of everything else is kept, and messages are not its business.
        if let Some(all) = self.get(rules::LOCALE).filter(|all| !all.is_empty()) {
            variables.retain(|name, _| !name.as_encoded_bytes().starts_with(b"LC_") || name == rules::MESSAGES);
            variables.insert("LANG".into(), all.into());
        }
        // No directory of a search path has a colon in its name.
        let path = std::env::join_paths(self.search_path()).unwrap_or_else(|_| DEFAULT_PATH.into());
        variables.insert("PATH".into(), path);
        variables
    }

    /// Directories in which children look for programs: the caller's, as far as they are absolute, then the usual ones.
    pub fn search_path(&self) -> Vec<PathBuf> {
        let mut directories = Vec::new();
        for directory in std::env::split_paths(self.get("PATH").unwrap_or_default()).chain(usual()) {
            if directory.is_absolute() && !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }

    /// Those of them in which we look for what we run ourselves: not where another user can put something in the way.
    pub fn own_search_path(&self, root: &Root) -> Vec<PathBuf> {
        let usual: Vec<PathBuf> = usual().collect();
        let mut directories = self.search_path();
        directories.retain(|directory| usual.contains(directory) || is_out_of_reach(root, directory));
        directories
    }

    /// A program that we run ourselves.
    pub fn find(&self, root: &Root, program: &OsStr) -> Option<PathBuf> {
        let paths = self.own_search_path(root).into_iter().map(|directory| directory.join(program));
        paths.into_iter().find(|path| root.is_executable(path))
    }

    /// The caller's directory for temporary files, if it is one to be trusted.
    pub fn temporary(&self, root: &Root) -> Option<&str> {
        self.get("TMPDIR").filter(|path| is_safe_to_write_in(root, Path::new(path)))
    }
}

fn usual() -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(DEFAULT_PATH)
}

/// Whether only the superuser and ourselves can change what is in a directory.
fn is_out_of_reach(root: &Root, directory: &Path) -> bool {
    root.meta(directory).is_some_and(|meta| is_ours(meta.uid) && meta.mode & 0o002 == 0)
}

/// Whether no other user can take away or replace what we make in a directory.
fn is_safe_to_write_in(root: &Root, directory: &Path) -> bool {
    let is_safe = |meta: crate::system::root::Meta| {
        let kept_apart = meta.mode & 0o022 == 0 || meta.mode & 0o1000 != 0;
        meta.kind == Kind::Directory && is_ours(meta.uid) && kept_apart
    };
    directory.is_absolute() && root.meta(directory).is_some_and(is_safe)
}

fn is_ours(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests;
