//! What happened, in one vocabulary for all package managers, and what follows from it.
//!
//! ```text
//! Event -> Goal -> (run) -> initramfs -> Verdict -> Response
//! ```
//!
//! A hook turns its package manager's dialect into an [`Event`] and shows the [`Response`]; nothing else is decided there.
//! An event only narrows what is looked at: what is done follows from facts and records, so a lost, doubled or early
//! event does no harm. The running kernel is never asked.

mod end;
mod gone;
mod known;
mod leaving;
mod source;
mod unchanged;

use std::collections::BTreeSet;
use std::path::PathBuf;

use dkms_conf::framework::{OnFailure, OnUnsupportedKernel};

use crate::error::Error;
use crate::facts::kernels;
use crate::plan::{Goal, SkipReason};
use crate::report::{Entry, Outcome, Report, words};
use crate::run::{self, Observer, RunOptions, Writer};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};
use crate::transaction::{Owner, Packages, Touched};

/// Something that a package manager did or is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A transaction is at its end: everything that it brought is in place.
    Ended {
        /// What it touched, where the package manager says so.
        touched: Touched,
    },
    /// Packages are about to take sources away; whether for good or for a successor only the end will tell.
    Going {
        /// Which ones.
        touched: Touched,
        /// The package manager, if scripts of packages may ask us for the same meanwhile: its end sees to that.
        owner: Option<Owner>,
    },
    /// A kernel was installed; its initramfs is made next.
    KernelInstalled {
        /// Its release.
        release: String,
    },
    /// A script says that a kernel goes. Whether it does is seen on the disk: another package may bring the same one.
    KernelRemoved {
        /// Its release.
        release: String,
        /// No [`Event::Ended`] will come.
        at_once: bool,
    },
    /// dkms itself is about to be removed: no later run will do what was put off.
    Leaving,
    /// A module package was installed, upgraded or installed again.
    ModuleInstalled {
        /// Which module version it brought.
        module: ModuleId,
        /// An archive of `dkms mktarball` that came with it.
        archive: Option<PathBuf>,
        /// The module is needed now, or no [`Event::Ended`] will come.
        at_once: bool,
    },
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
        let settled = |test: fn(&SkipReason) -> bool| {
            self.report.entries.iter().any(|entry| matches!(&entry.outcome, Outcome::Settled(why) if test(why)))
        };
        let failed = self.report.failed() || settled(words::fails_automatic);
        let unsupported = settled(|why| matches!(why, SkipReason::Excluded { .. }));
        let objects = setup.framework.on_unsupported_kernel() >= OnUnsupportedKernel::Fail;
        (failed && is_strict(setup)) || (unsupported && objects)
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
        Event::Ended { touched } => end::ended(setup, touched, packages, &mut writer, observer),
        Event::Going { touched, owner } => {
            source::retire(setup, touched.sources.iter(), *owner, &mut writer, observer)?;
            Ok(Response::default())
        }
        Event::KernelInstalled { release } => {
            // Otherwise the end of the transaction sees to it.
            if packages.unfinished(release).is_some() {
                return Ok(Response::default());
            }
            let kernels = BTreeSet::from([KernelId::new(release, &setup.machine.arch)?]);
            let goal = Goal::Autoinstalled { kernels, force: false, only: None };
            achieve(setup, &goal, &RunOptions::default(), &mut writer, observer)
        }
        Event::KernelRemoved { release, at_once } => {
            let kernel = KernelId::new(release, &setup.machine.arch)?;
            gone::announce(setup, &kernel, &mut writer, observer)?;
            let touched = Touched::default();
            let report =
                if *at_once { gone::follow(setup, &touched, &mut writer, observer)? } else { Report::default() };
            Ok(Response { report, problems: Vec::new() })
        }
        Event::Leaving => {
            let report = leaving::leave(setup, packages, &mut writer, observer)?;
            Ok(Response { report, problems: Vec::new() })
        }
        Event::ModuleInstalled { module, archive, at_once } => {
            if !source::register(setup, module, archive.as_deref(), &mut writer, observer)? {
                return Ok(Response::default());
            }
            let mut kernels = kernels::served(setup)?;
            kernels.retain(|kernel| packages.unfinished(&kernel.release).is_none());
            let goal = Goal::Autoinstalled { kernels, force: false, only: Some(module.name.clone()) };
            if *at_once {
                let options = RunOptions { initramfs: true, ..RunOptions::default() };
                let mut response = achieve(setup, &goal, &options, &mut writer, observer)?;
                response.problems = known::reports(&response.report.entries, &|other| other == module);
                return Ok(response);
            }
            let mut response = Response::default();
            // The end does not know what came.
            if setup.root.exists(&setup.layout.failed_module(module)) {
                let (_, plan) = run::look(setup, &goal)?;
                let settled: Vec<Entry> = plan.settled.into_iter().map(Entry::from).collect();
                response.problems = known::reports(&settled, &|other| other == module);
            }
            Ok(response)
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
