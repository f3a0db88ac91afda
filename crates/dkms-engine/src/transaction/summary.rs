//! What will not work, once more and in short, after everything that dnf has to say itself.
//!
//! A trigger's words stand somewhere among those of the transaction, or nowhere with `--quiet`. What is new in them is
//! kept until the plugin that is called last tells it; without that plugin it is only kept, until the next transaction.

use super::kept;
use crate::setup::Setup;

/// The name under which it is kept.
const NAME: &str = "last-words";

/// Keeps the first and the last line of each problem: what will not work, and what to type next. Without problems nothing
/// is kept, whatever was.
pub fn keep(setup: &Setup, problems: &[String]) {
    let words: String = problems.iter().map(|problem| in_short(problem)).collect();
    kept::replace(&setup.root, NAME, &words);
}

/// What was kept, once.
pub fn take(setup: &Setup) -> Option<String> {
    let words = kept::read(&setup.root, NAME)?;
    kept::replace(&setup.root, NAME, "");
    Some(words)
}

fn in_short(problem: &str) -> String {
    let mut lines = problem.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next_back().map_or_else(|| format!("{first}\n"), |last| format!("{first}\n  {}\n", last.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_in_short_is_what_and_what_next() {
        assert_eq!(in_short("a\n  why\n  error: x\n  hint: b\n"), "a\n  hint: b\n");
        assert_eq!(in_short("a"), "a\n");
    }
}
