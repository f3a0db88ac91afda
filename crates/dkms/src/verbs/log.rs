//! `dkms log NAME[/VERSION]`: the log of the last attempt to build a module for a kernel, or of the one before. What came of it
//! and the first error are above it; the log itself is shown as it is, byte by byte.

use std::io::{self, ErrorKind, Seek};

use anyhow::Result;
use dkms_engine::build::first_error::{self, Seen};
use dkms_engine::error::Error;
use dkms_engine::facts::attempts::{self, Trial};
use dkms_engine::report::time;
use dkms_engine::target::Target;

use crate::refusal::Refusal;
use crate::session::Session;
use crate::subjects::Subjects;

/// Logs that an error names.
const NAMED: usize = 5;

/// Shows it.
///
/// # Errors
/// `NoLog`, `LogUnreadable`, those of [`Subjects::of`], and what writing to standard output gives.
pub(super) fn run(session: &Session) -> Result<()> {
    let setup = &session.setup;
    let subjects = Subjects::of(session)?;
    let targets = subjects.targets(session)?;
    let is_previous = session.arguments.line.previous;
    let last = |target: &Target| attempts::last(setup, target);
    // Of several versions the one that was tried last.
    let Some(target) = targets.iter().max_by_key(|target| last(target).map(|trial| trial.ended)) else {
        return Err(Refusal::NoName { verb: session.arguments.verb }.into());
    };
    let found = if is_previous { attempts::previous(setup, target) } else { last(target) };
    let Some(trial) = found else { return Err(missing(session, &subjects, target).into()) };
    let mut file = match attempts::open(setup, &trial.log) {
        Ok(file) => file,
        // Another process removes the module.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Err(missing(session, &subjects, target).into());
        }
        Err(Error::Io { source, path, .. }) if source.kind() == ErrorKind::Other => {
            return Err(Refusal::LogUnreadable { path, reason: source.to_string() }.into());
        }
        Err(error) => return Err(error.into()),
    };
    let complaint = match (&trial.attempt, trial.is_built) {
        (Some(attempt), _) => attempt.failure.as_ref().and_then(|failure| failure.first_error.clone()),
        (None, Some(false)) => {
            let build = setup.layout.build(&target.module);
            first_error::read(&file, &Seen { build: &build.to_string_lossy(), kernel: &[] }).text()
        }
        (None, _) => None,
    };
    file.rewind().map_err(|error| io::Error::new(error.kind(), format!("cannot read the log: {error}")))?;
    session.output.write(&head(&trial, complaint.as_deref()))?;
    Ok(session.output.copy(file)?)
}

/// What stands above a log: silent about what is not known.
fn head(trial: &Trial, complaint: Option<&str>) -> String {
    let failure = trial.attempt.as_ref().and_then(|attempt| attempt.failure.as_ref());
    let what = match trial.is_built {
        Some(true) => "built",
        Some(false) => "failed",
        None => "ended",
    };
    let why = failure.map(|failure| format!(": {}", failure.message)).unwrap_or_default();
    let complaint = complaint.map(|lines| format!("first error: {}\n", lines.replace('\n', "\n  ")));
    let ended = time::local(trial.ended);
    format!("result: {what} on {ended}{why}\n{}log: {}\n\n", complaint.unwrap_or_default(), trial.log.display())
}

/// Why there is none, with those that there are, the one of the same version first.
fn missing(session: &Session, subjects: &Subjects, target: &Target) -> Refusal {
    let is_previous = session.arguments.line.previous;
    if is_previous && subjects.logged.contains(target) {
        return Refusal::NoPreviousLog { command: command(session, target) };
    }
    let mut others: Vec<&Target> = subjects.logged.iter().filter(|other| *other != target).collect();
    others.sort_by_key(|other| other.module != target.module);
    let commands = others.iter().take(NAMED).map(|other| command(session, other)).collect();
    Refusal::NoLog { target: target.clone(), commands, more: others.len().saturating_sub(NAMED) }
}

/// What shows the log of a target.
fn command(session: &Session, target: &Target) -> String {
    let Target { module, kernel } = target;
    let arch = if kernel.arch == session.setup.machine.arch { String::new() } else { format!("/{}", kernel.arch) };
    format!("dkms log {module} -k {}{arch}", kernel.release)
}

#[cfg(test)]
mod tests {
    use dkms_engine::record::{Attempt, Failure, Format};

    use super::*;

    #[test]
    fn what_is_not_known_is_not_said() {
        let failure = Failure { message: "it is broken".into(), first_error: None, advice: None };
        let attempt = |failure| Attempt {
            format: Format,
            ended: 0,
            duration_ms: 0,
            asked_by: String::new(),
            because: String::new(),
            changes: Vec::new(),
            failure,
        };
        let trial = |is_built, attempt| Trial { log: "/make.log".into(), ended: 0, is_built, attempt };
        let shown = |trial: Trial, complaint| {
            let head = head(&trial, complaint);
            let (first, rest) = head.split_once('\n').unwrap();
            (first.split(" on ").next().unwrap().to_owned(), first.ends_with(": it is broken"), rest.to_owned())
        };
        let log = "log: /make.log\n\n".to_owned();
        assert_eq!(shown(trial(Some(true), Some(attempt(None))), None), ("result: built".into(), false, log.clone()));
        assert_eq!(shown(trial(None, None), None), ("result: ended".into(), false, log.clone()));
        let failed = trial(Some(false), Some(attempt(Some(failure))));
        let expected = ("result: failed".into(), true, format!("first error: a\n  b\n{log}"));
        assert_eq!(shown(failed, Some("a\nb")), expected);
    }
}
