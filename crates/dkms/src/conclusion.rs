//! From the report of a run to the end of the process: which of many failures decides the status.

use anyhow::Result;
use dkms_conf::framework::OnFailure;
use dkms_engine::error::Error;
use dkms_engine::plan::{Settled, Why};
use dkms_engine::report::{Entry, Outcome, Report};
use dkms_engine::target::KernelId;

use crate::exit::{self, Told};
use crate::reason;
use crate::session::Session;
use crate::verb::Verb;

/// Ends a verb: everything that failed has been told by the watcher, only the number is left.
///
/// A person's verb ends with the failure of the first kernel, in the order in which the kernels were named. An automatic
/// run ends with its own number if anything failed.
///
/// # Errors
/// `Told`.
pub(crate) fn of(session: &Session, report: &Report, kernels: &[KernelId]) -> Result<()> {
    let status = status(session, report, kernels);
    if session.arguments.line.hook { in_hook(session, report, status) } else { ended(status) }
}

fn ended(status: u8) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(Told(status).into()) }
}

fn status(session: &Session, report: &Report, kernels: &[KernelId]) -> u8 {
    if let Some(interrupted) = report.errors().find(|error| matches!(error, Error::Interrupted { .. })) {
        return exit::of_error(interrupted);
    }
    let verb = session.arguments.verb;
    let mut failures: Vec<(usize, u8)> = Vec::new();
    for entry in &report.entries {
        let position = kernels.iter().position(|kernel| entry.kernel.as_ref() == Some(kernel)).unwrap_or(kernels.len());
        if let Some(status) = entry_status(session, entry) {
            failures.push((position, status));
        }
    }
    failures.extend(report.troubles.iter().map(|error| (kernels.len(), exit::of_error(error))));
    // The first of the first kernel: the sort keeps the order of equal places.
    failures.sort_by_key(|(position, _)| *position);
    let first = failures.first().map_or(0, |(_, status)| *status);
    match verb {
        _ if first == 0 => 0,
        // Without headers nothing was tried at all.
        Verb::Autoinstall | Verb::KernelPostinst if failures.iter().all(|(_, status)| *status == exit::HEADERS) => {
            first
        }
        _ => exit::of_many(verb, first),
    }
}

/// What one entry alone would end the run with; `None` if it is no failure.
fn entry_status(session: &Session, entry: &Entry) -> Option<u8> {
    let automatic = is_automatic(session.arguments.verb);
    match &entry.outcome {
        Outcome::Done(_) => None,
        Outcome::Failed { error, .. } => Some(exit::of_error(error)),
        // What it waited for has failed, and that is in the report as well.
        Outcome::NotTried { .. } => None,
        Outcome::Settled(why) => {
            let settled = Settled { module: entry.module.clone(), kernel: entry.kernel.clone(), why: why.clone() };
            let error = reason::error(&settled, &session.setup.layout);
            match why {
                Why::HeadersMissing { .. } => Some(exit::HEADERS),
                _ if automatic => reason::fails_automatic(why).then_some(exit::AUTOINSTALL),
                _ => error.as_ref().map(exit::of_error),
            }
        }
    }
}

/// Verbs that nobody names modules to.
pub(crate) fn is_automatic(verb: Verb) -> bool {
    verb == Verb::Autoinstall || verb.is_kernel_hook()
}

/// A hook ends with 0, so that one module does not stop a transaction, unless the administrator wants that. Its own
/// failures are 1: what a package manager makes of other numbers is not ours to know.
fn in_hook(session: &Session, report: &Report, status: u8) -> Result<()> {
    let framework = &session.setup.framework;
    let excluded = report.entries.iter().any(|entry| matches!(entry.outcome, Outcome::Settled(Why::Excluded { .. })));
    let strict = framework.on_failure() == OnFailure::Fail;
    let failed = strict && status != 0 && status != exit::EXCLUDED && status != exit::HEADERS;
    let unsupported = excluded && framework.on_unsupported_kernel() == OnFailure::Fail;
    if failed || unsupported { Err(Told(1).into()) } else { Ok(()) }
}
