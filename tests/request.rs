//! What a run of `cargo xtask test` is asked for.

use anyhow::Result;
use clap::{Args, ValueEnum};
use testbed::layer::{self, Layer};
use testbed::ours;

/// What to run.
#[derive(Args)]
pub struct Request {
    /// Only this suite
    #[arg(value_enum)]
    pub(crate) suite: Option<Suite>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Also what takes long and needs much from the archive
    #[arg(long)]
    pub(crate) full: bool,
    /// The original in the place of ours: a test of the harness itself
    #[arg(long, alias = "twins")]
    pub(crate) self_test: bool,
    /// Debug builds of our programs over the package that was built last: for quick rounds of work
    #[arg(long)]
    pub(crate) quick: bool,
}

impl Request {
    /// The layer under test: ours, or the original when the harness itself is tested.
    pub(crate) fn subject(&self, below: &Layer) -> Result<Layer> {
        match (self.self_test, self.quick) {
            (true, _) => layer::original(below),
            (false, true) => ours::quick(below),
            (false, false) => ours::layer(below),
        }
    }

    /// Whether all suites are run, and long ones with a part of their rows only.
    pub(crate) fn is_brief(&self) -> bool {
        self.suite.is_none() && !self.full
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text.as_str()))
    }
}

/// A set of tests with one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// `cargo test` of the workspace
    Unit,
    /// What `dkms.conf` files mean, compared with bash
    Conf,
    /// The same commands with the original and with ours
    Parity,
    /// Bad input, full disks, killed runs
    Hostile,
    /// What keeps modules from being there at the next boot, planted and found
    Verify,
    /// Real apt transactions with our package
    Debian,
    /// Every transaction of the table, its builds counted from outside
    Dpkg,
    /// Our packages for pacman, as makepkg makes and pacman installs them
    Arch,
    /// The same table with a real pacman in roots like Arch's
    Pacman,
    /// The same table with rpm, dnf4, dnf5 and zypper in roots like Fedora's
    Rpm,
    /// Heavy packages of the archive for two kernels, with the original and with ours
    Packages,
    /// A built module loaded by a real kernel in QEMU
    Vm,
    /// What kernels make of signatures under Secure Boot, foretold and seen in QEMU
    Secureboot,
    /// dkms killed at its steps, and run again
    Crash,
}

impl Suite {
    /// Whether it is left out unless it is named or everything is asked for: it compiles the programs anew for the libalpm of
    /// two releases, or builds for hours.
    pub(crate) fn is_long(self) -> bool {
        matches!(self, Suite::Arch | Suite::Packages)
    }
}
