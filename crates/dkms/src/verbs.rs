//! One file for each verb, or for two that differ only in their goal: its arguments, what it does, what it prints.
//!
//! Verbs that build, install or take away differ only in their goal and share [`achieve`].

mod add;
mod autoinstall;
mod build;
pub mod explain;
mod generate_mok;
mod kernel_hooks;
mod ldtarball;
mod log;
mod match_kernel;
mod mktarball;
pub mod mok;
pub mod plan;
mod remove;
pub mod status;
mod unbuild;
mod verify;

use std::collections::BTreeSet;

use anyhow::Result;
use dkms_engine::plan::{Goal, Request};
use dkms_engine::report::Report;
use dkms_engine::run::{self, Depmod, RunOptions, Writer};
use dkms_engine::target::KernelId;
use indicatif::MultiProgress;

use crate::session::Session;
use crate::verb::Verb;
use crate::watch::Watcher;
use crate::{conclusion, registration};

/// Runs the verb of the session.
///
/// # Errors
/// Whatever keeps the verb from its end; `Reported` when modules failed and that was said.
pub(crate) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    if session.arguments.plan {
        return plan::run(session);
    }
    match session.arguments.verb {
        Verb::Add => add::run(session, progress),
        Verb::Autoinstall => autoinstall::run(session, progress),
        Verb::Build | Verb::Install => build::run(session, progress),
        Verb::Explain => explain::run(session),
        Verb::GenerateMok => generate_mok::run(session, progress),
        Verb::KernelPostinst | Verb::KernelPreinst | Verb::KernelPrerm => kernel_hooks::run(session, progress),
        Verb::Ldtarball => ldtarball::run(session, progress),
        Verb::Log => log::run(session),
        Verb::Match => match_kernel::run(session, progress),
        Verb::Mktarball => mktarball::run(session),
        Verb::Mok => mok::run(session, progress),
        Verb::Plan => plan::run(session),
        Verb::Remove => remove::run(session, progress),
        Verb::Status => status::run(session),
        Verb::Verify => verify::run(session),
        Verb::Unbuild | Verb::Uninstall => unbuild::run(session, progress),
    }
}

/// Makes a goal true, shows how, and ends with the status that follows.
fn achieve(session: &Session, progress: &MultiProgress, writer: &mut Writer, goal: &Goal) -> Result<()> {
    let report = carry_out(session, progress, writer, goal)?;
    conclusion::of(session, &report, &kernels(goal))
}

/// Everything that wants to be installed, for the kernel of the line: what follows when rpm has installed a package.
fn automatic(session: &Session, progress: &MultiProgress, writer: &mut Writer) -> Result<()> {
    let kernels = BTreeSet::from([registration::kernel(session)?.id]);
    achieve(
        session,
        progress,
        writer,
        &Goal::Autoinstalled { kernels, force: session.arguments.line.force, only: None },
    )
}

/// Makes a goal true and shows how.
fn carry_out(session: &Session, progress: &MultiProgress, writer: &mut Writer, goal: &Goal) -> Result<Report> {
    let later = session.caller.has_end();
    let depmod = match later {
        _ if session.arguments.line.no_depmod => Depmod::LeaveOut,
        true => Depmod::Later,
        false => Depmod::Run,
    };
    let options = RunOptions { depmod, initramfs: later, ..RunOptions::default() };
    let mut watcher = Watcher::new(session, progress, conclusion::is_automatic(session.arguments.verb));
    let report = run::achieve(&session.setup, goal, &options, writer, &mut watcher)?;
    watcher.finish(&report);
    Ok(report)
}

/// The kernels of a goal in the order in which they were named.
fn kernels(goal: &Goal) -> Vec<KernelId> {
    match goal {
        Goal::Built(Request { targets, .. }) | Goal::Installed(Request { targets, .. }) => {
            targets.iter().map(|target| target.kernel.clone()).collect()
        }
        _ => Vec::new(),
    }
}
