//! `dkms status`: with 500 rows at least 500 times faster than the original and under 50 ms, with one row under 5 ms.

use anyhow::{Result, ensure};

use super::contest::{Contest, ORIGINAL};
use super::lap::{laps, median};
use super::row::Row;
use super::tiny::{self, Size};

/// Both sides on one tree; that they print the same lines is checked first.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    let size = Size { modules: if contest.small { 5 } else { 50 }, kernels: if contest.small { 5 } else { 10 } };
    let root = tiny::root(contest, size)?;
    let status = format!("{} status", contest.ours);
    let ours = median(laps(&root, contest.quick_laps(), &status)?.iter().map(|lap| lap.wall));
    // The original takes minutes: one lap, and its output is the one that is compared.
    let original =
        median(laps(&root, 1, &format!("{ORIGINAL} status | sort > /tmp/original"))?.iter().map(|lap| lap.wall));
    root.must(&format!("{status} | sort | diff /tmp/original -"))?;
    let rows = root.must("wc -l < /tmp/original")?.stdout;
    ensure!(rows.trim() == size.rows().to_string(), "the tree has {rows} rows, not {}", size.rows());

    let single = tiny::root(contest, Size { modules: 1, kernels: 1 })?;
    let one = median(laps(&single, contest.quick_laps(), &status)?.iter().map(|lap| lap.wall));

    let title = format!("status, {} rows", size.rows());
    Ok(vec![
        Row::faster(&title, ours, original, 500.0),
        Row::under(&title, ours, 0.050),
        Row::under("status, 1 row", one, 0.005),
    ])
}
