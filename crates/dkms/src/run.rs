//! One run from argv to the status: what every verb has in common.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::tree;
use dkms_engine::layout::OS_RELEASE;
use dkms_engine::run::Writer;
use dkms_engine::system::cancel::Cancel;
use dkms_engine::system::environment::Environment;
use dkms_engine::system::root::Root;
use dkms_engine::system::signals;
use indicatif::MultiProgress;

use crate::arguments::{Arguments, Place};
use crate::command_line::{CommandLine, Parsed, parse};
use crate::logger::{Logger, level};
use crate::output::Output;
use crate::preconditions::Rights;
use crate::session::Session;
use crate::verb::Verb;
use crate::watch::Watcher;
use crate::{exit, kernels, preconditions, problem, verbs};

/// Carries out a command line (without the program's name) and says how the process is to end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::of_this_process();
    let line = match parse(arguments) {
        Parsed::Run(line) => *line,
        Parsed::Show(text) => return exit::code(&Output::new(false).write(&text).map_err(Into::into)),
        Parsed::Refused(text) => {
            complain(&text);
            return ExitCode::from(exit::USAGE);
        }
    };
    let progress = MultiProgress::new();
    Logger::install(level(line.verbose, line.debug), progress.clone());
    let result = carry_out(line, environment, &progress);
    if let Some(text) = result.as_ref().err().and_then(problem::text) {
        complain(&text);
    }
    exit::code(&result)
}

/// Standard error may be closed; then there is no reader.
fn complain(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}

fn carry_out(line: CommandLine, environment: Environment, progress: &MultiProgress) -> Result<()> {
    let root = root(line.root.as_deref())?;
    let working = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let place = Place { root: &root, working: &working };
    let arguments = Arguments::resolve(line, place)?;
    kernels::check(arguments.verb, &arguments.line)?;
    warn_of_words(&arguments);
    if !OS_RELEASE.iter().any(|path| root.exists(Path::new(path))) {
        return Err(Error::OsRelease.into());
    }
    let cancel = Cancel::default();
    signals::register(&cancel);
    let session = Session::new(arguments, place, environment, cancel)?;
    heal(&session, progress);
    check(&session)?;
    verbs::run(&session, progress)
}

/// A removal that was cut off must not be refused because half of it is done.
fn heal(session: &Session, progress: &MultiProgress) {
    let reads = matches!(
        session.arguments.verb,
        Verb::Status
            | Verb::Plan
            | Verb::Verify
            | Verb::Match
            | Verb::Mktarball
            | Verb::Mok
            | Verb::Log
            | Verb::Explain
    );
    if reads || session.arguments.line.no_depmod || !rustix::process::geteuid().is_root() {
        return;
    }
    // What the removals of one transaction put off is not to be done by the next one of them.
    if session.caller.has_end() {
        return;
    }
    let mut watcher = Watcher::new(session, progress, false);
    if let Err(error) = dkms_engine::run::heal(&session.setup, &mut Writer::default(), &mut watcher) {
        log::warn!("{error}");
    }
}

fn check(session: &Session) -> Result<()> {
    let setup = &session.setup;
    let tree = &setup.layout.tree;
    let root = rustix::process::geteuid().is_root();
    // A tree that is not there yet is made by root alone.
    let tree_writable = setup.root.is_writable(tree) || (root && !setup.root.exists(tree));
    let rights = Rights { root, tree_writable, tree };
    preconditions::check(
        &session.arguments,
        rights,
        |module| tree::registration(setup, module),
        |module| setup.layout.source_link(module),
    )
}

/// The root directory under its real name, so that the working directory can be compared with it.
#[expect(clippy::disallowed_methods, reason = "where the caller stands decides which root there is")]
fn root(option: Option<&str>) -> Result<Root> {
    let Some(path) = option.map(Path::new) else { return Ok(Root::open(Path::new("/"))?) };
    let real = std::fs::canonicalize(path).map_err(Error::io("open", path))?;
    Ok(Root::open(&real)?)
}

fn warn_of_words(arguments: &Arguments) {
    for word in &arguments.ignored {
        log::warn!("`{word}` is an extra argument and is ignored");
    }
    let line = &arguments.line;
    for (given, option) in [
        (line.no_initrd, "--no-initrd"),
        (line.no_clean_kernel, "--no-clean-kernel"),
        (line.no_prepare_kernel, "--no-prepare-kernel"),
    ] {
        if given {
            log::warn!("{option} has no effect any more");
        }
    }
}
