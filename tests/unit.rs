//! Suite `unit`: `cargo test` of all crates, counted from what the test harness prints.

use anyhow::Result;
use testbed::command::Cmd;

use crate::tally::Tally;

/// Runs all tests of the workspace.
pub(super) fn run() -> Result<Tally> {
    let output = Cmd::new("cargo").args(["test", "--workspace", "--no-fail-fast"]).output()?;
    let mut tally = Tally::default();
    for line in output.stdout.lines().filter(|line| line.starts_with("test result: ")) {
        let number = |word: &str| {
            let words: Vec<&str> = line.split([' ', ';']).collect();
            let found = words.iter().position(|w| *w == word).and_then(|at| at.checked_sub(1)).map(|at| words[at]);
            found.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0)
        };
        tally.add(Tally { passed: number("passed"), failed: number("failed") });
    }
    if output.code != 0 {
        print!("{}", output.stdout);
        eprint!("{}", output.stderr);
        // A crate that does not compile has no result line.
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}
