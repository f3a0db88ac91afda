//! Making, changing and removing. What is to appear complete goes through [`crate::system::staged`].
//!
//! A [`Root`] only reads. What writes is a [`RootMut`], which the guard of a lock hands out, and which keeps that lock. For
//! what is no state of the tree there are views that reach nothing else.

use std::fmt;
use std::fs::File;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags};

use super::{Kind, Root};
use crate::error::Error;
use crate::layout::RUN;

/// What a writing view keeps as long as there is one: a lock.
pub(in crate::system) trait Held: fmt::Debug + Send + Sync {}

/// A root that may be written to.
#[derive(Clone, Debug)]
pub struct RootMut {
    root: Root,
    /// All that may be written to; `None` is everything.
    within: Option<Arc<Path>>,
    _held: Option<Arc<dyn Held>>,
}

impl Deref for RootMut {
    type Target = Root;

    fn deref(&self) -> &Root {
        &self.root
    }
}

impl Root {
    /// A view that writes in one directory and in nothing else, and that no lock is needed for: for what is no state of the
    /// tree. Each use says why that is so.
    pub fn writable_within(&self, directory: &Path) -> RootMut {
        RootMut::without_lock(self, Some(directory))
    }

    /// A view that writes below `/run` and in nothing else. What hooks leave there for one another is no state of the tree,
    /// which our lock is for, and they are kept apart by the lock of their package manager.
    pub fn writable_run(&self) -> RootMut {
        RootMut::without_lock(self, Some(Path::new(RUN).parent().unwrap_or(Path::new(RUN))))
    }

    /// A new directory in one that others may write to, which only its owner may enter, and a view that writes in it alone.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn temporary_dir(&self, directory: &Path, prefix: &str) -> Result<(PathBuf, RootMut), Error> {
        let path = RootMut::without_lock(self, Some(directory)).create_temporary_dir(directory, prefix)?;
        let writable = RootMut::without_lock(self, Some(&path));
        Ok((path, writable))
    }

    /// For tests, which make what they look at.
    #[cfg(any(test, feature = "testing"))]
    pub fn writable(&self) -> RootMut {
        RootMut::without_lock(self, None)
    }
}

impl RootMut {
    /// A view that keeps a lock.
    pub(in crate::system) fn holding(root: Root, lock: Arc<dyn Held>) -> Self {
        Self { root, within: None, _held: Some(lock) }
    }

    /// The view by which a lock itself is made.
    pub(in crate::system) fn for_lock(root: &Root) -> Self {
        Self::without_lock(root, None)
    }

    /// All of a root that no other process can reach: a file system of our own.
    pub(crate) fn private(root: &Root) -> Self {
        Self::without_lock(root, None)
    }

    fn without_lock(root: &Root, within: Option<&Path>) -> Self {
        Self { root: root.clone(), within: within.map(Arc::from), _held: None }
    }

    fn check(&self, path: &Path) -> rustix::io::Result<()> {
        let is_inside = |directory: &Arc<Path>| {
            let inner = path.strip_prefix(directory);
            inner.is_ok_and(|inner| inner.components().all(|part| part != Component::ParentDir))
        };
        if self.within.as_ref().is_none_or(is_inside) { Ok(()) } else { Err(rustix::io::Errno::PERM) }
    }

    /// The parent directory's handle and the last component of something that is to be changed.
    fn place(&self, path: &Path) -> rustix::io::Result<(rustix::fd::OwnedFd, std::ffi::OsString)> {
        self.check(path)?;
        self.parent(path)
    }

    /// Creates a file that must not exist yet; opens it for writing.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_new(&self, path: &Path, mode: u32) -> Result<File, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let open = || self.check(path).and_then(|()| self.open_at(path, flags, Mode::from_raw_mode(mode)));
        let handle = open().map_err(Error::os("create", path))?;
        Ok(File::from(handle))
    }

    /// Opens a file for reading and writing, creating it if needed, never truncating it.
    ///
    /// # Errors
    /// `Io`.
    pub fn open_or_create(&self, path: &Path, mode: u32) -> Result<File, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
        let open = || self.check(path).and_then(|()| self.open_at(path, flags, Mode::from_raw_mode(mode)));
        let handle = open().map_err(Error::os("open", path))?;
        Ok(File::from(handle))
    }

    /// Makes a directory and its parents, mode 0755.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_dir_all(&self, path: &Path) -> Result<(), Error> {
        if self.is_dir(path) {
            return Ok(());
        }
        let mut so_far = PathBuf::from("/");
        for component in path.components() {
            let Component::Normal(name) = component else { continue };
            so_far.push(name);
            if self.is_dir(&so_far) {
                continue;
            }
            match self.create_dir(&so_far, 0o755) {
                Err(Error::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::AlreadyExists && self.is_dir(&so_far) => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Makes one directory that must not exist; the mode does not depend on the caller's umask.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_dir(&self, path: &Path, mode: u32) -> Result<(), Error> {
        let make = || {
            let (parent, name) = self.place(path)?;
            rustix::fs::mkdirat(&parent, &*name, Mode::from_raw_mode(mode))?;
            rustix::fs::chmodat(&parent, &*name, Mode::from_raw_mode(mode), AtFlags::empty())
        };
        make().map_err(Error::os("make the directory", path))
    }

    /// Makes a directory with a new name in a directory that others may write to; only its owner may enter it.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn create_temporary_dir(&self, directory: &Path, prefix: &str) -> Result<PathBuf, Error> {
        let process = std::process::id();
        for number in 0..1000 {
            let path = directory.join(format!("{prefix}{process}-{number}"));
            match self.create_dir(&path, 0o700) {
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => return other.map(|()| path),
            }
        }
        Err(Error::io("make a directory in", directory)(std::io::ErrorKind::AlreadyExists.into()))
    }

    /// Gives a file or directory, or a link itself, to a user and the group of the same number.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn set_owner(&self, path: &Path, user: u32) -> Result<(), Error> {
        let change = || {
            let (parent, name) = self.place(path)?;
            let (uid, gid) = (rustix::fs::Uid::from_raw(user), rustix::fs::Gid::from_raw(user));
            rustix::fs::chownat(&parent, &*name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
        };
        change().map_err(Error::os("change the owner of", path))
    }

    /// Sets permission bits.
    ///
    /// # Errors
    /// `Io`.
    pub fn set_mode(&self, path: &Path, mode: u32) -> Result<(), Error> {
        let change = || {
            let (parent, name) = self.place(path)?;
            rustix::fs::chmodat(&parent, &*name, Mode::from_raw_mode(mode), AtFlags::empty())
        };
        change().map_err(Error::os("change the mode of", path))
    }

    /// Makes a symbolic link that must not exist.
    ///
    /// # Errors
    /// `Io`.
    pub fn symlink(&self, target: &Path, link: &Path) -> Result<(), Error> {
        let make = || {
            let (parent, name) = self.place(link)?;
            rustix::fs::symlinkat(target, &parent, &*name)
        };
        make().map_err(Error::os("make the link", link))
    }

    /// Gives a file (or a link itself) a second name that must not exist.
    ///
    /// # Errors
    /// `Io`; some file systems cannot, and none can across two.
    pub fn hard_link(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let make = || {
            let (old_parent, old) = self.parent(from)?;
            let (new_parent, new) = self.place(to)?;
            rustix::fs::linkat(&old_parent, &*old, &new_parent, &*new, AtFlags::empty())
        };
        make().map_err(Error::os("link", to))
    }

    /// Sets the modification time, in nanoseconds since 1970; of a link itself, not of what it leads to.
    ///
    /// # Errors
    /// `Io`.
    pub fn set_mtime(&self, path: &Path, mtime: i64) -> Result<(), Error> {
        use rustix::fs::{Timespec, Timestamps, UTIME_OMIT};
        let change = || {
            let (parent, name) = self.place(path)?;
            let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
            let (seconds, rest) = (mtime.div_euclid(1_000_000_000), mtime.rem_euclid(1_000_000_000));
            let last_modification = Timespec { tv_sec: seconds, tv_nsec: rest };
            let times = Timestamps { last_access, last_modification };
            rustix::fs::utimensat(&parent, &*name, &times, AtFlags::SYMLINK_NOFOLLOW)
        };
        change().map_err(Error::os("change the time of", path))
    }

    /// Renames; replaces a file at the destination.
    ///
    /// Not synced: [`crate::system::staged`] is what publishes files.
    ///
    /// # Errors
    /// `Io`.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let act = || {
            let (old_parent, old) = self.place(from)?;
            let (new_parent, new) = self.place(to)?;
            rustix::fs::renameat(&old_parent, &*old, &new_parent, &*new)
        };
        act().map_err(Error::os("rename to", to))
    }

    /// Swaps two names in one step of the kernel.
    ///
    /// # Errors
    /// `Io`; some file systems cannot.
    pub fn exchange(&self, one: &Path, other: &Path) -> Result<(), Error> {
        let act = || {
            let (one_parent, one_name) = self.place(one)?;
            let (other_parent, other_name) = self.place(other)?;
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            rustix::fs::renameat_with(&one_parent, &*one_name, &other_parent, &*other_name, flags)
        };
        act().map_err(Error::os("exchange", one))
    }

    /// Removes a file or link; nothing there is fine.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_file(&self, path: &Path) -> Result<(), Error> {
        self.unlink(path, AtFlags::empty())
    }

    /// Removes an empty directory; nothing there is fine, entries in it are an error.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_dir(&self, path: &Path) -> Result<(), Error> {
        self.unlink(path, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, path: &Path, flags: AtFlags) -> Result<(), Error> {
        let act = || {
            let (parent, name) = self.place(path)?;
            rustix::fs::unlinkat(&parent, &*name, flags)
        };
        match act() {
            Err(rustix::io::Errno::NOENT) => Ok(()),
            other => other.map_err(Error::os("remove", path)),
        }
    }

    /// Removes a directory with all that is in it; links are removed, never followed. Nothing there is fine.
    ///
    /// # Errors
    /// `Io` for the first thing that cannot be removed.
    pub fn remove_tree(&self, path: &Path) -> Result<(), Error> {
        match self.link_meta(path) {
            None => Ok(()),
            Some(meta) if meta.kind == Kind::Directory => {
                for (name, kind) in self.list(path)? {
                    let inner = path.join(name);
                    if kind == Kind::Directory { self.remove_tree(&inner)? } else { self.remove_file(&inner)? }
                }
                self.remove_dir(path)
            }
            Some(_) => self.remove_file(path),
        }
    }

    /// Removes `path` and its parents as long as they are empty, up to but not including `stop`.
    pub fn remove_empty_parents(&self, path: &Path, stop: &Path) {
        let mut current = Some(path);
        while let Some(directory) = current.filter(|directory| *directory != stop && directory.starts_with(stop)) {
            if self.list(directory).map_or(true, |entries| !entries.is_empty()) || self.remove_dir(directory).is_err() {
                return;
            }
            current = directory.parent();
        }
    }

    /// Removes all directories below `path` that have nothing but empty directories in them; not `path` itself.
    pub fn remove_empty_below(&self, path: &Path) {
        for (name, kind) in self.list(path).unwrap_or_default() {
            if kind == Kind::Directory {
                let inner = path.join(name);
                self.remove_empty_below(&inner);
                // Not empty is an answer too.
                let _ = self.remove_dir(&inner);
            }
        }
    }
}

impl Root {
    /// Flushes everything of the file system that a directory is on: one call for a tree of many files.
    ///
    /// # Errors
    /// `Io`.
    pub fn sync_file_system(&self, directory: &Path) -> Result<(), Error> {
        let act = || {
            let handle = self.open_at(directory, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            rustix::fs::syncfs(handle)
        };
        act().map_err(Error::os("sync", directory))
    }

    /// Flushes a directory's entries to disk, so that a rename in it survives a power cut.
    ///
    /// # Errors
    /// `Io`.
    pub fn sync_dir(&self, path: &Path) -> Result<(), Error> {
        let act = || {
            let handle = self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            rustix::fs::fsync(handle)
        };
        act().map_err(Error::os("sync", path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_lock_writes_in_its_directory_alone() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        root.writable().create_dir_all(Path::new("/b")).unwrap();
        root.writable().create_new(Path::new("/b/file"), 0o644).unwrap();
        let run = root.writable_run();
        run.create_dir_all(Path::new("/run/dkms-rs")).unwrap();
        run.create_new(Path::new("/run/dkms-rs/x"), 0o644).unwrap();
        let (inside, outside) = (Path::new("/run/dkms-rs/x"), Path::new("/b/file"));
        let refused = [
            run.create_new(Path::new("/b/x"), 0o644).map(drop),
            run.open_or_create(Path::new("/run/../b/file"), 0o644).map(drop),
            run.create_dir(Path::new("/runs"), 0o755),
            run.symlink(Path::new("x"), Path::new("/b/x")),
            run.hard_link(inside, Path::new("/b/x")),
            run.rename(inside, Path::new("/b/x")),
            run.rename(outside, Path::new("/run/x")),
            run.exchange(outside, inside),
            run.exchange(inside, outside),
            run.set_mode(outside, 0o600),
            run.set_mtime(outside, 0),
            run.set_owner(outside, 0),
            run.remove_file(outside),
            run.remove_tree(Path::new("/b")),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
        assert!(root.exists(inside) && root.exists(outside));
        let (path, writable) = root.temporary_dir(Path::new("/b"), "t-").unwrap();
        writable.create_new(&path.join("x"), 0o644).unwrap();
        assert!(writable.remove_file(outside).is_err());
    }
}
