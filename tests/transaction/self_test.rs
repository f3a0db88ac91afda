//! The original in the place of ours: what it did is shown, and it is the harness that is judged.
//!
//! A row cannot pass or fail here, since the original need not do what is asked of ours. What counts is whether the programs
//! that count have seen something, and whether the judge finds something to complain about when all rows are played.

use std::sync::Mutex;

use super::counts::Build;
use super::{Environment, Row, Step};
use crate::parallel;
use crate::tally::Tally;

/// What was seen in all rows.
#[derive(Default)]
struct Seen {
    counted: usize,
    complaints: usize,
    /// Rows that could not be played at all.
    errors: Vec<String>,
}

/// Plays the rows; `all` tells that none is left out.
pub(super) fn run<E: Environment>(environment: &E, rows: &[&Row<E>], all: bool) -> Tally {
    let seen = Mutex::new(Seen::default());
    // Its tally says nothing: no row is judged.
    parallel::run(rows, |row| {
        let (shown, one) = show(environment, row);
        let errors = one.errors.clone();
        println!("{shown}");
        if let Ok(mut seen) = seen.lock() {
            seen.counted += one.counted;
            seen.complaints += one.complaints;
            seen.errors.extend(one.errors);
        }
        (format!("{}/{}/{} was played", E::NAME, environment.suite(), row.id), Ok(errors))
    });
    let seen = seen.into_inner().unwrap_or_default();
    let mut complaints = seen.errors;
    if seen.counted == 0 {
        complaints.push("no program was counted in any row".into());
    }
    if all && seen.complaints == 0 {
        complaints.push("the original did all that is asked of ours: the judge sees nothing".into());
    }
    parallel::run(&[complaints], |complaints| {
        (format!("{}/{}/self-test", E::NAME, environment.suite()), Ok(complaints.clone()))
    })
}

/// What the original did in a row, and what of that ours must not do.
fn show<E: Environment>(environment: &E, row: &Row<E>) -> (String, Seen) {
    let head = format!("{} ({})", row.id, row.title);
    let scenario = match row.play(environment) {
        Ok(scenario) => scenario,
        Err(error) => {
            let error = format!("{head}: {error:#}");
            return (error.clone(), Seen { errors: vec![error], ..Seen::default() });
        }
    };
    let (steps, complaints) = (scenario.steps(), scenario.complaints());
    let notes = complaints.iter().map(|note| format!("     note: {}", note.replace('\n', "\n           ")));
    let lines: Vec<String> = std::iter::once(head).chain(steps.iter().map(told)).chain(notes).collect();
    let counted = |step: &Step| step.counts.builds.len() + step.counts.depmods.len() + step.counts.initramfs.len();
    let counted = steps.iter().map(counted).sum();
    (lines.join("\n"), Seen { counted, complaints: complaints.len(), errors: Vec::new() })
}

fn told(step: &Step) -> String {
    let builds: Vec<String> = step.counts.builds.iter().map(Build::told).collect();
    format!(
        "     `{}`: exit {}, {:.1} s, CPU {:.1} s\n       {} builds: {}\n       depmod: {}\n       initramfs: {}",
        step.line,
        step.exit,
        step.wall,
        step.cpu,
        builds.len(),
        builds.join(", "),
        step.counts.depmods.join(" "),
        step.counts.initramfs.join(" ")
    )
}
