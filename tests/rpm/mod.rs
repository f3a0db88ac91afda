//! Suite `rpm`: every applicable row of the transaction table with rpm, dnf4, dnf5 and zypper, in roots like Fedora's.
//!
//! Kernels are Debian's files in packages of Fedora's shape, with scripts that call the real kernel-install; dracut is a
//! stand-in whose image is a list. Builds are counted from outside, as in suite `dpkg`.

mod audit;
mod boot;
mod dracut;
mod environment;
mod fedora;
mod kernel;
mod kernels;
mod like;
mod modules;
mod original;
mod ours;
mod releases;
mod rescue;
mod suse;
mod switch;
mod table;
mod test_packages;
mod tool;
mod tools;
mod weak;

use anyhow::Result;

use self::environment::Environment;
pub(crate) use self::table::TABLE;
use super::transaction;
use crate::request::Request;
use crate::tally::Tally;

/// A root in which rpm runs transactions.
type Scenario<'a> = transaction::Scenario<'a, Environment>;

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    transaction::run(request, &TABLE)
}
