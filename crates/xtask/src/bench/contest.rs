//! The two sides of a benchmark: the original's package and our release build, both in one layer.
//!
//! Ours lies beside the original, not in its place, so that both read the same tree in the same root.

use std::path::Path;

use anyhow::Result;
use testbed::command::Cmd;
use testbed::layer::{self, Layer};
use testbed::{cache, disk};

/// Where the original's program is in a root.
pub(super) const ORIGINAL: &str = "/usr/sbin/dkms";

/// Where ours is put.
const OURS: &str = "/opt/dkms-rs/dkms";

/// Who competes, and how long.
#[derive(Debug)]
pub(super) struct Contest {
    /// Our program in a root; the original's when the benchmark itself is tested.
    pub(super) ours: &'static str,
    /// Laps of each side that builds.
    pub(super) rounds: usize,
    /// Fewer rows: the benchmark itself is tested.
    pub(super) small: bool,
    /// Only transactions whose name contains this.
    only: Option<String>,
}

impl Contest {
    /// Whether the original plays both sides.
    pub(super) fn self_test(&self) -> bool {
        self.ours == ORIGINAL
    }

    /// Builds our program as it is released.
    pub(super) fn new(self_test: bool, small: bool, rounds: usize, only: Option<String>) -> Result<Contest> {
        if !self_test {
            Cmd::new("cargo").args(["build", "--quiet", "--release", "--package", "dkms"]).run()?;
        }
        Ok(Contest { ours: if self_test { ORIGINAL } else { OURS }, rounds, small, only })
    }

    /// Whether a transaction is to be played.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text.as_str()))
    }

    /// Laps of ours where it takes milliseconds: a single one would tell more of the machine than of the program.
    pub(super) fn quick_laps(&self) -> usize {
        if self.self_test() { 1 } else { 31 }
    }

    /// Both programs over `below`.
    pub(super) fn over(&self, below: &Layer) -> Result<Layer> {
        let original = layer::original(below)?;
        if self.self_test() {
            return Ok(original);
        }
        let program = Path::new("target/release/dkms");
        let recipe = cache::digest(&disk::bytes(program)?);
        original.extend("release", &recipe, |root| disk::copy(program, &root.path(OURS)))
    }
}
