//! What rpm's triggers get during a commit of zypper.
//!
//! zypper may start an rpm for each package, so that our triggers are run once for each. While its plugin is there, what
//! they get is kept, and acted on once, when the commit ends. The plugin holds a lock on the file where it is kept: a
//! file without a holder is of a plugin that died, and then each trigger acts for itself.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::kept;
use crate::error::Error;
use crate::layout::RUN;
use crate::system::root::{Root, RootMut};

/// Keeps what a trigger got for the end of a commit; `false` if no commit is under way.
pub fn defer(root: &Root, paths: &str) -> bool {
    let keep = || -> Result<bool, Error> {
        let root = root.writable_run();
        if !root.is_file(&kept()) {
            return Ok(false);
        }
        let mut file = root.open_or_create(&kept(), 0o600)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            root.remove_file(&kept())?;
            return Ok(false);
        }
        let append = |file: &mut File| file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(paths.as_bytes()));
        append(&mut file).map(|()| true).map_err(Error::io("write", &kept()))
    };
    keep().unwrap_or_else(|error| {
        log::debug!("waiting for the end of a commit: {error}");
        false
    })
}

/// The file with what triggers got, held as long as the commit is under way.
#[derive(Debug)]
pub struct Commit {
    root: RootMut,
    file: File,
}

impl Commit {
    /// Begins to keep. `None` if that is not possible: then each trigger acts for itself.
    pub fn begin(root: &Root) -> Option<Self> {
        let hold = || -> Result<Self, Error> {
            let root = root.writable_run();
            root.create_dir_all(Path::new(RUN))?;
            let file = root.open_or_create(&kept(), 0o600)?;
            flock(&file, FlockOperation::LockExclusive).map_err(Error::os("lock", &kept()))?;
            file.set_len(0).map_err(Error::io("empty", &kept()))?;
            Ok(Self { root, file })
        };
        hold().map_err(|error| log::warn!("each package of this commit is handled separately: {error}")).ok()
    }

    /// What was kept. From now on every trigger acts for itself again.
    pub fn end(mut self) -> String {
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut bytes));
        if let Err(error) = read {
            log::debug!("what was kept: {error}");
        }
        drop(self.root.remove_file(&kept()));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn kept() -> PathBuf {
    kept::path("commit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_triggers_are_told_is_kept_while_the_plugin_lives() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        assert!(!defer(&root, "a\n"), "no commit");
        let commit = Commit::begin(&root).unwrap();
        assert!(defer(&root, "a\n") && defer(&root, "b\n"));
        assert_eq!(commit.end(), "a\nb\n");
        assert!(!defer(&root, "c\n"), "it has ended");
        drop(Commit::begin(&root).unwrap());
        // Until a child that another test is just starting has let go of it, too.
        while defer(&root, "its plugin died\n") {}
        assert!(!root.exists(&kept()));
    }
}
