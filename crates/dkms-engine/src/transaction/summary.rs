//! What will not work, once more and in short, after everything that dnf has to say itself.
//!
//! A trigger's words stand somewhere among those of the transaction, or nowhere with `--quiet`. What is new in them is
//! kept until the plugin that is called last tells it; without that plugin it is only kept, until the next transaction.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::RUN;
use crate::setup::Setup;

/// Keeps the first and the last line of each problem: what will not work, and what to type next. Without problems nothing
/// is kept, whatever was.
pub fn keep(setup: &Setup, problems: &[String]) {
    let words: String = problems.iter().map(|problem| in_short(problem)).collect();
    if let Err(error) = write(setup, &words) {
        log::debug!("the last words: {error}");
    }
}

fn write(setup: &Setup, words: &str) -> Result<(), Error> {
    let (path, run) = (path(), setup.root.writable_run());
    run.remove_file(&path)?;
    if words.is_empty() {
        return Ok(());
    }
    run.create_dir_all(Path::new(RUN))?;
    run.create_new(&path, 0o644)?.write_all(words.as_bytes()).map_err(Error::io("write", &path))
}

/// What was kept, once.
pub fn take(setup: &Setup) -> Option<String> {
    let words = setup.root.read_to_string(&path()).ok()?;
    drop(setup.root.writable_run().remove_file(&path()));
    Some(words)
}

fn in_short(problem: &str) -> String {
    let mut lines = problem.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next_back().map_or_else(|| format!("{first}\n"), |last| format!("{first}\n  {}\n", last.trim_start()))
}

fn path() -> PathBuf {
    Path::new(RUN).join("last-words")
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
