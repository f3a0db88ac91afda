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
mod request;
mod rpm;
mod secureboot;
mod tally;
mod transaction;
mod unit;
mod vm;

use anyhow::Result;
use clap::ValueEnum;

pub use self::request::Request;
use self::request::Suite;
use self::tally::Tally;

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
        Suite::Verify => hostile::run_in(request, std::path::Path::new("tests/verify")),
        Suite::Debian => debian::run(request),
        Suite::Dpkg => dpkg::run(request),
        Suite::Arch => arch::run(request),
        Suite::Pacman => pacman::run(request),
        Suite::Rpm => rpm::run(request),
        Suite::Packages => packages::run(request),
        Suite::Vm => vm::run(request),
        Suite::Secureboot => secureboot::run(request),
        Suite::Crash => crash::run(request),
    }
}
