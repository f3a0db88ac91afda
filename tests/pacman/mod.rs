//! Suite `pacman`: every row of the transaction table that applies, with a real pacman in roots that look like Arch.
//!
//! Inside they are Debian, with an os-release of Arch, modules below `/usr/lib/modules` and stand-ins for the neighbours
//! whose hooks ours has to get along with (`arch`). Kernels are Debian's own files in packages of Arch's shape (`kernel`).
//! S31 does not apply: on Arch no kernel has weak links to modules of another one. Of S28 only a package's own hook does: what its
//! scriptlet makes is made before anything could be built. With `--self-test` a stand-in for Arch's arrangement of the original
//! plays (`original`); what it did is shown, not judged.

mod arch;
mod audit;
mod bystander;
mod concurrency;
mod dracut;
mod environment;
mod hostile;
mod image;
mod kernel;
mod kernels;
mod order;
mod original;
mod ours;
mod releases;
mod rescue;
mod scenario;
mod switch;
mod table;
mod test_packages;

use anyhow::Result;

pub(crate) use self::table::TABLE;
use super::transaction;
use crate::request::Request;
use crate::tally::Tally;

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    transaction::run(request, &TABLE)
}
