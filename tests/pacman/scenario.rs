//! The root of a scenario, with pacman.

use anyhow::Result;

use super::arch::pacman;
use super::environment::Environment;
pub(super) use crate::transaction::Step;

/// A root in which pacman runs transactions.
pub(crate) type Scenario<'a> = crate::transaction::Scenario<'a, Environment>;

impl Scenario<'_> {
    /// A transaction of pacman that counts.
    pub(super) fn pacman(&self, args: &str) -> Result<Step> {
        self.run(&pacman(args))
    }

    /// Installs files of packages; those that are there are replaced, by whatever version.
    pub(super) fn upgrade(&self, packages: &str) -> Result<Step> {
        self.pacman(&format!("-U {packages}"))
    }
}
