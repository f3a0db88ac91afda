//! Suite `rpm`: every applicable row of the transaction table with rpm, dnf4, dnf5 and zypper, in roots like Fedora's.
//!
//! Kernels are Debian's files in packages of Fedora's shape, with scripts that call the real kernel-install; dracut is a
//! stand-in whose image is a list. Builds are counted from outside, as in suite `dpkg`.

mod audit;
mod boot;
mod dracut;
mod fedora;
mod ground;
mod kernel;
mod kernels;
mod like;
mod made;
mod modules;
mod original;
mod ours;
mod rescue;
mod scenario;
mod suse;
mod switch;
mod tool;
mod tools;
mod weak;

use anyhow::Result;

pub(crate) use self::ground::Ground;
use super::{Request, Tally, transaction};

/// A root in which rpm runs transactions.
type Stage<'a> = transaction::Stage<'a, Ground>;

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    transaction::run::<Ground>(request)
}
