//! Suite `dpkg`: every row of the transaction table with real apt and dpkg, real kernels and real module packages.
//!
//! What is counted is counted from outside, by programs put in the place of make, depmod and mkinitramfs (`counted`).
//! After every row the same rules hold (`transaction`). With `--self-test` the original plays; what it did is shown, not judged.

mod audit;
mod concurrency;
mod counted;
mod dracut;
mod environment;
mod image;
mod kernels;
mod modules;
mod notes;
mod package_manager;
mod rescue;
mod scenario;
mod switch;
mod table;
mod test_packages;
mod unattended;

use anyhow::Result;

pub(crate) use self::table::TABLE;
use super::transaction;
use crate::request::Request;
use crate::tally::Tally;

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    transaction::run(request, &TABLE)
}
