//! Suite `crash`: dkms is killed at a step that changes the disk, and the same command given again has to heal.
//!
//! strace counts the system calls of dkms itself and kills it on entering the N-th; the programs that it starts are let
//! go at their execve. So a moment is a number, not a time, and every prefix of the steps can be had again. After the
//! kill the promise of the case has to hold (a module that worked still does), nothing that dkms started may live on,
//! and after the second run the root has to look as if nobody had been killed.

mod killing;
mod scenario;

use anyhow::Result;

use self::killing::Killing;
use self::scenario::SCENARIOS;
use super::parallel;
use super::{Request, Tally};
use crate::layer::{self, Kernels};

/// Moments of each scenario in an ordinary run, evenly spread; `--full` takes all.
const MOMENTS: usize = 10;

/// Kills at many moments of each scenario.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let subject = request.subject(&layer::kernels(&Kernels::of_archive()?)?)?;
    let sources = scenario::sources(&subject)?;
    let mut tally = Tally::default();
    for scenario in SCENARIOS.iter().filter(|scenario| request.wants(&format!("crash/{}", scenario.name))) {
        let killing = Killing::prepare(&sources, scenario)?;
        let steps = killing.steps();
        let moments: Vec<usize> = if request.full || steps <= MOMENTS {
            (1..=steps).collect()
        } else {
            (0..MOMENTS).map(|n| 1 + n * (steps - 1) / (MOMENTS - 1)).collect()
        };
        tally.add(parallel::run(&moments, |moment| {
            (format!("crash/{}-{moment}-of-{steps}", scenario.name), killing.kill(*moment))
        }));
    }
    Ok(tally)
}
