//! One root in which transactions are run, what was seen of them, and what was not as it has to be.

use std::cell::RefCell;

use anyhow::{Result, bail, ensure};
use testbed::disk;
use testbed::root::Root;

use super::counts;
use super::{Environment, Side, Step};

/// A root with its history.
pub(crate) struct Scenario<'a, E> {
    pub(crate) root: Root,
    pub(crate) environment: &'a E,
    steps: RefCell<Vec<Step>>,
    complaints: RefCell<Vec<String>>,
}

/// The clock is read by the bash that starts the transaction: entering the root costs time of its own.
const SCRIPT: &str = r#"
TIMEFORMAT='%3U %3S'
start=$EPOCHREALTIME
{ time bash -c "$1" > /var/log/counted/said 2>&1; } 2> /var/log/counted/cpu
code=$? end=$EPOCHREALTIME
echo "$code $start $end $(tail -n 1 /var/log/counted/cpu)"
"#;

/// A transaction takes a minute or two; one that hangs has to end some time.
const LIMIT: u32 = 900;

impl<'a, E: Environment> Scenario<'a, E> {
    /// A fresh root as a scenario wants it.
    pub(crate) fn new(environment: &'a E, start: &E::Start) -> Result<Scenario<'a, E>> {
        let root = Root::over(&environment.start(start)?)?;
        Ok(Scenario { root, environment, steps: RefCell::default(), complaints: RefCell::default() })
    }

    /// A line of bash that counts as a transaction.
    pub(crate) fn run(&self, line: &str) -> Result<Step> {
        let step = self.look(line)?;
        self.steps.borrow_mut().push(step.clone());
        Ok(step)
    }

    /// A line of bash whose counts are looked at, but which is no part of the scenario.
    pub(crate) fn look(&self, line: &str) -> Result<Step> {
        let script = format!("{}\n{SCRIPT}", counts::FORGET);
        let output = self.root.command(LIMIT, &["bash", "-c", &script, "scenario", line]).checked()?;
        let numbers: Vec<f64> = output.stdout.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [exit, start, end, user, system] = numbers.as_slice() else {
            bail!("a transaction is told by five numbers, not by `{}`", output.stdout);
        };
        ensure!(!matches!(exit, 124.0 | 137.0), "`{line}` did not end in time");
        Ok(Step {
            line: line.to_owned(),
            #[expect(clippy::cast_possible_truncation, reason = "an exit status is small")]
            exit: *exit as i32,
            wall: end - start,
            cpu: user + system,
            counts: counts::read(&self.root),
            said: disk::read_lossy(&self.root.path("/var/log/counted/said"))?,
        })
    }

    /// Whether expectations of ours are judged.
    pub(crate) fn is_ours(&self) -> bool {
        self.environment.side() != Side::Original
    }

    /// What ours has to fulfil. The original's shortcomings are noted, too, but nobody judges them.
    pub(crate) fn expect(&self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.complaints.borrow_mut().push(complaint());
        }
    }

    /// A finding of a check that gives its own words, empty if there is none.
    pub(crate) fn complain(&self, said: &str) {
        self.expect(said.trim().is_empty(), || said.trim_end().to_owned());
    }

    /// The transactions so far.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.steps.borrow().clone()
    }

    /// What is wrong so far.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.borrow().clone()
    }

    /// A line of bash that has to succeed, for making things ready.
    pub(crate) fn prepare(&self, line: &str) -> Result<()> {
        self.root.must(line).map(drop)
    }

    /// The state that `dkms status` tells.
    pub(crate) fn state(&self, module: &str, release: &str) -> Result<Option<String>> {
        testbed::installed::state(&self.root, module, release)
    }

    /// Expects a state of a module for a kernel.
    pub(crate) fn expect_state(&self, module: &str, release: &str, wanted: Option<&str>) -> Result<()> {
        let state = self.state(module, release)?;
        let same = state.as_deref().map(|state| state.split(' ').next().unwrap_or(state)) == wanted;
        self.expect(same, || format!("{module} for {release} is {state:?}, not {wanted:?}"));
        Ok(())
    }

    /// Expects that `dkms status` has this very line.
    pub(crate) fn expect_row(&self, row: &str) -> Result<()> {
        let status = self.root.must("dkms status")?.stdout;
        self.expect(status.lines().any(|line| line == row), || format!("dkms status has no row `{row}` but\n{status}"));
        Ok(())
    }
}
