//! What happened, in one vocabulary for all package managers, and what follows from it.
//!
//! ```text
//! Event -> Goal -> (run) -> initramfs -> Verdict -> Response
//! ```
//!
//! A hook turns its package manager's dialect into an [`Event`] and shows the [`Response`]; nothing else is decided there.
//! An event only narrows what is looked at: what is done follows from facts and records, so a lost, doubled or early
//! event does no harm. The running kernel is never asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dkms_conf::framework::OnFailure;

use crate::archive::{self, LoadOptions};
use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::facts::kernels;
use crate::facts::retiring::retiring;
use crate::facts::tree::registration;
use crate::facts::{Facts, Registration};
use crate::initramfs;
use crate::install::Session;
use crate::layout::NO_AUTOINSTALL;
use crate::plan::{Action, Goal, Plan, Why};
use crate::register;
use crate::report::{Outcome, Report, words};
use crate::run::{self, Depmod, Observer, Progress, RunOptions, Writer};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};
use crate::verdict::Verdict;

/// Something that a package manager did or is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A transaction is at its end: everything that it brought is in place.
    Ended,
    /// A kernel was installed; its initramfs is made next.
    KernelInstalled {
        /// Its release.
        release: String,
    },
    /// A kernel is about to be removed, or is gone.
    KernelRemoved {
        /// Its release.
        release: String,
    },
    /// dkms itself is about to be removed: nobody will do later what was put off.
    Leaving,
    /// A module package was installed, upgraded or installed again.
    ModuleInstalled {
        /// Which module version it brought.
        module: ModuleId,
        /// An archive of `dkms mktarball` that came with it.
        archive: Option<PathBuf>,
        /// Somebody needs the module now, or no [`Event::Ended`] will come.
        at_once: bool,
    },
}

/// What only the package manager knows.
pub trait Packages {
    /// A package that is only half installed and without which nothing can be built for a kernel.
    fn unfinished(&self, release: &str) -> Option<String>;
}

/// What came of an event.
#[derive(Debug, Default)]
pub struct Response {
    /// What was done.
    pub report: Report,
    /// What will not work and was not known before, a paragraph for each problem.
    pub problems: Vec<String>,
}

/// Whether the administrator wants hooks to fail when something did.
pub fn is_strict(setup: &Setup) -> bool {
    setup.framework.on_failure() == OnFailure::Fail
}

impl Response {
    /// Whether a hook is to fail, because the administrator wants that.
    pub fn fails(&self, setup: &Setup) -> bool {
        let settled = |test: fn(&Why) -> bool| {
            self.report.entries.iter().any(|entry| matches!(&entry.outcome, Outcome::Settled(why) if test(why)))
        };
        let failed = self.report.failed() || settled(words::fails_automatic);
        let unsupported = settled(|why| matches!(why, Why::Excluded { .. }));
        (failed && is_strict(setup)) || (unsupported && setup.framework.on_unsupported_kernel() == OnFailure::Fail)
    }
}

/// Does what follows from an event.
///
/// # Errors
/// What keeps it from beginning. What goes wrong with one module or kernel is in the response.
pub fn respond(
    setup: &Setup,
    event: &Event,
    packages: &dyn Packages,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    let mut writer = Writer::default();
    match event {
        Event::Ended => ended(setup, packages, &mut writer, observer),
        Event::KernelInstalled { release } => {
            // Otherwise the end of the transaction sees to it.
            if packages.unfinished(release).is_some() {
                return Ok(Response::default());
            }
            let kernels = BTreeSet::from([KernelId::new(release, &setup.machine.arch)?]);
            let goal = Goal::Autoinstalled { kernels, force: false, only: None };
            achieve(setup, &goal, &RunOptions::default(), &mut writer, observer)
        }
        Event::KernelRemoved { release } => {
            let kernel = KernelId::new(release, &setup.machine.arch)?;
            let goal = Goal::KernelGone { kernel, autoinstalled_only: false };
            let options = RunOptions { depmod: Depmod::Later, ..RunOptions::default() };
            achieve(setup, &goal, &options, &mut writer, observer)
        }
        Event::Leaving => {
            run::heal(setup, &mut writer, observer)?;
            Ok(Response::default())
        }
        Event::ModuleInstalled { module, archive, at_once } => {
            if setup.root.exists(Path::new(NO_AUTOINSTALL)) {
                log::warn!("{module} is not registered while `{NO_AUTOINSTALL}` exists");
                return Ok(Response::default());
            }
            register_module(setup, module, archive.as_deref(), &mut writer, observer)?;
            if !at_once {
                return Ok(Response::default());
            }
            let mut kernels = kernels::served(setup)?;
            kernels.retain(|kernel| packages.unfinished(&kernel.release).is_none());
            let goal = Goal::Autoinstalled { kernels, force: false, only: Some(module.name.clone()) };
            let options = RunOptions { initramfs: true, ..RunOptions::default() };
            achieve(setup, &goal, &options, &mut writer, observer)
        }
    }
}

fn achieve(
    setup: &Setup,
    goal: &Goal,
    options: &RunOptions,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    Ok(Response { report: run::achieve(setup, goal, options, writer, observer)?, problems: Vec::new() })
}

/// The end of a transaction: everything is made true, and judged.
fn ended(
    setup: &Setup,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    // What was to go is here again, and its package did not say so: its upgrade was broken off.
    for module in retiring(setup)?.iter().filter(|module| setup.root.is_dir(&setup.layout.source_tree(module))) {
        register_module(setup, module, None, writer, observer)?;
    }
    let (goal, looked) = goal_of_the_end(setup, packages)?;
    let options = RunOptions { initramfs: true, ..RunOptions::default() };
    let quiet = looked.1.steps.is_empty();
    let now = quiet.then(|| Verdict::of(&setup.layout, &looked.0, &looked.1, &Report::default()));
    let mut report = run::achieve_looked(setup, &goal, looked, &options, writer, observer)?;
    if !initramfs::pending(setup).is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        report.troubles.extend(initramfs::remake(setup, guard));
    }
    let now = match now {
        Some(now) => now,
        None => {
            let (facts, plan) = run::look(setup, &goal)?;
            Verdict::of(&setup.layout, &facts, &plan, &report)
        }
    };
    let problems = judge(setup, &now, writer, observer)?;
    Ok(Response { report, problems })
}

/// The goal of a transaction's end with facts and plan for it. Kernels for which something would be built, and cannot be
/// because the package manager is not done with what that needs, are left alone: another event will come.
fn goal_of_the_end(setup: &Setup, packages: &dyn Packages) -> Result<(Goal, (Facts, Plan)), Error> {
    let mut kernels = kernels::served(setup)?;
    let mut waiting = BTreeSet::new();
    let goal = Goal::Reconciled { kernels: kernels.clone(), waiting: waiting.clone() };
    let looked = run::look(setup, &goal)?;
    let builds = looked.1.steps.iter().filter(|step| matches!(step.action, Action::Build(_)));
    let to_build: BTreeSet<&KernelId> = builds.filter_map(|step| Some(&step.action.target()?.kernel)).collect();
    for kernel in to_build.into_iter().filter(|kernel| packages.unfinished(&kernel.release).is_some()) {
        kernels.remove(kernel);
        waiting.insert(kernel.clone());
    }
    if waiting.is_empty() {
        return Ok((goal, looked));
    }
    let goal = Goal::Reconciled { kernels, waiting };
    let looked = run::look(setup, &goal)?;
    Ok((goal, looked))
}

/// Stores the verdict if it is another one, and gives what is new in it.
fn judge(setup: &Setup, now: &Verdict, writer: &mut Writer, observer: &mut dyn Observer) -> Result<Vec<String>, Error> {
    let earlier = Verdict::load(setup);
    if earlier.as_ref() == Some(now) {
        return Ok(Vec::new());
    }
    let (guard, _) = writer.guard(setup, observer)?;
    now.store(setup, guard)?;
    Ok(now.problems(earlier.as_ref()).collect())
}

/// Registers what a package brought, unless it is registered.
fn register_module(
    setup: &Setup,
    module: &ModuleId,
    archive: Option<&Path>,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let retires = retiring(setup)?.contains(module);
    if archive.is_none() && !retires && registration(setup, module) == Some(Registration::Added) {
        return Ok(());
    }
    // Its configuration may ask for a kernel; any will do.
    let any = kernels::served(setup)?.into_iter().next_back();
    let kernel = Kernel::gather(setup, &any.map_or_else(|| KernelId::new("none", &setup.machine.arch), Ok)?)?;
    let (guard, _) = writer.guard(setup, observer)?;
    let mut listener = |event| observer.progress(Progress::Installing(&event));
    let mut session = Session::new(setup, guard, &mut listener);
    match archive {
        Some(archive) => {
            // Packages are installed again with the archive that they brought before.
            archive::load(&mut session, archive, &kernel, LoadOptions { force: true, accept_same: true })?;
        }
        None => {
            let added = register::add(&mut session, module, &kernel, None)?;
            if let Some(status) = added.post_add.filter(|status| *status != 0) {
                log::warn!("POST_ADD of `{module}` failed with status {status}");
            }
        }
    }
    register::reinstate(setup, guard, module)
}
