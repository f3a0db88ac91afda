//! The run: from a goal to what is true afterwards, the one path of all front doors.
//!
//! ```text
//! goal -> facts -> plan -> (lock, sweep, key) -> steps -> second look -> depmod -> post_transaction -> report
//! ```
//!
//! Nothing to do takes no lock and writes nothing. Builds run on worker threads ([`schedule`]); everything that writes
//! below a final name happens on the calling thread, which holds the guard and alone talks to the observer.

mod attempts;
mod carry_out;
mod failures;
mod log_copy;
mod refresh;
mod schedule;
mod sweep;
mod transcript;
mod weak_links;

use std::collections::BTreeSet;

use crate::build::BuildEvent;
use crate::error::Error;
use crate::facts::Facts;
use crate::facts::gather::{Modules, Scope};
use crate::install::{self, InstallEvent};
use crate::plan::{Goal, Plan, Step, plan};
use crate::report::{Entry, Report};
use crate::setup::Setup;
use crate::sign::keys;
use crate::signer;
use crate::system::lock::Guard;
use crate::target::Target;
use refresh::Stale;

pub use transcript::Transcript;

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// What becomes of modules.dep of every kernel that changed.
    pub depmod: Depmod,
    /// Note which kernels have an initramfs that is older than their modules now.
    pub initramfs: bool,
    /// Look for what dead runs left and take it away first.
    pub sweep: bool,
}

/// Who sees to modules.dep of the kernels that a run changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depmod {
    /// The run, once for each kernel at its end.
    Run,
    /// Our caller.
    LeaveOut,
    /// The next run: the kernel may be gone by then.
    Later,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { depmod: Depmod::Run, initramfs: false, sweep: true }
    }
}

/// What happens, for an observer; always on the calling thread.
#[derive(Debug)]
pub enum Progress<'a> {
    /// Another process writes; we wait for it.
    Waiting {
        /// Who that is.
        holder: &'a str,
    },
    /// The plan stands.
    Planned(&'a Plan),
    /// A step begins.
    Started(&'a Step),
    /// Another minute went by with builds running.
    MinutePassed,
    /// A word from a running build.
    Building(&'a Target, &'a BuildEvent),
    /// A word from installing or removing.
    Installing(&'a InstallEvent),
    /// A step ended, was given up, or was never needed.
    Finished(&'a Entry),
}

/// Watches a run.
pub trait Observer {
    /// Something happened.
    fn progress(&mut self, progress: Progress<'_>);
}

/// The writers' lock, taken when it is first needed and then kept.
#[derive(Debug, Default)]
pub struct Writer {
    guard: Option<Guard>,
}

impl Writer {
    /// The guard. `true` in the second place if another process had it, so that facts may be stale.
    ///
    /// # Errors
    /// `Nested` inside a build of ours, `Io`.
    pub fn guard(&mut self, setup: &Setup, observer: &mut dyn Observer) -> Result<(&Guard, bool), Error> {
        let mut waited = false;
        if self.guard.is_none() {
            if setup.environment.get(crate::system::lock::HELD).is_some() {
                return Err(Error::Nested);
            }
            let mut waiting = |holder: &str| {
                waited = true;
                observer.progress(Progress::Waiting { holder });
            };
            let lock = setup.layout.lock();
            self.guard = Some(Guard::acquire_unless(&setup.cancel, &setup.root, &lock, &mut waiting)?);
        }
        match &self.guard {
            Some(guard) => Ok((guard, waited)),
            None => Err(Error::Nested),
        }
    }
}

/// Makes a goal true as far as it can be.
///
/// # Errors
/// What keeps the run from beginning: facts that cannot be read, a tree that cannot be written. What goes wrong with one
/// module is in the report.
pub fn achieve(
    setup: &Setup,
    goal: &Goal,
    options: &RunOptions,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    let looked = look(setup, goal)?;
    achieve_looked(setup, goal, looked, options, writer, observer)
}

/// The same for facts and plan that [`look`] gave.
///
/// # Errors
/// As [`achieve`].
pub fn achieve_looked(
    setup: &Setup,
    goal: &Goal,
    (mut facts, mut found): (Facts, Plan),
    options: &RunOptions,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    let pending = options.sweep && options.depmod == Depmod::Run && was_cut_off(setup);
    if found.steps.is_empty() && !pending {
        observer.progress(Progress::Planned(&found));
        let mut report = Report::default();
        settle(&mut report, &found, observer);
        Stale::of(&facts).refresh(setup, writer.guard.as_ref());
        return Ok(report);
    }
    let (guard, waited) = writer.guard(setup, observer)?;
    let swept = options.sweep && sweep::sweep(setup, guard, options.depmod, observer)?;
    let made = prepare_keys(setup, guard, &facts, &found)?;
    if waited || swept || made {
        (facts, found) = look(setup, goal)?;
    }
    observer.progress(Progress::Planned(&found));
    let mut report = Report::default();
    settle(&mut report, &found, observer);
    carry_out::carry_out(setup, guard, &facts, &found, options, &mut report, observer)?;
    Stale::of(&facts).refresh(setup, Some(guard));
    Ok(report)
}

/// Puts right what a run that was cut off left, before anything is judged by it. Costs one look if there was none.
///
/// # Errors
/// `Io`.
pub fn heal(setup: &Setup, writer: &mut Writer, observer: &mut dyn Observer) -> Result<(), Error> {
    if was_cut_off(setup) {
        let (guard, _) = writer.guard(setup, observer)?;
        sweep::sweep(setup, guard, Depmod::Run, observer)?;
    }
    Ok(())
}

/// Whether the run before this one was cut off: depmod is due, or the lock still bears the name of who held it.
pub(crate) fn was_cut_off(setup: &Setup) -> bool {
    install::is_depmod_pending(setup) || crate::system::lock::has_dead_holder(&setup.root, &setup.layout.lock())
}

/// Facts and plan for a goal; reads only.
///
/// # Errors
/// As [`Facts::gather`].
pub fn look(setup: &Setup, goal: &Goal) -> Result<(Facts, Plan), Error> {
    let facts = Facts::gather(setup, &scope(goal), signer::identity)?;
    let plan = plan(&facts, goal);
    Ok((facts, plan))
}

fn scope(goal: &Goal) -> Scope {
    match goal {
        Goal::Built(request) | Goal::Installed(request) => Scope {
            kernels: request.targets.iter().map(|target| target.kernel.clone()).collect(),
            modules: Modules::Named(request.targets.iter().map(|target| target.module.clone()).collect()),
            afresh: request.force,
        },
        Goal::WeaklyLinked { installed, kernels } => Scope {
            kernels: kernels.clone(),
            modules: Modules::Named(installed.iter().map(|target| target.module.clone()).collect()),
            afresh: false,
        },
        Goal::Autoinstalled { kernels, .. } | Goal::Reconciled { kernels, .. } => {
            Scope { kernels: kernels.clone(), modules: Modules::All, afresh: false }
        }
        Goal::Uninstalled(targets) | Goal::Unbuilt(targets) | Goal::Removed { targets, .. } => Scope {
            kernels: targets.iter().map(|target| target.kernel.clone()).collect(),
            modules: Modules::None,
            afresh: false,
        },
        Goal::KernelGone { kernel, autoinstalled_only } => Scope {
            kernels: BTreeSet::from([kernel.clone()]),
            modules: if *autoinstalled_only { Modules::All } else { Modules::None },
            afresh: false,
        },
    }
}

fn settle(report: &mut Report, plan: &Plan, observer: &mut dyn Observer) {
    for settled in &plan.settled {
        let entry = Entry::from(settled.clone());
        observer.progress(Progress::Finished(&entry));
        report.entries.push(entry);
    }
}

/// Makes the key pairs that the plan's builds will sign with; `true` if one was made. The certificate is an input of a
/// build, so it has to be there before inputs are measured for good.
fn prepare_keys(setup: &Setup, guard: &Guard, facts: &Facts, plan: &Plan) -> Result<bool, Error> {
    let builds = plan.steps.iter().filter_map(|step| step.action.build());
    let kernels: BTreeSet<_> = builds.map(|target| &target.kernel).collect();
    let mut made = false;
    for kernel in kernels.into_iter().filter_map(|id| facts.kernels.get(id)) {
        made |= keys::prepare(setup, guard, kernel)?.report.generated;
    }
    Ok(made)
}
