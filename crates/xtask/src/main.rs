//! Developer tasks: demo, tests, benchmarks, generated files and packages.
//!
//! `main` reads the command line and calls one function of the module named like the task; it knows nothing of roots,
//! kernels or packages. Everything heavy is kept in `/var/cache/dkms-rs` and made again when that directory is empty.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer tool talks on the terminal")]

mod bench;
mod check;
mod demo;
mod floors;
mod fuzz;
mod generate;
mod inside;
mod package;
mod roff;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks of dkms-rs")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure against the original and against bare make; prints a table and JSON lines
    Bench(bench::Request),
    /// Compare the generated files in the tree with what would be generated now
    Check,
    /// Run the main job in a Debian root and show each step
    Demo,
    /// Feed parsers of foreign bytes with whatever libFuzzer thinks of
    Fuzz(fuzz::Request),
    /// Write the generated files: manual pages, completions, schema
    Generate,
    /// Run a line of bash in a fresh root over a layer, to look at things
    In(inside::Request),
    /// Build our package and, for Debian, let lintian judge it
    Package(package::Request),
    /// Run all suites, or one of them, and print a tally
    Test(dkms_suites::Request),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<bool> {
    match arguments.task {
        Task::Bench(request) => bench::run(&request),
        Task::Check => check::run(),
        Task::Demo => demo::run().map(|()| true),
        Task::Fuzz(request) => fuzz::run(&request),
        Task::Generate => generate::run().map(|()| true),
        Task::In(request) => inside::run(&request),
        Task::Package(request) => package::run(&request).map(|()| true),
        Task::Test(request) => dkms_suites::run(&request),
    }
}
