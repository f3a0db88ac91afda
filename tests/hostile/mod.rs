//! Suite `hostile`: bad input, full disks, vanishing kernels, killed runs. There is no original to compare with, so
//! every step says what has to come out: the exit status, words of the message, and an untouched tree.

use std::path::Path;

use anyhow::{Result, bail};
use testbed::layer::{self, Kernels};

use super::parallel;
use super::parity::case::{self, Case, Wanted};
use super::parity::play::{self, Players, Seen};
use crate::request::Request;
use crate::tally::Tally;

/// Plays all cases of `tests/hostile`.
pub(super) fn run(request: &Request) -> Result<Tally> {
    run_in(request, Path::new("tests/hostile"))
}

/// Plays all cases of a directory in which every step says what has to come out.
pub(super) fn run_in(request: &Request, directory: &Path) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let subject = request.subject(&layer::kernels(&kernels)?)?;
    let mut cases = case::load(directory)?;
    if let Some(case) = cases.iter().find(|case| case.expects.is_empty()) {
        bail!("case `{}` expects nothing", case.name);
    }
    cases.retain(|case| request.wants(&case.name));
    let players = Players::of(&subject);
    Ok(parallel::run(&cases, |case| {
        let seen = play::play(case, &players, &kernels);
        (case.name.clone(), seen.map(|seen| complaints(case, &seen, &kernels)))
    }))
}

fn complaints(case: &Case, seen: &Seen, kernels: &Kernels) -> Vec<String> {
    let mut complaints = Vec::new();
    for expect in &case.expects {
        let Some(step) = seen.steps.get(expect.step) else { continue };
        let head = format!("step {} `{}`", expect.step + 1, step.command);
        match &expect.what {
            Wanted::Exit(code) if step.exit != *code => {
                complaints.push(format!("{head}: exit {}, not {code}\n{}", step.exit, step.said));
            }
            Wanted::Says(text) if !step.said.contains(&play::expand(text, kernels)) => {
                complaints.push(format!("{head}: says nothing of `{text}`\n{}", step.said));
            }
            Wanted::Status(lines) if !play::shows(&step.status, lines, kernels) => {
                complaints.push(format!("{head}: status is\n{}", step.status));
            }
            Wanted::Unchanged => {
                let before = expect.step.checked_sub(1).map_or(&seen.start, |at| &seen.steps[at].tree);
                let changed = step.tree.iter().filter(|(path, entry)| before.get(*path) != Some(entry));
                let gone = before.keys().filter(|path| !step.tree.contains_key(*path));
                let told: Vec<String> = changed
                    .map(|(path, entry)| format!("  {path}: {} {}", entry.kind, entry.content))
                    .chain(gone.map(|path| format!("  {path}: back to what it was before the case")))
                    .collect();
                if !told.is_empty() {
                    complaints.push(format!("{head}: changed the tree\n{}\n{}", told.join("\n"), step.said));
                }
            }
            _ => {}
        }
    }
    complaints
}
