//! The root directory as a value, and the only way from a path to the disk.
//!
//! Paths handed to a [`Root`] are absolute *inside* it. Below a root other than `/` every lookup goes through
//! `openat2(RESOLVE_IN_ROOT)`, so that neither an absolute symlink (Debian's `build` link may be one) nor `..` leaves it.
//! On the host itself plain calls do, since there is nothing to leave. Programs are started inside the same root (see
//! [`crate::system::tool`]), so one path means one file everywhere.
//!
//! It knows nothing of what the files are; it adds the path and the verb to every error.

mod meta;
mod read;
mod read_log;
mod same;
mod write;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, ResolveFlags, Stat};

pub use self::meta::{Kind, Meta};
pub(crate) use self::read_log::{Entries, ReadLog, stamp};
pub(in crate::system) use self::write::Held;
pub use self::write::RootMut;

use crate::error::Error;

/// A directory tree that is all there is.
#[derive(Clone, Debug)]
pub struct Root {
    path: Arc<Path>,
    handle: Arc<OwnedFd>,
    /// What everything that is read is logged in, if that is wanted.
    log: Option<Arc<ReadLog>>,
}

impl Root {
    /// Opens the directory that is to be the root; `/` for the running system.
    ///
    /// # Errors
    /// `Io` if it cannot be opened as a directory.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty()).map_err(Error::os("open", path))?;
        Ok(Self { path: path.into(), handle: Arc::new(handle), log: None })
    }

    /// A directory that only this handle need lead to, as a root; `path` is for errors.
    pub(crate) fn of_handle(path: &Path, handle: OwnedFd) -> Self {
        Self { path: path.into(), handle: Arc::new(handle), log: None }
    }

    /// A directory below as a root of its own, so that nothing in it leads out of it, even if another user changes it
    /// meanwhile. No link may be on the way to it.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn real_directory(&self, path: &Path) -> Result<Self, Error> {
        let handle = self.open_real(path, OFlags::RDONLY | OFlags::DIRECTORY).map_err(Error::os("open", path))?;
        Ok(Self::of_handle(path, handle))
    }

    /// The directory on the host.
    pub fn host_path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the running system itself.
    pub fn is_host(&self) -> bool {
        &*self.path == Path::new("/")
    }

    /// The same root, with a log of everything that is read.
    pub(crate) fn logged(&self, log: &Arc<ReadLog>) -> Self {
        Self { log: Some(Arc::clone(log)), ..self.clone() }
    }

    /// Something about this root is read whose changes no `stat` can tell.
    pub(crate) fn mark_untrackable(&self) {
        if let Some(log) = &self.log {
            log.mark_untrackable();
        }
    }

    fn note(&self, path: &Path, follow: bool, stat: Option<&Stat>) {
        if let Some(log) = &self.log {
            log.add(path, follow, stat);
        }
    }

    fn note_open(&self, path: &Path, handle: &OwnedFd) {
        if self.log.is_some() {
            self.note(path, true, rustix::fs::fstat(handle).ok().as_ref());
        }
    }

    /// A handle of its own on the root directory, for a child that enters it.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn directory_handle(&self) -> Result<OwnedFd, Error> {
        self.handle.try_clone().map_err(Error::io("open", &*self.path))
    }

    fn open_at(&self, path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        if self.is_host() {
            return rustix::fs::open(path, flags, mode);
        }
        let relative = path.strip_prefix("/").unwrap_or(path);
        let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
        rustix::fs::openat2(&*self.handle, relative, flags, mode, ResolveFlags::IN_ROOT)
    }

    /// Opens what is there for looking, without following a link.
    fn open_real(&self, path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let relative = path.strip_prefix("/").unwrap_or(path);
        let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        rustix::fs::openat2(&*self.handle, relative, flags | OFlags::CLOEXEC, Mode::empty(), resolve)
    }

    /// The parent directory's handle and the last component.
    fn parent(&self, path: &Path) -> rustix::io::Result<(OwnedFd, OsString)> {
        let name = path.file_name().ok_or(rustix::io::Errno::INVAL)?.to_owned();
        let parent = path.parent().unwrap_or(Path::new("/"));
        let handle = self.open_at(parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        Ok((handle, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        (directory, root)
    }

    #[test]
    fn absolute_links_stay_inside() {
        let (directory, root) = root();
        root.writable().create_dir_all(Path::new("/usr/src/headers")).unwrap();
        root.writable().create_dir_all(Path::new("/lib/modules/6.1")).unwrap();
        root.writable().symlink(Path::new("/usr/src/headers"), Path::new("/lib/modules/6.1/build")).unwrap();
        root.writable().create_new(Path::new("/usr/src/headers/x"), 0o644).unwrap();
        assert!(root.is_file(Path::new("/lib/modules/6.1/build/x")));
        assert_eq!(root.canonical(Path::new("/lib/modules/6.1/build")).unwrap(), Path::new("/usr/src/headers"));
        std::os::unix::fs::symlink("../../../../../../etc", directory.path().join("out")).unwrap();
        assert!(!root.exists(Path::new("/out/passwd")));
    }

    #[test]
    fn loops_and_dangling_links_are_absent() {
        let (_directory, root) = root();
        root.writable().symlink(Path::new("loop"), Path::new("/loop")).unwrap();
        root.writable().symlink(Path::new("/nowhere"), Path::new("/dangling")).unwrap();
        assert!(!root.exists(Path::new("/loop")) && root.is_link(Path::new("/loop")));
        assert!(!root.exists(Path::new("/dangling")) && root.canonical(Path::new("/dangling")).is_none());
    }

    #[test]
    fn remove_tree_does_not_follow_links() {
        let (_directory, root) = root();
        root.writable().create_dir_all(Path::new("/keep/inner")).unwrap();
        root.writable().create_dir_all(Path::new("/gone")).unwrap();
        root.writable().symlink(Path::new("/keep"), Path::new("/gone/link")).unwrap();
        root.writable().remove_tree(Path::new("/gone")).unwrap();
        assert!(root.is_dir(Path::new("/keep/inner")) && !root.exists(Path::new("/gone")));
    }

    #[test]
    fn a_directory_is_no_file() {
        let (_directory, root) = root();
        root.writable().create_dir_all(Path::new("/conf")).unwrap();
        assert!(root.read(Path::new("/conf")).unwrap_err().to_string().contains("not a regular file"));
    }
}
