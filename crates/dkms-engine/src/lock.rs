//! The writers' lock: one for the whole tree, held by a guard that all writing asks for.
//!
//! Readers take none, so a build script that calls `dkms status` cannot deadlock. The lock file is opened and never
//! replaced: two holders would otherwise lock two different files. A child of ours that wants to write would wait for
//! its own parent for ever; children therefore carry [`HELD`] in their environment and are refused at once.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::error::Error;
use crate::root::Root;

/// Environment variable that tells children of a writer that the lock is taken by an ancestor.
pub const HELD: &str = "DKMS_RS_LOCK_HELD";

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
        match Self::try_acquire(root, path)? {
            Ok(guard) => Ok(guard),
            Err(mut file) => {
                waiting(&holder(&mut file));
                loop {
                    match rustix::fs::flock(&file, FlockOperation::LockExclusive) {
                        Err(rustix::io::Errno::INTR) => continue,
                        other => break other.map_err(Error::os("lock", path))?,
                    }
                }
                sign(&mut file);
                Ok(Self { _file: file })
            }
        }
    }

    /// Takes the lock if it is free; otherwise gives back the open file.
    fn try_acquire(root: &Root, path: &Path) -> Result<Result<Self, File>, Error> {
        root.create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        let mut file = root.open_or_create(path, 0o600)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                sign(&mut file);
                Ok(Ok(Self { _file: file }))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Err(file)),
            Err(error) => Err(Error::os("lock", path)(error)),
        }
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
}
