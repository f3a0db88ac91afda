//! Suite `dpkg`: every row of the transaction table with real apt and dpkg, real kernels and real module packages.
//!
//! What is counted is counted from outside, by programs put in the place of make, depmod and mkinitramfs (`counted`).
//! After every row the same rules hold (`transaction`). With `--twins` the original plays; what it did is shown, not judged.

mod audit;
mod counted;
mod crowd;
mod door;
mod dracut;
mod ground;
mod image;
mod kernels;
mod made;
mod modules;
mod notes;
mod rescue;
mod scenario;
mod stage;
mod switch;
mod unattended;

use anyhow::Result;

pub(crate) use self::ground::Ground;
use super::{Request, Tally, transaction};

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    transaction::run::<Ground>(request)
}
