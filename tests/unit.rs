//! Suite `unit`: `cargo test` of all crates, counted from what the test harness prints.
//!
//! Tests that need root are ignored by `cargo test`, and say why; here they are run, too.

use anyhow::Result;
use testbed::command::Cmd;

use crate::tally::Tally;

/// Started by a test that kills it, and for no other purpose.
const NO_TEST: &str = "parent_to_be_killed";

/// Runs all tests of the workspace.
pub(super) fn run() -> Result<Tally> {
    let mut tally = tests(&["test", "--workspace", "--no-fail-fast"])?;
    tally.add(tests(&[
        "test",
        "--workspace",
        "--no-fail-fast",
        "--all-targets",
        "--",
        "--ignored",
        "--skip",
        NO_TEST,
    ])?);
    Ok(tally)
}

fn tests(arguments: &[&str]) -> Result<Tally> {
    let output = Cmd::new("cargo").args(arguments).output()?;
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
