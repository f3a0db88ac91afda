//! `cargo xtask bench`: how long our `dkms` takes, against the original and against bare `make`, in one run.
//!
//! A ratio holds only between laps of the same run on the same machine: whatever else the machine does slows both sides.
//! So the sides take turns, medians are compared, and the load is shown with the result. Never part of the tests.

mod builds;
mod contest;
mod duel;
mod hook;
mod idle;
mod lap;
mod machine;
mod packages;
mod row;
mod status;
mod tiny;
mod transactions;

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::contest::Contest;
use self::machine::Machine;
use self::row::Row;

/// What to measure.
#[derive(Args)]
pub(crate) struct Request {
    /// Only this benchmark
    #[arg(value_enum)]
    bench: Option<Bench>,
    /// Of the transactions only those whose name contains this: `dpkg/`, `rpm/S1`
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Laps of each side that builds; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// One lap, and a twentieth of the rows: a test of the benchmark itself
    #[arg(long)]
    small: bool,
    /// The original in the place of ours: a test of the benchmark itself
    #[arg(long, alias = "twins")]
    self_test: bool,
}

/// A benchmark with its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// `dkms status` with 500 rows, and with one
    Status,
    /// `dkms autoinstall` with nothing to do: 10 modules, 5 kernels
    Idle,
    /// `dkms install` of one module
    Install,
    /// `dkms autoinstall` of five modules for a new kernel
    Autoinstall,
    /// Every transaction of suites `dpkg`, `pacman` and `rpm`, counted and timed
    Transactions,
    /// Our hooks at the end of a transaction, with nothing to do: 10 modules, 5 kernels
    Hook,
}

/// Measures and prints; true if every target is met.
pub(crate) fn run(request: &Request) -> Result<bool> {
    let machine = Machine::now()?;
    println!("{machine}");
    let rounds = if request.small { 1 } else { request.rounds.max(1) };
    let contest = Contest::new(request.self_test, request.small, rounds, request.only.clone())?;
    let mut rows: Vec<Row> = Vec::new();
    for bench in Bench::value_variants().iter().filter(|bench| request.bench.is_none_or(|only| only == **bench)) {
        println!("measuring {}", format!("{bench:?}").to_lowercase());
        rows.extend(match bench {
            Bench::Status => status::run(&contest)?,
            Bench::Idle => idle::run(&contest)?,
            Bench::Install => builds::install(&contest)?,
            Bench::Transactions => transactions::run(&contest)?,
            Bench::Hook => hook::run(&contest)?,
            Bench::Autoinstall => builds::autoinstall(&contest)?,
        });
    }
    println!();
    row::table(&rows);
    println!();
    println!("{}", serde_json::to_string(&Machine::now()?)?);
    for row in &rows {
        println!("{}", serde_json::to_string(row)?);
    }
    Ok(rows.iter().all(Row::met))
}
