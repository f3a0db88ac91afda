//! What differs between two tools, less what differs on purpose; a purposeful difference that is gone counts too.

use std::collections::BTreeSet;

use testbed::layer::Kernels;

use super::case::{Case, What};
use super::play::{self, Seen};
use super::tree::{Entry, Tree};

/// A case under comparison: which of its differences showed up so far.
pub(crate) struct Comparison<'a> {
    case: &'a Case,
    kernels: &'a Kernels,
    used: Vec<bool>,
    complaints: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn of(case: &'a Case, kernels: &'a Kernels) -> Comparison<'a> {
        Comparison { case, kernels, used: vec![false; case.differs.len()], complaints: Vec::new() }
    }

    /// Compares what ours did with what the original did; `who` begins each complaint.
    pub(crate) fn add(&mut self, who: &str, original: &Seen, ours: &Seen) {
        // A path that differs goes on doing so in later steps; it is told once.
        let mut shown = BTreeSet::new();
        for (at, (a, b)) in original.steps.iter().zip(&ours.steps).enumerate() {
            let head = format!("{who}step {} `{}`", at + 1, a.command);
            let exit = |what: &What| matches!(what, What::Exit { step, ours } if *step == at && *ours == b.exit);
            if a.exit != b.exit && !self.excused(exit) {
                let told = tail(&b.said);
                self.complaints.push(format!("{head}: exit {} in the original, {} in ours\n{told}", a.exit, b.exit));
            }
            let kernels = self.kernels;
            let status = |what: &What| match what {
                What::Status { step, ours } => {
                    *step == at && ours.as_ref().is_none_or(|lines| play::shows(&b.status, lines, kernels))
                }
                _ => false,
            };
            if a.status != b.status && !self.excused(status) {
                let told = lines(&a.status, &b.status);
                self.complaints.push(format!("{head}: status\n{told}{}", tail(&b.said)));
            }
            for (path, told) in paths(&a.tree, &b.tree) {
                let known =
                    |what: &What| matches!(what, What::Path(glob) if matches(&play::expand(glob, kernels), path));
                if !self.excused(known) && shown.insert(told.clone()) {
                    self.complaints.push(format!("{head}: {told}"));
                }
            }
        }
    }

    /// All complaints; a difference on purpose that never showed is one of them.
    pub(crate) fn finish(mut self) -> Vec<String> {
        for (differs, _) in self.case.differs.iter().zip(&self.used).filter(|(_, used)| !**used) {
            self.complaints.push(format!("no longer differs ({}): {:?}", differs.reason, differs.what));
        }
        self.complaints
    }

    fn excused(&mut self, expected: impl Fn(&What) -> bool) -> bool {
        let mut found = false;
        for (differs, used) in self.case.differs.iter().zip(&mut self.used) {
            if expected(&differs.what) {
                *used = true;
                found = true;
            }
        }
        found
    }
}

fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Paths whose entries differ, each with both entries.
fn paths<'a>(original: &'a Tree, ours: &'a Tree) -> Vec<(&'a str, String)> {
    let show = |entry: Option<&Entry>| match entry {
        Some(entry) => format!("{} {}", entry.kind, entry.content),
        None => "as before".to_owned(),
    };
    let both: BTreeSet<&String> = original.keys().chain(ours.keys()).collect();
    let differ = both.into_iter().filter(|path| original.get(*path) != ours.get(*path));
    differ
        .map(|path| {
            let told = format!("{path}:\n  - {}\n  + {}", show(original.get(path)), show(ours.get(path)));
            (path.as_str(), told)
        })
        .collect()
}

fn lines(original: &str, ours: &str) -> String {
    let mut text = String::new();
    for line in original.lines() {
        text.push_str(&["  - ", line, "\n"].concat());
    }
    for line in ours.lines() {
        text.push_str(&["  + ", line, "\n"].concat());
    }
    text
}

/// Whether a pattern, in which `*` stands for any text, fits a path.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == path;
    };
    let Some(tail) = path.strip_prefix(head) else {
        return false;
    };
    (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| matches(rest, &tail[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("/a/*/c", "/a/b/b/c"));
        assert!(matches("/a*", "/a"));
        assert!(!matches("/a/*/c", "/a/c"));
        assert!(!matches("/a", "/a/b"));
    }
}
