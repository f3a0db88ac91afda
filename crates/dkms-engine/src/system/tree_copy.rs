//! Trees of files: copied whole, and compared.
//!
//! Times, links and what the owner may do are kept. The owner is not, and only the owner may write, so that no other user
//! can change afterwards what root builds; and no right is lent. Every error is fatal: half a source may well compile.

use std::ffi::OsString;
use std::path::Path;

use crate::error::Error;
use crate::system::cancel::Cancel;
use crate::system::root::{Kind, Root, RootMut};

/// Bits of a mode that are kept.
const MODE: u32 = 0o755;
/// Deeper trees are no sources.
const DEEPEST: usize = 64;

/// How files get into a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// As files of their own, which share their content where the file system can (a reflink).
    Copied,
    /// As further names of the same files, where the file system has both trees.
    Shared,
}

/// What becomes of that which is neither file, directory nor link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// An error.
    Refused,
    /// A warning.
    LeftOut,
}

/// A way to copy trees. Nothing is on disk for certain after it.
#[derive(Clone, Copy)]
pub(crate) struct TreeCopy<'a> {
    pub(crate) root: &'a RootMut,
    pub(crate) cancel: &'a Cancel,
    pub(crate) files: Files,
    pub(crate) others: Others,
}

/// What there may be at the place of a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At most an empty directory.
    Free,
    /// Anything: files are replaced, directories stay as they are and keep what else is in them.
    Taken,
}

impl TreeCopy<'_> {
    /// Copies a directory to `to`, which does not exist or is an empty directory.
    ///
    /// # Errors
    /// `Io`, `Interrupted`.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.directory(from, to, Place::Free, 0)
    }

    /// Lays what is in a directory over what is in `to`.
    ///
    /// # Errors
    /// `Io`, `Interrupted`.
    pub(crate) fn lay_over(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.directory(from, to, Place::Taken, 0)
    }

    fn directory(&self, from: &Path, to: &Path, place: Place, depth: usize) -> Result<(), Error> {
        let root = self.root;
        if depth > DEEPEST {
            let reason = format!("directories are nested more than {DEEPEST} deep");
            return Err(Error::io("copy", from)(std::io::Error::other(reason)));
        }
        self.cancel.check()?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        if !root.is_dir(to) {
            root.create_dir(to, if place == Place::Free { 0o700 } else { 0o755 })?;
        }
        for entry in root.list(from)? {
            self.entry(from, to, entry, place, depth)?;
        }
        if place == Place::Free {
            // Always ours to write in.
            root.set_mode(to, (meta.mode & MODE) | 0o700)?;
            root.set_mtime(to, meta.mtime)?;
        }
        Ok(())
    }

    fn entry(
        &self,
        from: &Path,
        to: &Path,
        (name, kind): (OsString, Kind),
        place: Place,
        depth: usize,
    ) -> Result<(), Error> {
        let root = self.root;
        let (from, to) = (from.join(&name), to.join(&name));
        if place == Place::Taken && matches!(kind, Kind::File | Kind::Link) {
            root.remove_file(&to)?;
        }
        match kind {
            Kind::Directory => self.directory(&from, &to, place, depth + 1),
            Kind::File if self.files == Files::Shared && root.hard_link(&from, &to).is_ok() => Ok(()),
            Kind::File => self.file(&from, &to),
            Kind::Link => {
                let target = root.read_link(&from).ok_or_else(|| vanished(&from))?;
                root.symlink(&target, &to)?;
                let meta = root.link_meta(&from).ok_or_else(|| vanished(&from))?;
                root.set_mtime(&to, meta.mtime)
            }
            Kind::Other if self.others == Others::Refused => {
                let reason = std::io::Error::other("it is neither file, directory nor link");
                Err(Error::io("copy", &from)(reason))
            }
            Kind::Other => {
                log::warn!("`{}` is neither file, directory nor link: it is not copied", from.display());
                Ok(())
            }
        }
    }

    fn file(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let root = self.root;
        let mut source = root.open_file(from)?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        let mut copy = root.create_new(to, 0o600)?;
        if rustix::fs::ioctl_ficlone(&copy, &source).is_err() {
            std::io::copy(&mut source, &mut copy).map_err(Error::io("write", to))?;
        }
        root.set_mode(to, meta.mode & MODE)?;
        root.set_mtime(to, meta.mtime)
    }
}

fn vanished(path: &Path) -> Error {
    Error::io("read", path)(std::io::ErrorKind::NotFound.into())
}

/// Whether two directories hold the same: names, kinds, contents, targets of links, and what the owner may execute.
///
/// # Errors
/// `Io` if one cannot be listed.
pub(crate) fn is_same_tree(root: &Root, one: &Path, other: &Path) -> Result<bool, Error> {
    let entries = root.list(one)?;
    if entries != root.list(other)? {
        return Ok(false);
    }
    let executable = |path: &Path| root.meta(path).map(|meta| meta.mode & 0o100);
    for (name, kind) in entries {
        let (left, right) = (one.join(&name), other.join(&name));
        let same = match kind {
            Kind::Directory => is_same_tree(root, &left, &right)?,
            Kind::File => executable(&left) == executable(&right) && root.is_same(&left, &right),
            Kind::Link => root.is_same(&left, &right),
            Kind::Other => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// A file that others may write, a private directory, a link; and a copy of them.
    fn copied(files: Files) -> (tempfile::TempDir, RootMut) {
        let (directory, setup) = testing::setup();
        testing::write(&setup, "/from/a", "a");
        testing::write(&setup, "/from/inner/b", "b");
        let root = setup.root.writable();
        root.set_mode(Path::new("/from/a"), 0o4666).unwrap();
        root.set_mode(Path::new("/from/inner"), 0o500).unwrap();
        root.symlink(Path::new("inner/b"), Path::new("/from/link")).unwrap();
        root.set_mtime(Path::new("/from/inner"), 1_000_000_000).unwrap();
        let copy = TreeCopy { root: &root, cancel: &Cancel::default(), files, others: Others::Refused };
        copy.copy(Path::new("/from"), Path::new("/to")).unwrap();
        (directory, root)
    }

    #[test]
    fn a_copy_is_the_same_but_for_what_others_may() {
        let (_directory, root) = copied(Files::Copied);
        assert!(is_same_tree(&root, Path::new("/from"), Path::new("/to")).unwrap());
        let meta = |path: &str| root.meta(Path::new(path)).unwrap();
        assert_eq!((meta("/to/a").mode, meta("/to/inner").mode), (0o644, 0o700));
        assert_eq!(meta("/to/inner").mtime, 1_000_000_000);
        assert_eq!(meta("/to/a").mtime, meta("/from/a").mtime);
        root.set_mode(Path::new("/to/a"), 0o755).unwrap();
        assert!(!is_same_tree(&root, Path::new("/from"), Path::new("/to")).unwrap());
    }

    #[test]
    fn shared_files_are_the_same_files() {
        let (_directory, root) = copied(Files::Shared);
        assert_eq!(root.meta(Path::new("/to/a")).unwrap().inode, root.meta(Path::new("/from/a")).unwrap().inode);
    }

    #[test]
    fn what_is_laid_over_replaces_files_and_leaves_the_others() {
        let (_directory, root) = copied(Files::Copied);
        let copy = TreeCopy { root: &root, cancel: &Cancel::default(), files: Files::Copied, others: Others::LeftOut };
        // Root alone could do without.
        ["/from/inner", "/to/inner"].iter().for_each(|path| root.set_mode(Path::new(path), 0o755).unwrap());
        root.rename(Path::new("/from/a"), Path::new("/from/inner/b")).unwrap();
        copy.lay_over(Path::new("/from"), Path::new("/to")).unwrap();
        assert_eq!(root.read(Path::new("/to/a")).unwrap(), b"a");
        assert_eq!(root.read(Path::new("/to/inner/b")).unwrap(), b"a");
    }

    #[test]
    fn a_tree_without_end_is_refused() {
        let (_directory, setup) = testing::setup();
        let root = setup.root.writable();
        let deep: std::path::PathBuf = std::iter::once("/from").chain(std::iter::repeat_n("d", DEEPEST + 1)).collect();
        root.create_dir_all(&deep).unwrap();
        let copy = TreeCopy { root: &root, cancel: &Cancel::default(), files: Files::Copied, others: Others::LeftOut };
        let error = copy.copy(Path::new("/from"), Path::new("/to")).unwrap_err();
        assert!(error.to_string().contains("more than 64 deep"), "{error}");
    }
}
