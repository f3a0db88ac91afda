//! The private directory of one build, gone when nobody needs it any more.
//!
//! It lies in `T/M/V`, so that its parts can be renamed or mounted to where they are to be seen.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Error;
use crate::layout::WORK_PREFIX;
use crate::root::Root;
use crate::setup::Setup;
use crate::target::ModuleId;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A work directory; removed when dropped. One that a dead process left bears our prefix and is swept by the next run.
#[derive(Debug)]
pub(crate) struct Work {
    root: Root,
    path: PathBuf,
}

impl Work {
    /// A new one.
    pub(crate) fn create(setup: &Setup, module: &ModuleId) -> Result<Self, Error> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{WORK_PREFIX}{}-{number}", std::process::id());
        let work = Self { root: setup.root.clone(), path: setup.layout.version(module).join(name) };
        setup.root.remove_tree(&work.path)?;
        setup.root.create_dir(&work.path, 0o755)?;
        Ok(work)
    }

    /// The build directory: a copy of the source.
    pub(crate) fn build(&self) -> PathBuf {
        self.path.join("build")
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
