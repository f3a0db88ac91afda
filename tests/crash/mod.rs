//! Suite `crash`: dkms is killed at a step that changes the disk, and the same command given again has to heal.
//!
//! strace counts the system calls of dkms itself and kills it on entering the N-th of a kind; the programs that it starts are let
//! go at their execve. So a moment is a number, not a time, and every prefix of the steps can be had again. After the
//! kill the promise of the case has to hold (a module that worked still does), nothing that dkms started may live on,
//! and after the second run the root has to look as if nobody had been killed.

pub(super) mod killing;
mod scenario;

use anyhow::Result;
use testbed::layer::{self, Kernels};

use self::killing::Killing;
use self::scenario::SCENARIOS;
use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// At most so many moments of each scenario in an ordinary run, evenly spread; `--full` takes all.
const MOMENTS: usize = 24;

/// Kills at many moments of each scenario.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let subject = request.subject(&layer::kernels(&Kernels::of_archive()?)?)?;
    let sources = scenario::sources(&subject)?;
    let mut tally = Tally::default();
    for scenario in SCENARIOS.iter().filter(|scenario| request.wants(&format!("crash/{}", scenario.name))) {
        let killing = Killing::prepare(&sources, scenario)?;
        let all = killing.moments();
        let stride = if request.full { 1 } else { all.len().div_ceil(MOMENTS).max(1) };
        let moments: Vec<_> = all.iter().step_by(stride).collect();
        tally.add(parallel::run(&moments, |moment| {
            (format!("crash/{}-{}-{}", scenario.name, moment.call, moment.nth), killing.kill(moment))
        }));
        println!("{} of {} runs of crash/{} were cut off", killing.killed(), moments.len(), scenario.name);
        // A harness that kills nobody must not pass.
        tally.count(killing.killed() * 4 >= moments.len() * 3);
    }
    Ok(tally)
}
