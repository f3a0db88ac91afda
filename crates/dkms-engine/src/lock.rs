//! The writers' lock: one for the whole tree, held by a guard that all writing asks for.
//!
//! Readers take none, so a build script that calls `dkms status` cannot deadlock. The lock file is opened and never
//! replaced: two holders would otherwise lock two different files. A child of ours that wants to write would wait for
//! its own parent for ever; children therefore carry [`HELD`] in their environment and are refused at once.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::cancel::Cancel;
use crate::error::Error;
use crate::root::Root;

/// Environment variable that tells children of a writer that the lock is taken by an ancestor.
pub const HELD: &str = "DKMS_RS_LOCK_HELD";

/// How long a waiting writer sleeps between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Proof that nobody else writes. Released when dropped, also by the kernel when we die.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Takes the lock, waiting as long as another process has it; `waiting` is told once who that is.
    ///
    /// # Errors
    /// `Io`; a read-only tree is one.
    pub fn acquire(root: &Root, path: &Path, waiting: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        Self::acquire_unless(&Cancel::default(), root, path, waiting)
    }

    /// The same, and gives up when somebody asks us to stop.
    ///
    /// # Errors
    /// `Interrupted`, `Io`.
    pub fn acquire_unless(
        cancel: &Cancel,
        root: &Root,
        path: &Path,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let mut file = open(root, path)?;
        if !take(&file, path)? {
            waiting(&holder(&mut file));
            // Asked again and again, because a handler that only notes a signal does not end a call that blocks.
            while !take(&file, path)? {
                cancel.check()?;
                std::thread::sleep(LOOK);
            }
        }
        sign(&mut file);
        Ok(Self { _file: file })
    }

    /// Takes the lock if it is free; `None` if another process has it.
    ///
    /// # Errors
    /// `Io`.
    pub fn try_acquire(root: &Root, path: &Path) -> Result<Option<Self>, Error> {
        let mut file = open(root, path)?;
        if !take(&file, path)? {
            return Ok(None);
        }
        sign(&mut file);
        Ok(Some(Self { _file: file }))
    }
}

fn open(root: &Root, path: &Path) -> Result<File, Error> {
    root.create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
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
    use super::*;

    #[test]
    fn a_second_writer_waits_and_hears_for_whom() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let path = Path::new("/state/lock");
        let guard = Guard::acquire(&root, path, &mut |_| panic!("nobody has it")).unwrap();
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
    fn waiting_ends_when_somebody_says_stop() {
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
