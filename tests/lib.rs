//! The suites of `cargo xtask test`, and the tally that ends a run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer tool talks on the terminal")]

mod arch;
mod conf;
mod crash;
mod debian;
mod dpkg;
mod hostile;
pub mod measured;
mod packages;
mod pacman;
mod parallel;
mod parity;
mod rpm;
mod transaction;
mod unit;
mod vm;

use anyhow::Result;
use clap::{Args, ValueEnum};
use testbed::layer::{self, Layer};
use testbed::ours;

/// What to run.
#[derive(Args)]
pub struct Request {
    /// Only this suite
    #[arg(value_enum)]
    suite: Option<Suite>,
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Also what takes long and needs much from the archive
    #[arg(long)]
    full: bool,
    /// The original in the place of ours: a test of the harness itself
    #[arg(long)]
    twins: bool,
    /// Debug builds of our programs over the package that was built last: for quick rounds of work
    #[arg(long)]
    quick: bool,
}

impl Request {
    /// The layer under test: ours, or the original when the harness itself is tested.
    fn subject(&self, below: &Layer) -> Result<Layer> {
        match (self.twins, self.quick) {
            (true, _) => layer::original(below),
            (false, true) => ours::quick(below),
            (false, false) => ours::layer(below),
        }
    }

    /// Whether all suites are run, and long ones with a part of their rows only.
    fn is_brief(&self) -> bool {
        self.suite.is_none() && !self.full
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text.as_str()))
    }
}

/// A set of tests with one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// `cargo test` of the workspace
    Unit,
    /// What `dkms.conf` files mean, compared with bash
    Conf,
    /// The same commands with the original and with ours
    Parity,
    /// Bad input, full disks, killed runs
    Hostile,
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
    /// dkms killed at its steps, and run again
    Crash,
}

impl Suite {
    /// Whether it is left out unless it is named or everything is asked for: it compiles the programs anew for the libalpm of
    /// two releases, or builds for hours.
    fn is_long(self) -> bool {
        matches!(self, Suite::Arch | Suite::Packages)
    }
}

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Tally {
    /// Counts one check.
    pub(crate) fn count(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs the suites asked for; true if nothing failed.
pub fn run(request: &Request) -> Result<bool> {
    let mut total = Tally::default();
    for suite in Suite::value_variants() {
        if !request.suite.map_or(request.full || !suite.is_long(), |wanted| wanted == *suite) {
            continue;
        }
        let name = format!("{suite:?}").to_lowercase();
        println!("suite {name}");
        // A suite that cannot run at all is a failure of the run, but the others still get their turn.
        let tally = one(*suite, request).unwrap_or_else(|error| {
            eprintln!("error: suite {name}: {error:#}");
            Tally { passed: 0, failed: 1 }
        });
        println!("suite {name}: {} passed, {} failed", tally.passed, tally.failed);
        total.add(tally);
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

fn one(suite: Suite, request: &Request) -> Result<Tally> {
    match suite {
        Suite::Unit => unit::run(),
        Suite::Conf => conf::run(request.only.as_deref()),
        Suite::Parity => parity::run(request),
        Suite::Hostile => hostile::run(request),
        Suite::Debian => debian::run(request),
        Suite::Dpkg => dpkg::run(request),
        Suite::Arch => arch::run(request),
        Suite::Pacman => pacman::run(request),
        Suite::Rpm => rpm::run(request),
        Suite::Packages => packages::run(request),
        Suite::Vm => vm::run(request),
        Suite::Crash => crash::run(request),
    }
}
