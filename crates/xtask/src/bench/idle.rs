//! `dkms autoinstall` with nothing to do, 10 modules for 5 kernels: under 20 ms and at least 100 times faster.

use anyhow::Result;

use super::contest::{Contest, ORIGINAL};
use super::lap::{laps, median};
use super::row::Row;
use super::tiny::{self, Size};

/// The original has no way to say "all kernels" but one run for each.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    let size = Size { modules: 10, kernels: 5 };
    let root = tiny::root(contest, size)?;
    let each = format!("for kernel in $(ls /lib/modules); do {ORIGINAL} autoinstall -k $kernel || exit; done");
    let original = median(laps(&root, contest.rounds, &each)?.iter().map(|lap| lap.wall));
    let all = format!("{} autoinstall --all-kernels", contest.ours);
    let line = if contest.ours == ORIGINAL { &each } else { &all };
    let ours = median(laps(&root, contest.quick_laps(), line)?.iter().map(|lap| lap.wall));
    let title = "autoinstall, nothing to do";
    Ok(vec![Row::under(title, ours, 0.020), Row::faster(title, ours, original, 100.0)])
}
