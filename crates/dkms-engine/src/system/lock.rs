//! The writers' lock: one for the whole tree, held by a guard that all writing asks for.
//!
//! Readers take none, so a build script that calls `dkms status` cannot deadlock. The lock file is opened and never
//! replaced: two holders would otherwise lock two different files. Only something else that lies in its place goes, and
//! a process that got a lock looks whether it is still the one of that name. A child of ours that wants to write would
//! wait for its own parent for ever; children therefore carry [`HELD`] in their environment and are refused at once.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, Stat};

use crate::error::Error;
use crate::system::cancel::Cancel;
use crate::system::root::{Held, Kind, Root, RootMut};

/// Environment variable that tells children of a writer that the lock is taken by an ancestor.
pub const HELD: &str = "DKMS_RS_LOCK_HELD";

/// How long a waiting writer sleeps between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Proof that no other process writes, and the only source of what writes. The lock is released when the guard and all its
/// writing views are gone, also by the kernel when we die.
#[derive(Debug)]
pub struct Guard {
    root: RootMut,
}

#[derive(Debug)]
struct LockFile(File);

impl Held for LockFile {}

impl Drop for LockFile {
    /// What is still written there later was left by a process that died.
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
    }
}

/// Whether the last process that held the lock died with it: something half-done may lie about. One look if not.
pub fn has_dead_holder(root: &Root, path: &Path) -> bool {
    let is_signed = root.link_meta(path).is_some_and(|meta| meta.kind == Kind::File && meta.size > 0);
    is_signed && root.open_file(path).is_ok_and(|file| take(&file, path).unwrap_or(false))
}

impl Guard {
    /// The root, to be written to.
    pub fn root(&self) -> &RootMut {
        &self.root
    }

    /// Takes the lock, waiting as long as another process has it; `waiting` is called once with its name.
    ///
    /// # Errors
    /// `Io`; a read-only tree is one.
    pub fn acquire(root: &Root, path: &Path, waiting: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        Self::acquire_unless(&Cancel::default(), root, path, waiting)
    }

    /// The same, and gives up when a signal asks us to stop.
    ///
    /// # Errors
    /// `Interrupted`, `Io`.
    pub fn acquire_unless(
        cancel: &Cancel,
        root: &Root,
        path: &Path,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let mut is_reported = false;
        loop {
            let mut file = open(root, path)?;
            // Asked again and again, because a handler that only notes a signal does not end a call that blocks.
            while !take(&file, path)? {
                if !std::mem::replace(&mut is_reported, true) {
                    waiting(&holder(&mut file));
                }
                cancel.check()?;
                std::thread::sleep(LOOK);
            }
            if let Some(guard) = Self::of(root, path, file)? {
                return Ok(guard);
            }
        }
    }

    /// Takes the lock if it is free; `None` if another process has it.
    ///
    /// # Errors
    /// `Io`.
    pub fn try_acquire(root: &Root, path: &Path) -> Result<Option<Self>, Error> {
        loop {
            let file = open(root, path)?;
            if !take(&file, path)? {
                return Ok(None);
            }
            if let Some(guard) = Self::of(root, path, file)? {
                return Ok(Some(guard));
            }
        }
    }

    /// The guard of a file that is locked; `None` if it is not the lock any more, or never was a proper one. A process
    /// that waits for such a file sees the same when it gets it.
    fn of(root: &Root, path: &Path, mut file: File) -> Result<Option<Self>, Error> {
        let stat = rustix::fs::fstat(&file).map_err(Error::os("look at", path))?;
        let is_there = root.link_meta(path).is_some_and(|meta| meta.inode == (stat.st_dev, stat.st_ino));
        if !is_there {
            return Ok(None);
        }
        if let Some(flaw) = flaw(&stat) {
            log::warn!("the lock `{}` {flaw}; replacing it", path.display());
            RootMut::for_lock(root).remove_file(path)?;
            return Ok(None);
        }
        sign(&mut file);
        Ok(Some(Self { root: RootMut::holding(root.clone(), Arc::new(LockFile(file))) }))
    }
}

/// Why a file must not be the lock: what is written to it would be written elsewhere, or another user could hold it.
fn flaw(stat: &Stat) -> Option<String> {
    if stat.st_nlink > 1 {
        return Some("has a second name (a hard link)".to_owned());
    }
    let ours = [0, rustix::process::geteuid().as_raw()];
    (!ours.contains(&stat.st_uid)).then(|| format!("belongs to user {}", stat.st_uid))
}

/// What lies at the place of the lock and is no file is not opened: a link leads elsewhere, a pipe would wait for a reader.
fn open(root: &Root, path: &Path) -> Result<File, Error> {
    let root = RootMut::for_lock(root);
    root.create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    match root.link_meta(path).map(|meta| meta.kind) {
        None | Some(Kind::File) => {}
        Some(kind) => {
            let what = match kind {
                Kind::Link => "a link",
                Kind::Directory => "a directory",
                _ => "not a file",
            };
            log::warn!("the lock `{}` is {what}; replacing it", path.display());
            // Of a directory only an empty one: what is in it is not ours.
            if kind == Kind::Directory { root.remove_dir(path)? } else { root.remove_file(path)? }
        }
    }
    root.open_or_create(path, 0o600)
}

fn take(file: &File, path: &Path) -> Result<bool, Error> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(Error::os("lock", path)(error)),
    }
}

/// Leaves a word about the holder for those who wait; it decides nothing, so failing is fine.
fn sign(file: &mut File) {
    let _ = file.set_len(0);
    let _ = file.rewind();
    let _ = writeln!(file, "process {}", std::process::id());
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.take(200).read_to_string(&mut text);
    let text = text.trim();
    if text.is_empty() { "another process".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{FileType, Mode};

    use super::*;

    #[test]
    fn a_second_writer_waits_and_hears_for_whom() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        let guard = Guard::acquire(&root, path, &mut |_| panic!("it is free")).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let other = {
            let root = root.clone();
            std::thread::spawn(move || Guard::acquire(&root, path, &mut |who| sender.send(who.to_owned()).unwrap()))
        };
        assert_eq!(receiver.recv().unwrap(), format!("process {}", std::process::id()));
        assert!(!other.is_finished());
        drop(guard);
        other.join().unwrap().unwrap();
    }

    #[test]
    fn what_lies_in_the_place_of_the_lock_is_neither_written_to_nor_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let (path, theirs) = (Path::new("/state/lock"), Path::new("/theirs"));
        root.writable().create_dir_all(Path::new("/state")).unwrap();
        root.writable().create_new(theirs, 0o644).unwrap().write_all(b"theirs").unwrap();
        let (outside, other) = (directory.path().join("state/lock"), directory.path().join("theirs"));
        let places: [&dyn Fn(); 4] = [
            &|| std::fs::hard_link(&other, &outside).unwrap(),
            &|| root.writable().symlink(theirs, path).unwrap(),
            &|| root.writable().create_dir(path, 0o755).unwrap(),
            &|| rustix::fs::mknodat(rustix::fs::CWD, &outside, FileType::Fifo, Mode::RUSR, 0).unwrap(),
        ];
        for place in places {
            place();
            let guard = Guard::acquire(&root, path, &mut |_| panic!("it is free")).unwrap();
            assert_eq!(root.read(theirs).unwrap(), b"theirs");
            assert_eq!(root.link_meta(path).unwrap().kind, Kind::File);
            assert!(Guard::try_acquire(&root, path).unwrap().is_none(), "two hold it");
            drop(guard);
            root.writable().remove_file(path).unwrap();
        }
    }

    #[test]
    fn what_writes_keeps_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        let guard = Guard::acquire(&root, path, &mut |_| {}).unwrap();
        let writes = guard.root().clone();
        drop(guard);
        assert!(Guard::try_acquire(&root, path).unwrap().is_none());
        drop(writes);
        assert!(Guard::try_acquire(&root, path).unwrap().is_some());
    }

    #[test]
    fn a_lock_that_was_taken_away_meanwhile_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        let file = open(&root, path).unwrap();
        root.writable().remove_file(path).unwrap();
        assert!(take(&file, path).unwrap());
        assert!(Guard::of(&root, path, file).unwrap().is_none());
    }

    #[test]
    fn a_holder_that_died_is_told_from_one_that_lives_or_ended() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        assert!(!has_dead_holder(&root, path));
        let guard = Guard::acquire(&root, path, &mut |_| {}).unwrap();
        assert!(!has_dead_holder(&root, path), "it lives");
        drop(guard);
        assert!(!has_dead_holder(&root, path), "it ended");
        sign(&mut open(&root, path).unwrap());
        // A child that another test is just starting may still have the guard's file.
        while !has_dead_holder(&root, path) {
            std::thread::yield_now();
        }
        drop(Guard::acquire(&root, path, &mut |_| {}).unwrap());
        assert!(!has_dead_holder(&root, path), "the next one has seen to it");
    }

    #[test]
    fn waiting_ends_with_a_signal() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        let _guard = Guard::acquire(&root, path, &mut |_| {}).unwrap();
        assert!(Guard::try_acquire(&root, path).unwrap().is_none());
        let cancel = Cancel::default();
        cancel.cell().store(15, std::sync::atomic::Ordering::Relaxed);
        let error = Guard::acquire_unless(&cancel, &root, path, &mut |_| {}).unwrap_err();
        assert!(matches!(error, Error::Interrupted { signal: 15 }));
    }
}
