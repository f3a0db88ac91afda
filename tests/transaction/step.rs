//! One transaction: how it went, what was started, and what can be expected of it.

use super::counts::{Build, Counts};
use super::{Environment, Scenario};

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
    pub(crate) fn builds<E: Environment>(&self, scenario: &Scenario<E>, wanted: usize) -> &Step {
        let Counts { builds, .. } = &self.counts;
        let told = || builds.iter().map(Build::told).collect::<Vec<_>>().join(", ");
        scenario.expect(builds.len() == wanted, || {
            format!("`{}`: {} builds, not {wanted}: {}", self.line, builds.len(), told())
        });
        let mut sorted = builds.clone();
        sorted.sort();
        sorted.dedup();
        scenario
            .expect(sorted.len() == builds.len(), || format!("`{}`: a pair was built twice: {}", self.line, told()));
        let unsettled = &self.counts.unsettled;
        scenario
            .expect(unsettled.is_empty(), || format!("`{}`: something was built although {unsettled:?}", self.line));
        self.succeeds(scenario)
    }

    /// The package manager was content.
    pub(crate) fn succeeds<E: Environment>(&self, scenario: &Scenario<E>) -> &Step {
        scenario.expect(self.exit == 0, || format!("`{}` ended with {}\n{}", self.line, self.exit, self.tail(20)));
        self
    }

    /// depmod for exactly these kernels, not counting those of a kernel's own package.
    pub(crate) fn depmods<E: Environment>(&self, scenario: &Scenario<E>, kernels: &[&String]) -> &Step {
        self.runs(scenario, "depmod", &self.counts.depmods, kernels)
    }

    /// An initramfs for exactly these kernels.
    pub(crate) fn initramfs<E: Environment>(&self, scenario: &Scenario<E>, kernels: &[&String]) -> &Step {
        self.runs(scenario, "initramfs", &self.counts.initramfs, kernels)
    }

    fn runs<E: Environment>(&self, scenario: &Scenario<E>, what: &str, found: &[String], kernels: &[&String]) -> &Step {
        let mut found: Vec<&String> = found.iter().collect();
        let mut wanted = kernels.to_vec();
        found.sort();
        wanted.sort();
        scenario.expect(found == wanted, || format!("`{}`: {what} for {found:?}, not {wanted:?}", self.line));
        self
    }

    /// The last words have all of these in them.
    pub(crate) fn reports<E: Environment>(&self, scenario: &Scenario<E>, words: &[&str]) -> &Step {
        let tail = self.tail(30);
        for word in words {
            scenario.expect(tail.contains(word), || {
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
