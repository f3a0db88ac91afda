//! What our hook costs at the end of every transaction that concerns it and calls for nothing: under 10 ms and 20 MB.

use anyhow::{Context, Result};

use super::contest::Contest;
use super::lap::{laps, median};
use super::row::Row;
use super::tiny::{self, Size};
use crate::layer::{self, Kernels};
use crate::ours;

const HOOK: &str = "/usr/lib/dkms/hook triggered /usr/src";

/// With 10 modules for 5 kernels, all installed. The original has no hook to compare with.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    if contest.twins() {
        return Ok(Vec::new());
    }
    let below = ours::layer(&layer::kernel(&Kernels::of_archive()?)?)?;
    let below = below.extend("time", "1", |root| root.apt_install(&["time"]))?;
    let root = tiny::root_over(&below, "/usr/sbin/dkms", Size { modules: 10, kernels: 5 })?;
    // The first run may write down what it found, once nothing of it is brand-new.
    root.must(&format!("sleep 3; {HOOK}"))?;
    let wall = median(laps(&root, contest.quick_laps(), HOOK)?.iter().map(|lap| lap.wall));
    let told = root.must(&format!("/usr/bin/time -f %M {HOOK} 2>&1 | tail -n 1"))?.stdout;
    let kilobytes: f64 = told.trim().parse().with_context(|| format!("memory of the hook: `{told}`"))?;
    let title = "hook, nothing to do";
    Ok(vec![Row::under(title, wall, 0.010), Row::smaller(title, kilobytes / 1024.0, 20.0)])
}
