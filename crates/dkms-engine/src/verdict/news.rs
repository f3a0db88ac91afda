//! What is new in a verdict.
//!
//! What was reported at the end of an earlier transaction is not reported again, unless it was tried again in this one: a
//! person who sees a module being built wants to know what came of it.

use std::collections::BTreeSet;

use super::{Kind, Problem, Verdict};
use crate::report::{Outcome, Report};

impl Verdict {
    /// What will not work and was not reported before in the same words, or was tried again; a paragraph for each.
    pub fn news(&self, earlier: Option<&Verdict>, report: &Report) -> Vec<String> {
        let all = |_: &Problem| true;
        let known: BTreeSet<String> =
            earlier.into_iter().flat_map(|earlier| &earlier.kernels).flat_map(|kernel| kernel.words(all)).collect();
        let mut news = Vec::new();
        for kernel in &self.kernels {
            let release = &kernel.release;
            let before = earlier.and_then(|earlier| earlier.on(release));
            // Of a module that failed before and was tried again.
            let again = |problem: &Problem| {
                let same = |other: &&Problem| other.module.name == problem.module.name && other.is_failure();
                let before = before?.problems.iter().find(same)?;
                is_tried(report, problem, release).then(|| problem.again(before, release))
            };
            let reported: Vec<(&Problem, String)> =
                kernel.problems.iter().filter_map(|problem| Some((problem, again(problem)?))).collect();
            let is_reported = |problem: &Problem| reported.iter().any(|(other, _)| *other == problem);
            news.extend(
                kernel.words(|problem| !is_reported(problem)).into_iter().filter(|words| !known.contains(words)),
            );
            news.extend(reported.into_iter().map(|(_, words)| words));
        }
        news
    }
}

/// Whether a run tried to build or install it, and failed.
fn is_tried(report: &Report, problem: &Problem, release: &str) -> bool {
    report.entries.iter().any(|entry| {
        let of_kernel = entry.kernel.as_ref().is_some_and(|kernel| kernel.release == release);
        of_kernel
            && entry.module.name == problem.module.name
            && entry.module.version == problem.module.version
            && matches!(entry.outcome, Outcome::Failed { .. })
    })
}

impl Problem {
    fn is_failure(&self) -> bool {
        matches!(self.kind, Kind::Failed | Kind::Unfinished)
    }

    /// That it failed again, and what is new in it: nothing, or another error.
    fn again(&self, before: &Problem, release: &str) -> String {
        let what = if self.error() == before.error() { "with the same error as before" } else { "with another error" };
        let lines = self.first_error.as_ref().unwrap_or(&self.reason);
        let (error, more) = lines.split_once('\n').map_or((lines.as_str(), None), |(error, more)| (error, Some(more)));
        self.paragraph(&format!("{} fails again on {release}, {what}: {error}", self.module), more)
    }

    /// The error without what changes from one attempt to the next: version, and places in files.
    fn error(&self) -> String {
        let error = self.first_error.as_ref().unwrap_or(&self.reason).replace(&self.module.to_string(), "");
        let mut parts =
            error.split(':').filter(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()));
        parts.by_ref().collect::<Vec<_>>().join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KernelVerdict, Name};
    use super::*;
    use crate::error::Error;
    use crate::plan::{Because, Operation};
    use crate::record::Format;
    use crate::report::Entry;
    use crate::target::{KernelId, ModuleId};

    fn verdict(version: &str, first_error: &str) -> Verdict {
        let problem = Problem {
            module: Name { name: "m".into(), version: version.into() },
            kind: Kind::Failed,
            reason: format!("building m/{version} for 6.1 failed with status 2"),
            first_error: Some(first_error.into()),
            stays: None,
            hint: None,
        };
        let kernel = KernelVerdict {
            release: "6.1".into(),
            arch: "x86_64".into(),
            works: Vec::new(),
            problems: vec![problem],
            headers_missing: None,
        };
        Verdict { format: Format, kernels: vec![kernel] }
    }

    fn tried(version: &str) -> Report {
        let outcome =
            Outcome::Failed { operation: Operation::Build, because: Because::NotBuilt, error: Error::OsRelease };
        let module = ModuleId::new("m", version).unwrap();
        let entry = Entry { module, kernel: Some(KernelId::new("6.1", "x86_64").unwrap()), outcome };
        Report { entries: vec![entry], troubles: Vec::new() }
    }

    #[test]
    fn a_problem_is_told_once_and_again_when_it_was_tried_again() {
        let first = verdict("1", "m.c:2:9: error: a");
        let news = |now: &Verdict, report: &Report| now.news(Some(&first), report).join("\n");
        let whole = first.news(None, &tried("1"));
        assert_eq!(whole.len(), 1);
        assert!(whole[0].starts_with("m/1 does not work on 6.1: building"));
        assert_eq!(news(&first, &Report::default()), "", "it was reported");
        let same = news(&verdict("1", "m.c:3:9: error: a"), &tried("1"));
        assert_eq!(same, "m/1 fails again on 6.1, with the same error as before: m.c:3:9: error: a");
        let other = news(&verdict("2", "m.c:2:9: error: b"), &tried("2"));
        assert_eq!(other, "m/2 fails again on 6.1, with another error: m.c:2:9: error: b");
    }
}
