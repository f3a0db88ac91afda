//! The module's source as a contained shell sees it: a private copy, which it may read whatever umask the source was
//! unpacked under and however private the directory above is, and may change.
//!
//! The copy lies in memory, in a file system that is mounted in the shell's own namespace alone and goes with it. It is
//! mounted over the source itself, so every path means what it always means; a directory above the source that others
//! may not enter is replaced by one that has nothing but the way to the source. Where the system refuses that, the copy
//! is in a private directory, and its path takes the place of the true one.
//!
//! The source may belong to a user who must not see what root can read. So directories are entered by
//! their handles, links are copied as links, and what is neither file, directory nor link is left out.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::error::Error;
use crate::facts::conf::world::closed;
use crate::setup::Setup;
use crate::system::root::{Kind, Root, RootMut};
use crate::system::tool::Tool;
use crate::system::tool::contain::Access;

/// Bytes that are copied: of the sources in Debian only those of graphics drivers are larger.
const MAX_BYTES: u64 = 64 << 20;
/// Files, directories and links that are copied.
const MAX_ENTRIES: usize = 20_000;
/// Deeper trees are no sources.
const DEEPEST: usize = 64;

/// A copy, ready to be shown to a child.
#[derive(Debug)]
pub(super) struct View {
    home: Home,
    /// The source, and the file that is evaluated if others may not read it: the path that is to lead to it, and what
    /// is mounted for that. The copy of what is mounted is called by its place in this list.
    shown: Vec<(PathBuf, PathBuf)>,
    /// There was more than is copied.
    pub(super) is_partial: bool,
}

#[derive(Debug)]
enum Home {
    /// A file system of its own, mounted nowhere yet.
    Memory(OwnedFd),
    /// A directory that goes with this value.
    Directory { root: RootMut, path: PathBuf },
}

impl View {
    /// Copies the source at `directory`, and the file that is evaluated, for this user; into memory if possible.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn of(setup: &Setup, directory: &Path, file: &Path, user: u32) -> Result<Self, Error> {
        match memory() {
            Ok(memory) => {
                let copy = Root::of_handle(directory, memory.try_clone().map_err(Error::io("open", directory))?);
                let copy = RootMut::private(&copy);
                Self::copied(setup, Home::Memory(memory), &copy, (directory, file), user)
            }
            Err(refused) => {
                log::debug!("no file system of its own for a shell: {refused}");
                Self::in_directory(setup, directory, file, user)
            }
        }
    }

    /// The same, into a directory among the temporary files.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn in_directory(setup: &Setup, directory: &Path, file: &Path, user: u32) -> Result<Self, Error> {
        let (path, root) = setup.root.temporary_dir(&setup.layout.temporary, "dkms-conf-")?;
        root.set_owner(&path, user)?;
        let copy = RootMut::private(&root.real_directory(&path)?);
        Self::copied(setup, Home::Directory { root, path }, &copy, (directory, file), user)
    }

    fn copied(
        setup: &Setup,
        home: Home,
        copy: &RootMut,
        (directory, file): (&Path, &Path),
        user: u32,
    ) -> Result<Self, Error> {
        let root = &setup.root;
        let mounts = matches!(home, Home::Memory(_));
        let mut view = Self { home, shown: Vec::new(), is_partial: false };
        let missing = || Error::io("enter", directory)(std::io::ErrorKind::NotFound.into());
        let source = root.canonical(directory).ok_or_else(missing)?;
        let from = root.real_directory(&source)?;
        let owner = root.meta(&source).map_or(0, |meta| meta.uid);
        let mut copier = Copier { to: copy, owner, user, bytes: MAX_BYTES, entries: MAX_ENTRIES, is_partial: false };
        let mounted =
            |path: &Path| if mounts { closed(root, path).unwrap_or(path.to_owned()) } else { path.to_owned() };
        let place = view.place(&source, mounted(&source));
        copier.way(place.parent().unwrap_or(&place))?;
        copier.directory(&from, &place, 0)?;
        let file = root.canonical(file).filter(|file| !file.starts_with(&source) && closed(root, file).is_some());
        if let Some((file, directory)) = file.as_deref().and_then(|file| Some((file, file.parent()?))) {
            let from = root.real_directory(directory)?;
            let place = view.place(file, mounted(file));
            copier.way(place.parent().unwrap_or(&place))?;
            copier.file(&from, Path::new(file.file_name().unwrap_or_default()), &place)?;
        }
        view.is_partial = copier.is_partial;
        Ok(view)
    }

    /// Where in the copy something lies for which `mount` is replaced.
    fn place(&mut self, path: &Path, mount: PathBuf) -> PathBuf {
        let number = self.shown.iter().position(|(_, other)| *other == mount).unwrap_or(self.shown.len());
        let top = Path::new("/").join(number.to_string());
        let below = path.strip_prefix(&mount).unwrap_or(Path::new(""));
        let place = if below.as_os_str().is_empty() { top } else { top.join(below) };
        self.shown.push((path.to_owned(), mount));
        place
    }

    /// The child sees it.
    pub(super) fn apply(&self, tool: Tool) -> Result<Tool, Error> {
        let Home::Memory(memory) = &self.home else { return Ok(tool) };
        let Some((_, first)) = self.shown.first() else { return Ok(tool) };
        let memory = memory.try_clone().map_err(Error::io("open", first))?;
        let mut tool = tool.attach(memory, first);
        // All of the copy is at the first place for a moment; what belongs there comes last.
        for (number, (_, mount)) in self.shown.iter().enumerate().rev() {
            if self.shown[..number].iter().all(|(_, other)| other != mount) {
                tool = tool.bind(&first.join(number.to_string()), mount, Access::Write);
            }
        }
        Ok(tool)
    }

    /// Whether paths mean what they always mean.
    pub(super) fn is_mounted(&self) -> bool {
        matches!(self.home, Home::Memory(_))
    }

    /// What stands for what: the true path of something, and that of its copy. None where it is mounted.
    pub(super) fn moved(&self) -> impl Iterator<Item = (&Path, PathBuf)> {
        self.shown.iter().enumerate().filter_map(|(number, (path, _))| match &self.home {
            Home::Memory(_) => None,
            Home::Directory { path: home, .. } => Some((path.as_path(), home.join(number.to_string()))),
        })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Home::Directory { root, path } = &self.home {
            if let Err(error) = root.remove_tree(path) {
                log::warn!("{error}");
            }
        }
    }
}

/// An empty file system in memory that only its handle leads to.
fn memory() -> rustix::io::Result<OwnedFd> {
    let context = rustix::mount::fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    // Room for what the shell writes itself, too.
    rustix::mount::fsconfig_set_string(&context, "size", (2 * MAX_BYTES).to_string())?;
    rustix::mount::fsconfig_set_string(&context, "nr_inodes", (2 * MAX_ENTRIES).to_string())?;
    rustix::mount::fsconfig_set_string(&context, "mode", "0755")?;
    rustix::mount::fsconfig_create(&context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Copies into the root `to`, within bounds.
struct Copier<'a> {
    to: &'a RootMut,
    /// Who owns the source.
    owner: u32,
    /// Who is to own the copy.
    user: u32,
    bytes: u64,
    entries: usize,
    is_partial: bool,
}

impl Copier<'_> {
    /// Directories above a copy: anybody may pass.
    fn way(&self, path: &Path) -> Result<(), Error> {
        self.to.create_dir_all(path)
    }

    /// Files of a directory first: what a conf reads lies beside it.
    fn directory(&mut self, from: &Root, to: &Path, depth: usize) -> Result<(), Error> {
        self.to.create_dir(to, 0o755)?;
        self.to.set_owner(to, self.user)?;
        let mut inner = Vec::new();
        for (name, kind) in from.list(Path::new("/"))? {
            if self.entries == 0 || depth > DEEPEST {
                self.is_partial = true;
                return Ok(());
            }
            self.entries -= 1;
            let copy = to.join(&name);
            match kind {
                Kind::Directory => inner.push((name, copy)),
                Kind::File => self.file(from, Path::new(&name), &copy)?,
                Kind::Link => {
                    if let Some(target) = from.read_link(&Path::new("/").join(&name)) {
                        self.to.symlink(&target, &copy)?;
                    }
                }
                Kind::Other => {}
            }
        }
        for (name, copy) in inner {
            match from.real_directory(&Path::new("/").join(name)) {
                Ok(from) => self.directory(&from, &copy, depth + 1)?,
                // It has become something else meanwhile.
                Err(_) => self.is_partial = true,
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Root, name: &Path, copy: &Path) -> Result<(), Error> {
        let path = Path::new("/").join(name);
        let Ok(mut file) = from.open_real_file(&path) else {
            self.is_partial = true;
            return Ok(());
        };
        let meta = file.metadata().map_err(Error::io("read", &path))?;
        // A second name of another user's file is no file of the source's, unless all may read it anyway.
        let is_foreign = meta.nlink() > 1 && meta.uid() != self.owner && meta.mode() & 0o004 == 0;
        if !meta.is_file() || is_foreign {
            return Ok(());
        }
        if meta.len() > self.bytes {
            self.is_partial = true;
            return Ok(());
        }
        let mode = if meta.mode() & 0o111 == 0 { 0o644 } else { 0o755 };
        let mut to = self.to.create_new(copy, mode)?;
        let copied = std::io::copy(&mut std::io::Read::take(&mut file, meta.len()), &mut to)
            .map_err(Error::io("copy", &path))?;
        self.bytes -= copied;
        let (uid, gid) = (Uid::from_raw(self.user), Gid::from_raw(self.user));
        rustix::fs::fchown(&to, Some(uid), Some(gid)).map_err(Error::os("copy", &path))?;
        // As it is, for those who compare times.
        let time = meta.modified().and_then(|time| to.set_modified(time));
        time.map_err(Error::io("copy", &path))
    }
}
