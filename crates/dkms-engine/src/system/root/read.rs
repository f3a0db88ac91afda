//! Looking and reading. All of it is noted, if that is wanted.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat};

use super::{Kind, Meta, Root};
use crate::error::Error;

/// Room that is made for a file before anything of it is read; what claims to be larger has to show it.
const READ_AHEAD: u64 = 4 << 20;
/// Bytes for the entries of a directory that the kernel hands over at once.
const LIST_BUFFER: usize = 16 << 10;

impl Root {
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

    /// Opens a file for reading; no link may be on the way to it, nor be it.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn open_real_file(&self, path: &Path) -> Result<File, Error> {
        let handle = self.open_real(path, OFlags::RDONLY | OFlags::NONBLOCK).map_err(Error::os("open", path))?;
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
            let source = std::io::Error::other("it is not a regular file");
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

    /// All of it, without a note.
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

    /// Whether it is a regular file that any user may execute.
    pub fn is_executable(&self, path: &Path) -> bool {
        self.meta(path).is_some_and(|meta| meta.kind == Kind::File && meta.mode & 0o111 != 0)
    }

    /// Whether this process may write to it; on a file system that is mounted read-only it may not.
    pub fn is_writable(&self, path: &Path) -> bool {
        self.mark_untrackable();
        let tested = self
            .parent(path)
            .and_then(|(parent, name)| rustix::fs::accessat(parent, name, Access::WRITE_OK, AtFlags::EACCESS));
        tested.is_ok()
    }

    /// Whether nothing on the file system of a path can be executed, because it is mounted so.
    pub fn is_noexec(&self, path: &Path) -> bool {
        self.mark_untrackable();
        let found = self.open_at(path, OFlags::PATH, Mode::empty()).and_then(rustix::fs::fstatvfs);
        found.is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
    }

    /// Whether it is on the kernel's own `sysfs`, not in a directory that only looks like one.
    pub fn is_sysfs(&self, path: &Path) -> bool {
        self.mark_untrackable();
        let found = self.open_at(path, OFlags::PATH, Mode::empty()).and_then(rustix::fs::fstatfs);
        found.is_ok_and(|found| found.f_type == libc::SYSFS_MAGIC)
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
        if self.log.is_some() {
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
    #[expect(clippy::disallowed_methods, reason = "the host's own root leads nowhere else")]
    pub fn canonical(&self, path: &Path) -> Option<PathBuf> {
        if self.log.is_some() {
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

    #[expect(clippy::disallowed_methods, reason = "a descriptor of this process is below no root")]
    fn descriptor_path(&self, handle: impl AsFd) -> Option<PathBuf> {
        let link = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
        std::fs::read_link(link).ok()
    }
}
