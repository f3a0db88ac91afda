//! What the hooks of all package managers share: how they start, what they print, and how they end.
//!
//! A hook translates and gets out of the way. It prints a line for each module and kernel that changed, nothing when
//! nothing did, and at the end what will not work. It ends with 0 unless the administrator set the strict policy; it
//! never prompts, never reads a terminal and never asks for the running kernel. What happened is decided by the hook's own
//! few lines, what follows from it by the engine.
#![deny(missing_docs)]

mod journal;
mod lines;
mod logger;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use dkms_engine::cancel::Cancel;
use dkms_engine::environment::Environment;
use dkms_engine::error::Error;
use dkms_engine::event::{Event, Packages, Response, is_strict, respond};
use dkms_engine::report::words;
use dkms_engine::root::Root;
use dkms_engine::setup::{Options, Setup};
use dkms_engine::signals;

pub use lines::Lines;

/// The circumstances of a hook: the whole machine, nothing from the command line. `name` stands in the records of what it
/// builds.
///
/// # Errors
/// As [`Setup::load`].
pub fn setup(name: &str) -> Result<Setup, Error> {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    logger::install();
    let cancel = Cancel::default();
    signals::register(&cancel)?;
    let environment = Environment::new(std::env::vars_os());
    let options = Options { asked_by: name.to_owned(), ..Options::default() };
    Setup::load(Root::open(Path::new("/"))?, environment, &[], options, cancel)
}

/// Responds to an event and shows what came of it.
///
/// # Errors
/// As [`respond`].
pub fn answer(setup: &Setup, event: &Event, packages: &dyn Packages) -> Result<Response, Error> {
    let response = respond(setup, event, packages, &mut Lines::default())?;
    let troubles = response.report.troubles.iter().map(|trouble| words::shown_error(trouble).trim_end().to_owned());
    let told: Vec<String> = troubles.chain(response.problems.iter().cloned()).collect();
    for text in &told {
        say(text);
        journal::send(setup, text);
    }
    Ok(response)
}

/// One text on standard error, each line under our name. Nobody is left to tell when that is closed.
pub fn say(text: &str) {
    let lines: String = text.lines().filter(|line| !line.is_empty()).map(|line| format!("dkms: {line}\n")).collect();
    drop(std::io::stderr().write_all(lines.as_bytes()));
}

/// How the hook ends. An error of its own is told, and fails the hook only where the administrator wants failures.
pub fn end(setup: Option<&Setup>, result: Result<bool, Error>) -> ExitCode {
    let failed = match result {
        Ok(failed) => failed,
        Err(error) => {
            say(&words::shown_error(&error));
            setup.is_some_and(is_strict)
        }
    };
    ExitCode::from(u8::from(failed))
}
