//! The private directory of one build, gone when it is not needed any more.
//!
//! It lies in `T/M/V`, so that its parts can be renamed or mounted to where they are to be seen.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::fingerprint::Part;
use crate::layout::WORK_PREFIX;
use crate::setup::Setup;
use crate::system::root::RootMut;
use crate::target::ModuleId;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A work directory; removed when dropped. One that a dead process left bears our prefix and is swept by the next run.
#[derive(Debug)]
pub(crate) struct Work {
    root: RootMut,
    path: PathBuf,
    own_changes: Mutex<Vec<(String, Part)>>,
}

impl Work {
    /// A new one.
    pub(crate) fn create(setup: &Setup, root: &RootMut, module: &ModuleId) -> Result<Self, Error> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{WORK_PREFIX}{}-{number}", std::process::id());
        let work =
            Self { root: root.clone(), path: setup.layout.version(module).join(name), own_changes: Mutex::default() };
        root.remove_tree(&work.path)?;
        root.create_dir(&work.path, 0o755)?;
        Ok(work)
    }

    /// The root, to be written to.
    pub(crate) fn root(&self) -> &RootMut {
        &self.root
    }

    /// The build directory: a copy of the source.
    pub(crate) fn build(&self) -> PathBuf {
        self.path.join("build")
    }

    /// What the build sees at the place of its source: another copy.
    pub(crate) fn source(&self) -> PathBuf {
        self.path.join("source")
    }

    /// The build itself changed the source: the stamp before, and what it is since.
    pub(super) fn note_own_change(&self, before: &str, after: Part) {
        let mut changes = self.own_changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push((before.to_owned(), after));
    }

    /// What was noted.
    pub(crate) fn own_changes(&self) -> Vec<(String, Part)> {
        self.own_changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("make.log")
    }

    /// What is to become `T/M/V/K/A`.
    pub(crate) fn result(&self) -> PathBuf {
        self.path.join("result")
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = self.root.remove_tree(&self.path) {
            log::warn!("a work directory stays until the next run: {error}");
        }
    }
}
