//! One transaction: how it went, what was started, and what can be expected of it.

use super::counts::{Build, Counts};
use super::{Ground, Stage};

/// A transaction in seconds, numbers and words.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: String,
    pub(crate) exit: i32,
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) counts: Counts,
    /// Both streams of the transaction.
    pub(crate) said: String,
}

impl Step {
    /// So many builds, and no pair twice.
    pub(crate) fn builds<G: Ground>(&self, stage: &Stage<G>, wanted: usize) -> &Step {
        let Counts { builds, .. } = &self.counts;
        let told = || builds.iter().map(Build::told).collect::<Vec<_>>().join(", ");
        stage.expect(builds.len() == wanted, || {
            format!("`{}`: {} builds, not {wanted}: {}", self.line, builds.len(), told())
        });
        let mut sorted = builds.clone();
        sorted.sort();
        sorted.dedup();
        stage.expect(sorted.len() == builds.len(), || format!("`{}`: a pair was built twice: {}", self.line, told()));
        let unsettled = &self.counts.unsettled;
        stage.expect(unsettled.is_empty(), || format!("`{}`: something was built although {unsettled:?}", self.line));
        self.succeeds(stage)
    }

    /// The package manager was content.
    pub(crate) fn succeeds<G: Ground>(&self, stage: &Stage<G>) -> &Step {
        stage.expect(self.exit == 0, || format!("`{}` ended with {}\n{}", self.line, self.exit, self.tail(20)));
        self
    }

    /// depmod for exactly these kernels, not counting those of a kernel's own package.
    pub(crate) fn depmods<G: Ground>(&self, stage: &Stage<G>, kernels: &[&String]) -> &Step {
        self.runs(stage, "depmod", &self.counts.depmods, kernels)
    }

    /// An initramfs for exactly these kernels.
    pub(crate) fn initramfs<G: Ground>(&self, stage: &Stage<G>, kernels: &[&String]) -> &Step {
        self.runs(stage, "initramfs", &self.counts.initramfs, kernels)
    }

    fn runs<G: Ground>(&self, stage: &Stage<G>, what: &str, found: &[String], kernels: &[&String]) -> &Step {
        let mut found: Vec<&String> = found.iter().collect();
        let mut wanted = kernels.to_vec();
        found.sort();
        wanted.sort();
        stage.expect(found == wanted, || format!("`{}`: {what} for {found:?}, not {wanted:?}", self.line));
        self
    }

    /// The last words have all of these in them.
    pub(crate) fn reports<G: Ground>(&self, stage: &Stage<G>, words: &[&str]) -> &Step {
        let tail = self.tail(30);
        for word in words {
            stage.expect(tail.contains(word), || {
                format!("`{}`: the last lines do not name `{word}`\n{tail}", self.line)
            });
        }
        self
    }

    /// The last lines of what was said.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let all: Vec<&str> = self.said.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}
