//! What the hooks of all package managers share: how they start, what they print, and how they end.
//!
//! A hook translates and gets out of the way. It prints a line for each module and kernel that changed, nothing when
//! nothing did, and at the end what will not work. It ends with 0 unless the administrator set the strict policy; it
//! never prompts, never reads a terminal and never asks for the running kernel. What happened is decided by the hook's own
//! few lines, what follows from it by the engine.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

mod forecast;
mod journal;
mod lines;
mod logger;

use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;

use dkms_engine::error::Error;
use dkms_engine::event::{Event, Response, is_strict, respond};
use dkms_engine::report::words;
use dkms_engine::setup::{Options, Setup};
use dkms_engine::system::cancel::Cancel;
use dkms_engine::system::environment::Environment;
use dkms_engine::system::root::Root;
use dkms_engine::system::signals;
use dkms_engine::transaction::Packages;

pub use forecast::forecast;
pub use lines::Lines;

/// The whole of a hook's `main`: `act` gets the words of the command line.
///
/// What the process inherited is put in order first, and a defect of ours, wherever it is, ends with 0.
pub fn main(act: impl FnOnce(&Hook, &[&str]) -> ExitCode) -> ExitCode {
    let guarded = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let hook = Hook { environment: Environment::of_this_process() };
        logger::install();
        let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        act(&hook, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }));
    guarded.unwrap_or(ExitCode::SUCCESS)
}

/// A hook that was begun by [`main`].
#[derive(Debug)]
pub struct Hook {
    environment: Environment,
}

impl Hook {
    /// Runs it: `act` says whether it is to fail. `name` stands in the records of what it builds.
    ///
    /// It ends with 0 whatever goes wrong, unless the administrator wants failures.
    pub fn run(&self, name: &str, act: impl FnOnce(&Setup) -> Result<bool, Error>) -> ExitCode {
        match self.setup(name) {
            Ok(setup) => ExitCode::from(u8::from(fails(&setup, act))),
            Err(error) => {
                say(&words::shown_error(&error));
                ExitCode::SUCCESS
            }
        }
    }

    /// The circumstances of a hook: the whole machine, nothing from the command line.
    fn setup(&self, name: &str) -> Result<Setup, Error> {
        let cancel = Cancel::default();
        signals::register(&cancel);
        let options = Options { asked_by: name.to_owned(), ..Options::default() };
        Setup::load(Root::open(Path::new("/"))?, self.environment.clone(), &[], options, cancel)
    }
}

fn fails(setup: &Setup, act: impl FnOnce(&Setup) -> Result<bool, Error>) -> bool {
    // A panic has been reported by its own message; what was half-done is healed by the next run.
    match std::panic::catch_unwind(AssertUnwindSafe(|| act(setup))) {
        Ok(Ok(failed)) => failed,
        Ok(Err(error)) => {
            say(&words::shown_error(&error));
            is_strict(setup)
        }
        Err(_) => is_strict(setup),
    }
}

/// Responds to an event and shows what came of it.
///
/// # Errors
/// As [`respond`].
pub fn answer(setup: &Setup, event: &Event, packages: &dyn Packages) -> Result<Response, Error> {
    let mut lines = Lines::default();
    let response = respond(setup, event, packages, &mut lines)?;
    lines.finish();
    let troubles = response.report.troubles.iter().map(|trouble| words::shown_error(trouble).trim_end().to_owned());
    let reported: Vec<String> = troubles.chain(response.problems.iter().cloned()).collect();
    for text in &reported {
        say(text);
        journal::send(setup, text);
    }
    Ok(response)
}

/// The machine's root, for what is needed before there are settings.
pub fn root() -> Option<Root> {
    Root::open(Path::new("/")).map_err(|error| log::debug!("{error}")).ok()
}

/// What a package manager writes to our standard input, to its end: some complain about a hook that does not read it.
/// What is no text is none of ours, and nothing at all is no error: what is to be done is seen on the disk.
pub fn paths() -> String {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
        log::debug!("the list of paths: {error}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One text on standard error, each line under our name. If that is closed, there is no reader.
pub fn say(text: &str) {
    let lines: String = text.lines().filter(|line| !line.is_empty()).map(|line| format!("dkms: {line}\n")).collect();
    drop(std::io::stderr().write_all(lines.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(settings: &str) -> (tempfile::TempDir, Setup) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        root.writable().create_dir_all(Path::new("/etc/dkms")).unwrap();
        for (path, text) in [("/etc/os-release", "ID=debian\n"), ("/etc/dkms/framework.conf", settings)] {
            root.writable().create_new(Path::new(path), 0o644).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let setup = Setup::load(root, Environment::default(), &[], Options::default(), Cancel::default()).unwrap();
        (directory, setup)
    }

    #[test]
    fn a_defect_before_there_are_settings_is_no_failure_either() {
        let code = main(|_, _| panic!("a defect, on purpose"));
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn nothing_of_ours_fails_a_transaction_unless_the_administrator_is_strict() {
        for (settings, strict) in [("", false), ("on_failure=fail\n", true)] {
            let (_directory, setup) = setup(settings);
            assert!(!fails(&setup, |_| Ok(false)));
            assert!(fails(&setup, |_| Ok(true)));
            assert_eq!(fails(&setup, |_| Err(Error::OsRelease)), strict);
            assert_eq!(fails(&setup, |_| panic!("a defect, on purpose")), strict);
        }
    }
}
