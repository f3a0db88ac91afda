//! What came of a plan: one value for text, JSON, journal and exit status.

pub mod rows;
pub mod time;
pub mod words;

use serde::Serialize;

use crate::error::Error;
use crate::plan::{Because, Operation, Settled, SkipReason};
use crate::record::{Refusal, Signature};
use crate::target::{KernelId, ModuleId};

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry for each step and for each target that got none, in the order in which they were finished.
    pub entries: Vec<Entry>,
    /// What went wrong beside the steps: depmod, the post_transaction command.
    pub troubles: Vec<Error>,
}

/// What became of one step, or why there was none.
#[derive(Debug)]
pub struct Entry {
    /// The module version.
    pub module: ModuleId,
    /// The kernel; `None` for what concerns the module version as a whole.
    pub kernel: Option<KernelId>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a step.
#[derive(Debug)]
pub enum Outcome {
    /// There was nothing to do.
    Settled(SkipReason),
    /// It was done.
    Done(Done),
    /// It failed; everything that was there before still is.
    Failed {
        /// `build`, `install` …
        operation: Operation,
        /// Why it was tried.
        because: Because,
        /// What went wrong.
        error: Error,
    },
    /// It was not tried, because a step that has to come first failed.
    NotTried {
        /// `build`, `install` …
        operation: Operation,
        /// The module whose step failed.
        after: ModuleId,
    },
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "done")]
pub enum Done {
    /// Built, signed and kept.
    Built {
        /// Why.
        because: Because,
        /// Whether it is signed.
        signature: Signature,
        /// Wall time in milliseconds.
        duration_ms: u64,
    },
    /// Placed.
    Installed {
        /// Why.
        because: Because,
        /// Placed files.
        files: Vec<std::path::PathBuf>,
        /// Objects that were not placed.
        refused: Vec<Refusal>,
    },
    /// Linked from another kernel.
    Linked {
        /// Release of the other kernel.
        from: String,
        /// The links.
        links: Vec<std::path::PathBuf>,
    },
    /// Links to another kernel's modules are gone.
    Unlinked {
        /// Where they were.
        links: Vec<std::path::PathBuf>,
    },
    /// Taken away.
    Uninstalled {
        /// Removed files.
        files: Vec<std::path::PathBuf>,
        /// Files that are not what was placed and were therefore left.
        left: Vec<std::path::PathBuf>,
        /// Displaced files that are back.
        restored: Vec<std::path::PathBuf>,
    },
    /// What is known of a build is forgotten.
    Unbuilt {
        /// There was one that had succeeded.
        built: bool,
    },
    /// The registration is gone.
    Deregistered {
        /// Things in its directory that are not ours and were left.
        left: Vec<std::path::PathBuf>,
    },
}

impl Report {
    /// Adds what another run did.
    pub fn add(&mut self, other: Report) {
        self.entries.extend(other.entries);
        self.troubles.extend(other.troubles);
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.troubles.is_empty()
    }

    /// Whether a step failed or was given up, or something went wrong beside the steps.
    pub fn failed(&self) -> bool {
        !self.troubles.is_empty()
            || self
                .entries
                .iter()
                .any(|entry| matches!(entry.outcome, Outcome::Failed { .. } | Outcome::NotTried { .. }))
    }

    /// The errors, in the order in which they happened.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.outcome {
                Outcome::Failed { error, .. } => Some(error),
                _ => None,
            })
            .chain(&self.troubles)
    }
}

impl From<Settled> for Entry {
    fn from(settled: Settled) -> Self {
        Self { module: settled.module, kernel: settled.kernel, outcome: Outcome::Settled(settled.why) }
    }
}
