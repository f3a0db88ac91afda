//! What differs between two tools, less what differs on purpose; a purposeful difference that is gone counts too.

use std::collections::BTreeSet;

use super::case::{Case, Differs, What};
use super::play::{self, Seen};
use super::tree::{Entry, Tree};
use crate::layer::Kernels;

/// All complaints about a case; none means parity.
pub(crate) fn complaints(case: &Case, original: &Seen, ours: &Seen, kernels: &Kernels) -> Vec<String> {
    let mut used = vec![false; case.differs.len()];
    let mut complaints = Vec::new();
    // A path that differs goes on doing so in later steps; it is told once.
    let mut shown = BTreeSet::new();
    for (at, (a, b)) in original.steps.iter().zip(&ours.steps).enumerate() {
        let head = format!("step {} `{}`", at + 1, a.command);
        if a.exit != b.exit {
            let expected = |what: &What| matches!(what, What::Exit { step, ours } if *step == at && *ours == b.exit);
            if !excused(&case.differs, &mut used, expected) {
                complaints.push(format!("{head}: exit {} in the original, {} in ours\n{}", a.exit, b.exit, b.said));
            }
        }
        if a.status != b.status {
            let expected = |what: &What| match what {
                What::Status { step, ours } => {
                    *step == at && ours.as_ref().is_none_or(|lines| play::expand(lines, kernels) == b.status)
                }
                _ => false,
            };
            if !excused(&case.differs, &mut used, expected) {
                let told = lines(&a.status, &b.status);
                complaints.push(format!("{head}: status\n{told}{}", b.said));
            }
        }
        for (path, told) in paths(&a.tree, &b.tree) {
            let expected =
                |what: &What| matches!(what, What::Path(glob) if matches(&play::expand(glob, kernels), path));
            if !excused(&case.differs, &mut used, expected) && shown.insert(told.clone()) {
                complaints.push(format!("{head}: {told}"));
            }
        }
    }
    for (differs, _) in case.differs.iter().zip(&used).filter(|(_, used)| !**used) {
        complaints.push(format!("no longer differs ({}): {:?}", differs.reason, differs.what));
    }
    complaints
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

fn excused(differs: &[Differs], used: &mut [bool], expected: impl Fn(&What) -> bool) -> bool {
    let mut found = false;
    for (differs, used) in differs.iter().zip(used) {
        if expected(&differs.what) {
            *used = true;
            found = true;
        }
    }
    found
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
