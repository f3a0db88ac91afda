//! The root directory as a value, and the only way from a path to the disk.
//!
//! Paths handed to a [`Root`] are absolute *inside* it. Below a root other than `/` every lookup goes through
//! `openat2(RESOLVE_IN_ROOT)`, so that neither an absolute symlink (Debian's `build` link may be one) nor `..` leaves it.
//! On the host itself plain calls do, since there is nothing to leave. Programs are started inside the same root (see
//! [`crate::tool`]), so one path means one file everywhere.
//!
//! It knows nothing of what the files are; it adds the path and the verb to every error.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};

use crate::error::Error;
use crate::seen::Seen;

/// Room that is made for a file before anything of it is read; what claims to be larger has to show it.
const READ_AHEAD: u64 = 4 << 20;
/// Bytes for the entries of a directory that the kernel hands over at once.
const LIST_BUFFER: usize = 16 << 10;

/// A file's kind, as far as anybody here asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Directory.
    Directory,
    /// Regular file.
    File,
    /// Symbolic link.
    Link,
    /// Device, socket, pipe.
    Other,
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::Directory => Kind::Directory,
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        }
    }
}

/// What `stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Kind of file.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub mtime: i64,
    /// Device and inode.
    pub inode: (u64, u64),
}

impl Meta {
    fn from_stat(stat: &rustix::fs::Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: stat
                .st_mtime
                .saturating_mul(1_000_000_000)
                .saturating_add(i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
            inode: (stat.st_dev, stat.st_ino),
        }
    }
}

/// A directory tree that is all there is.
#[derive(Clone, Debug)]
pub struct Root {
    path: Arc<Path>,
    handle: Arc<OwnedFd>,
    /// Takes note of everything that is read, if somebody wants that.
    seen: Option<Arc<Seen>>,
}

impl Root {
    /// Opens the directory that is to be the root; `/` for the running system.
    ///
    /// # Errors
    /// `Io` if it cannot be opened as a directory.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty()).map_err(Error::os("open", path))?;
        Ok(Self { path: path.into(), handle: Arc::new(handle), seen: None })
    }

    /// The directory on the host.
    pub fn host_path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the running system itself.
    pub fn is_host(&self) -> bool {
        &*self.path == Path::new("/")
    }

    /// The same root, which from now on takes note of everything that is read.
    pub(crate) fn watched(&self, seen: &Arc<Seen>) -> Self {
        Self { seen: Some(Arc::clone(seen)), ..self.clone() }
    }

    /// Somebody learns something about this root that no `stat` tells.
    pub(crate) fn blur(&self) {
        if let Some(seen) = &self.seen {
            seen.blur();
        }
    }

    fn note(&self, path: &Path, follow: bool, stat: Option<&Stat>) {
        if let Some(seen) = &self.seen {
            seen.note(path, follow, stat);
        }
    }

    fn note_open(&self, path: &Path, handle: &OwnedFd) {
        if self.seen.is_some() {
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

    /// The parent directory's handle and the last component.
    fn parent(&self, path: &Path) -> rustix::io::Result<(OwnedFd, OsString)> {
        let name = path.file_name().ok_or(rustix::io::Errno::INVAL)?.to_owned();
        let parent = path.parent().unwrap_or(Path::new("/"));
        let handle = self.open_at(parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        Ok((handle, name))
    }

    /// Opens a file for reading, following links inside the root.
    ///
    /// # Errors
    /// `Io`.
    pub fn open_file(&self, path: &Path) -> Result<File, Error> {
        // NONBLOCK: a FIFO that lies where a file is expected must not hang us.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let handle = self.open_at(path, flags, Mode::empty()).map_err(|error| {
            self.note(path, true, None);
            Error::os("open", path)(error)
        })?;
        self.note_open(path, &handle);
        Ok(File::from(handle))
    }

    /// Creates a file that must not exist yet; opens it for writing.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_new(&self, path: &Path, mode: u32) -> Result<File, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let handle = self.open_at(path, flags, Mode::from_raw_mode(mode)).map_err(Error::os("create", path))?;
        Ok(File::from(handle))
    }

    /// Opens a file for reading and writing, creating it if needed, never truncating it.
    ///
    /// # Errors
    /// `Io`.
    pub fn open_or_create(&self, path: &Path, mode: u32) -> Result<File, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
        let handle = self.open_at(path, flags, Mode::from_raw_mode(mode)).map_err(Error::os("open", path))?;
        Ok(File::from(handle))
    }

    /// A whole file.
    ///
    /// # Errors
    /// `Io`; also for a directory or a device.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        self.read_bounded(path, u64::MAX)
    }

    /// A whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// `Io`; a longer file and one that is no regular file are errors too.
    pub fn read_bounded(&self, path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
        let file = self.open_file(path)?;
        let meta = file.metadata().map_err(Error::io("read", path))?;
        if !meta.is_file() {
            let source = std::io::Error::other("it is no regular file");
            return Err(Error::Io { verb: "read", path: path.to_owned(), source });
        }
        // One byte more than there is: a regular file that gives less than it was asked for has come to its end.
        let expected = usize::try_from(meta.len().min(limit).min(READ_AHEAD)).unwrap_or(0);
        let mut content = vec![0; expected + 1];
        let read = (&file).read(&mut content).map_err(Error::io("read", path))?;
        content.truncate(read);
        if read != expected || read == 0 {
            file.take(limit.saturating_add(1).saturating_sub(read as u64))
                .read_to_end(&mut content)
                .map_err(Error::io("read", path))?;
        }
        if content.len() as u64 > limit {
            let source = std::io::Error::other(format!("it is larger than {limit} bytes"));
            return Err(Error::Io { verb: "read", path: path.to_owned(), source });
        }
        Ok(content)
    }

    /// A whole text file; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// `Io`.
    pub fn read_to_string(&self, path: &Path) -> Result<String, Error> {
        Ok(match String::from_utf8(self.read(path)?) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// `stat`, following links; `None` if there is nothing (a dangling or looping link included).
    pub fn meta(&self, path: &Path) -> Option<Meta> {
        self.look(path, true).map(|stat| Meta::from_stat(&stat))
    }

    /// `lstat`; `None` if there is nothing.
    pub fn link_meta(&self, path: &Path) -> Option<Meta> {
        self.look(path, false).map(|stat| Meta::from_stat(&stat))
    }

    fn look(&self, path: &Path, follow: bool) -> Option<Stat> {
        let stat = self.stat(path, follow);
        self.note(path, follow, stat.as_ref());
        stat
    }

    /// All of it, and nobody takes note.
    pub(crate) fn stat(&self, path: &Path, follow: bool) -> Option<Stat> {
        match (self.is_host(), follow) {
            (true, true) => rustix::fs::stat(path).ok(),
            (true, false) => rustix::fs::lstat(path).ok(),
            (false, true) => rustix::fs::fstat(self.open_at(path, OFlags::PATH, Mode::empty()).ok()?).ok(),
            (false, false) => {
                let (parent, name) = self.parent(path).ok()?;
                rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).ok()
            }
        }
    }

    /// Whether something is there, links followed.
    pub fn exists(&self, path: &Path) -> bool {
        self.meta(path).is_some()
    }

    /// Whether it is a directory, links followed.
    pub fn is_dir(&self, path: &Path) -> bool {
        self.meta(path).is_some_and(|meta| meta.kind == Kind::Directory)
    }

    /// Whether it is a regular file, links followed.
    pub fn is_file(&self, path: &Path) -> bool {
        self.meta(path).is_some_and(|meta| meta.kind == Kind::File)
    }

    /// Whether it is a regular file that somebody may execute.
    pub fn is_executable(&self, path: &Path) -> bool {
        self.meta(path).is_some_and(|meta| meta.kind == Kind::File && meta.mode & 0o111 != 0)
    }

    /// Whether this process may write to it; on a file system that is mounted read-only it may not.
    pub fn is_writable(&self, path: &Path) -> bool {
        self.blur();
        let tested = self
            .parent(path)
            .and_then(|(parent, name)| rustix::fs::accessat(parent, name, Access::WRITE_OK, AtFlags::EACCESS));
        tested.is_ok()
    }

    /// Whether it is a symbolic link itself.
    pub fn is_link(&self, path: &Path) -> bool {
        self.link_meta(path).is_some_and(|meta| meta.kind == Kind::Link)
    }

    /// Names and kinds in a directory (links not followed), sorted by name bytes. Missing directory: empty.
    ///
    /// # Errors
    /// `Io` for anything but a missing directory.
    pub fn list(&self, path: &Path) -> Result<Vec<(OsString, Kind)>, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let handle = match self.open_at(path, flags, Mode::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                self.note(path, true, None);
                return Ok(Vec::new());
            }
            Err(error) => return Err(Error::os("list", path)(error)),
        };
        self.note_open(path, &handle);
        let mut entries = Vec::new();
        let mut buffer = Vec::with_capacity(LIST_BUFFER);
        let mut raw = rustix::fs::RawDir::new(&handle, buffer.spare_capacity_mut());
        while let Some(entry) = raw.next() {
            let entry = entry.map_err(Error::os("list", path))?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match rustix::fs::statat(&handle, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode).into(),
                    Err(_) => continue,
                },
                known => known.into(),
            };
            entries.push((name, kind));
        }
        entries.sort();
        Ok(entries)
    }

    /// The text of a symbolic link; `None` if it is none.
    pub fn read_link(&self, path: &Path) -> Option<PathBuf> {
        if self.seen.is_some() {
            self.look(path, false);
        }
        let target = if self.is_host() {
            rustix::fs::readlink(path, Vec::new()).ok()?
        } else {
            let (parent, name) = self.parent(path).ok()?;
            rustix::fs::readlinkat(parent, name, Vec::new()).ok()?
        };
        Some(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// The path with every link resolved, still in-root; `None` if something on the way is missing.
    pub fn canonical(&self, path: &Path) -> Option<PathBuf> {
        if self.seen.is_some() {
            self.look(path, true);
        }
        if self.is_host() {
            return std::fs::canonicalize(path).ok();
        }
        let handle = self.open_at(path, OFlags::PATH, Mode::empty()).ok()?;
        let real = self.descriptor_path(&handle)?;
        let own = self.descriptor_path(&*self.handle)?;
        let inside = real.strip_prefix(own).ok()?;
        Some(Path::new("/").join(inside))
    }

    fn descriptor_path(&self, handle: impl AsFd) -> Option<PathBuf> {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
        std::fs::read_link(link).ok()
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
            let (parent, name) = self.parent(path)?;
            rustix::fs::mkdirat(&parent, &*name, Mode::from_raw_mode(mode))?;
            rustix::fs::chmodat(&parent, &*name, Mode::from_raw_mode(mode), AtFlags::empty())
        };
        make().map_err(Error::os("make the directory", path))
    }

    /// Sets permission bits.
    ///
    /// # Errors
    /// `Io`.
    pub fn set_mode(&self, path: &Path, mode: u32) -> Result<(), Error> {
        let change = || {
            let (parent, name) = self.parent(path)?;
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
            let (parent, name) = self.parent(link)?;
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
            let (new_parent, new) = self.parent(to)?;
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
            let (parent, name) = self.parent(path)?;
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
    /// Not synced: [`crate::staged`] is what publishes files.
    ///
    /// # Errors
    /// `Io`.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let act = || {
            let (old_parent, old) = self.parent(from)?;
            let (new_parent, new) = self.parent(to)?;
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
            let (one_parent, one_name) = self.parent(one)?;
            let (other_parent, other_name) = self.parent(other)?;
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
            let (parent, name) = self.parent(path)?;
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

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        (directory, root)
    }

    #[test]
    fn absolute_links_stay_inside() {
        let (directory, root) = root();
        root.create_dir_all(Path::new("/usr/src/headers")).unwrap();
        root.create_dir_all(Path::new("/lib/modules/6.1")).unwrap();
        root.symlink(Path::new("/usr/src/headers"), Path::new("/lib/modules/6.1/build")).unwrap();
        root.create_new(Path::new("/usr/src/headers/x"), 0o644).unwrap();
        assert!(root.is_file(Path::new("/lib/modules/6.1/build/x")));
        assert_eq!(root.canonical(Path::new("/lib/modules/6.1/build")).unwrap(), Path::new("/usr/src/headers"));
        std::os::unix::fs::symlink("../../../../../../etc", directory.path().join("out")).unwrap();
        assert!(!root.exists(Path::new("/out/passwd")));
    }

    #[test]
    fn loops_and_dangling_links_are_absent() {
        let (_directory, root) = root();
        root.symlink(Path::new("loop"), Path::new("/loop")).unwrap();
        root.symlink(Path::new("/nowhere"), Path::new("/dangling")).unwrap();
        assert!(!root.exists(Path::new("/loop")) && root.is_link(Path::new("/loop")));
        assert!(!root.exists(Path::new("/dangling")) && root.canonical(Path::new("/dangling")).is_none());
    }

    #[test]
    fn remove_tree_does_not_follow_links() {
        let (_directory, root) = root();
        root.create_dir_all(Path::new("/keep/inner")).unwrap();
        root.create_dir_all(Path::new("/gone")).unwrap();
        root.symlink(Path::new("/keep"), Path::new("/gone/link")).unwrap();
        root.remove_tree(Path::new("/gone")).unwrap();
        assert!(root.is_dir(Path::new("/keep/inner")) && !root.exists(Path::new("/gone")));
    }

    #[test]
    fn a_directory_is_no_file() {
        let (_directory, root) = root();
        root.create_dir_all(Path::new("/conf")).unwrap();
        assert!(root.read(Path::new("/conf")).unwrap_err().to_string().contains("no regular file"));
    }
}
