//! Stage, sync, rename: whatever appears under a final name is complete.
//!
//! A [`Staged`] file or directory is made beside its destination under our prefix, so that publishing it is one rename
//! within one file system. Dropped unpublished, it disappears; left by a dead process, the next writer sweeps it.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Error;
use crate::layout::STAGED_PREFIX;
use crate::system::root::RootMut;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A name of ours in `directory` that no other process uses: process and counter make it unique among living processes.
fn fresh_name(directory: &Path) -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    directory.join(format!("{STAGED_PREFIX}{}-{number}", std::process::id()))
}

/// Something complete-to-be beside its destination.
#[derive(Debug)]
pub struct Staged {
    root: RootMut,
    path: PathBuf,
    destination: PathBuf,
    published: bool,
}

impl Staged {
    /// An empty directory (mode 0755) beside `destination`, whose parent is made if needed.
    ///
    /// # Errors
    /// `Io`.
    pub fn directory(root: &RootMut, destination: &Path) -> Result<Self, Error> {
        let staged = Self::new(root, destination)?;
        root.remove_tree(&staged.path)?;
        root.create_dir(&staged.path, 0o755)?;
        Ok(staged)
    }

    /// A file with this content and mode beside `destination`, whose parent is made if needed. Already synced.
    ///
    /// # Errors
    /// `Io`.
    pub fn file(root: &RootMut, destination: &Path, content: &[u8], mode: u32) -> Result<Self, Error> {
        let (staged, mut file) = Self::open(root, destination, mode)?;
        file.write_all(content).map_err(Error::io("write", destination))?;
        file.sync_all().map_err(Error::io("sync", destination))?;
        Ok(staged)
    }

    /// A copy of another file of the same root. Already synced.
    ///
    /// # Errors
    /// `Io`.
    pub fn copy(root: &RootMut, source: &Path, destination: &Path, mode: u32) -> Result<Self, Error> {
        let mut from = root.open_file(source)?;
        let (staged, mut file) = Self::open(root, destination, mode)?;
        std::io::copy(&mut from, &mut file).map_err(Error::io("write", destination))?;
        file.sync_all().map_err(Error::io("sync", destination))?;
        Ok(staged)
    }

    /// The same file once more beside `destination`: another name for it where both are on one file system, otherwise a
    /// copy with mode and time. A symbolic link is duplicated as such.
    ///
    /// # Errors
    /// `Io`.
    pub fn duplicate(root: &RootMut, source: &Path, destination: &Path) -> Result<Self, Error> {
        let staged = Self::new(root, destination)?;
        root.remove_file(&staged.path)?;
        if root.hard_link(source, &staged.path).is_ok() {
            return Ok(staged);
        }
        if let Some(target) = root.read_link(source) {
            root.symlink(&target, &staged.path)?;
            return Ok(staged);
        }
        let missing = || Error::io("read", source)(std::io::ErrorKind::NotFound.into());
        let meta = root.link_meta(source).ok_or_else(missing)?;
        let copy = Self::copy(root, source, destination, meta.mode)?;
        root.set_mtime(&copy.path, meta.mtime)?;
        Ok(copy)
    }

    /// A symbolic link beside `link`.
    ///
    /// # Errors
    /// `Io`.
    pub fn link(root: &RootMut, target: &Path, link: &Path) -> Result<Self, Error> {
        let staged = Self::new(root, link)?;
        root.remove_file(&staged.path)?;
        root.symlink(target, &staged.path)?;
        Ok(staged)
    }

    /// A directory that was filled elsewhere on the same file system, renamed to beside `destination`.
    ///
    /// # Errors
    /// `Io`.
    pub fn adopt(root: &RootMut, directory: &Path, destination: &Path) -> Result<Self, Error> {
        let staged = Self::new(root, destination)?;
        root.remove_tree(&staged.path)?;
        root.rename(directory, &staged.path)?;
        Ok(staged)
    }

    fn new(root: &RootMut, destination: &Path) -> Result<Self, Error> {
        let parent = destination.parent().unwrap_or(Path::new("/"));
        root.create_dir_all(parent)?;
        Ok(Self { root: root.clone(), path: fresh_name(parent), destination: destination.to_owned(), published: false })
    }

    fn open(root: &RootMut, destination: &Path, mode: u32) -> Result<(Self, File), Error> {
        let staged = Self::new(root, destination)?;
        root.remove_file(&staged.path)?;
        let file = root.create_new(&staged.path, mode)?;
        // The caller's umask must not decide what a module or a key looks like.
        root.set_mode(&staged.path, mode)?;
        Ok((staged, file))
    }

    /// Where it lies until it is published.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Renames it to its destination and syncs the directory. A file or link that was there is replaced.
    ///
    /// # Errors
    /// `Io`; the destination is then as it was.
    pub fn publish(mut self) -> Result<(), Error> {
        self.root.rename(&self.path, &self.destination)?;
        self.published = true;
        // Renaming one name of a file to another name of the same file does nothing: rename(2).
        self.root.remove_file(&self.path)?;
        self.sync_parent()
    }

    /// Publishes a directory; one that was there is exchanged in one step and then removed. Where the file system cannot
    /// exchange, the old one is moved aside first.
    ///
    /// # Errors
    /// `Io`.
    pub fn publish_directory(mut self) -> Result<(), Error> {
        if self.root.link_meta(&self.destination).is_none() {
            self.root.rename(&self.path, &self.destination)?;
        } else if self.root.exchange(&self.path, &self.destination).is_ok() {
            self.sync_parent()?;
            self.root.remove_tree(&self.path)?;
        } else {
            let aside = move_aside(&self.root, &self.destination)?;
            self.root.rename(&self.path, &self.destination)?;
            self.sync_parent()?;
            self.root.remove_tree(&aside)?;
        }
        self.published = true;
        self.sync_parent()
    }

    fn sync_parent(&self) -> Result<(), Error> {
        self.root.sync_dir(self.destination.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // Best effort: what stays bears our prefix and is swept by the next writer.
            let _ = self.root.remove_tree(&self.path);
        }
    }
}

/// Deletes a tree that is seen under a final name: out of sight in one step first. Nothing there is fine.
///
/// # Errors
/// `Io`.
pub fn discard(root: &RootMut, path: &Path) -> Result<(), Error> {
    if root.link_meta(path).is_none() {
        return Ok(());
    }
    root.remove_tree(&move_aside(root, path)?)
}

/// Renames to a name of ours beside it, and gives that name. overlayfs renames no directory of a lower layer (what the
/// image of a container brought): such a one is deleted where it is.
fn move_aside(root: &RootMut, path: &Path) -> Result<PathBuf, Error> {
    let aside = fresh_name(path.parent().unwrap_or(Path::new("/")));
    match root.rename(path, &aside) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => root.remove_tree(path)?,
        renamed => renamed?,
    }
    Ok(aside)
}

/// Removes what dead writers left in one directory. The lock is held, so nothing staged there can be alive but our own.
///
/// # Errors
/// `Io`.
pub fn sweep(root: &RootMut, directory: &Path) -> Result<(), Error> {
    let own = format!("{STAGED_PREFIX}{}-", std::process::id());
    for (name, _) in root.list(directory)? {
        let text = name.to_string_lossy();
        if text.starts_with(STAGED_PREFIX) && !text.starts_with(&own) {
            root.remove_tree(&directory.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::lock::Guard;
    use crate::system::root::Root;

    fn setting() -> (tempfile::TempDir, Root, Guard) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let guard = Guard::acquire(&root, Path::new("/state/lock"), &mut |_| {}).unwrap();
        (directory, root, guard)
    }

    #[test]
    fn published_whole_or_not_at_all() {
        let (_directory, root, guard) = setting();
        let destination = Path::new("/lib/x.ko");
        drop(Staged::file(guard.root(), destination, b"half", 0o644).unwrap());
        assert!(root.list(Path::new("/lib")).unwrap().is_empty());
        Staged::file(guard.root(), destination, b"whole", 0o600).unwrap().publish().unwrap();
        assert_eq!(root.read(destination).unwrap(), b"whole");
        assert_eq!(root.meta(destination).unwrap().mode, 0o600);
    }

    #[test]
    fn a_directory_replaces_another_and_leaves_nothing() {
        let (_directory, root, guard) = setting();
        let destination = Path::new("/tree/a");
        for content in ["old", "new"] {
            let staged = Staged::directory(guard.root(), destination).unwrap();
            guard.root().create_dir(&staged.path().join(content), 0o755).unwrap();
            staged.publish_directory().unwrap();
        }
        assert!(root.is_dir(&destination.join("new")) && !root.exists(&destination.join("old")));
        assert_eq!(root.list(Path::new("/tree")).unwrap().len(), 1);
    }

    #[test]
    fn a_second_name_of_the_same_file_leaves_nothing_staged() {
        let (_directory, root, guard) = setting();
        Staged::file(guard.root(), Path::new("/d/a"), b"a", 0o644).unwrap().publish().unwrap();
        for _ in 0..2 {
            Staged::duplicate(guard.root(), Path::new("/d/a"), Path::new("/d/b")).unwrap().publish().unwrap();
        }
        let names: Vec<_> = root.list(Path::new("/d")).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn sweep_takes_the_dead_and_spares_the_rest() {
        let (_directory, root, guard) = setting();
        guard.root().create_dir_all(Path::new("/d/.dkms-rs-staged-999999999-1/x")).unwrap();
        guard.root().create_dir_all(Path::new("/d/mine")).unwrap();
        sweep(guard.root(), Path::new("/d")).unwrap();
        assert_eq!(root.list(Path::new("/d")).unwrap().len(), 1);
    }
}
