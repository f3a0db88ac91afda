//! The end of a transaction: everything is made true, and judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Response, gone, known, source, unchanged};
use crate::error::Error;
use crate::facts::{Facts, State, TargetFacts, kernels};
use crate::initramfs;
use crate::install;
use crate::plan::{Goal, Plan};
use crate::report::{Outcome, Report};
use crate::run::{self, Observer, RunOptions, Writer};
use crate::setup::Setup;
use crate::system::root::ReadLog;
use crate::target::{KernelId, ModuleId};
use crate::transaction::{Packages, Touched};
use crate::verdict::Verdict;

/// Everything is made true, and judged. A look that finds nothing to do is kept, so that the next one may be spared.
pub(super) fn ended(
    setup: &Setup,
    touched: &Touched,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    let followed = follow(setup, touched, packages, writer, observer)?;
    let is_untouched = followed.is_empty();
    if is_untouched && !run::was_cut_off(setup) && unchanged::is_unchanged(setup) {
        return Ok(Response::default());
    }
    let log = Arc::new(ReadLog::default());
    let logged = Setup { root: setup.root.logged(&log), ..setup.clone() };
    let look = Look::at(&logged, packages)?;
    let unindexed = look.unindexed(&logged);
    if !unindexed.is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        unindexed.iter().try_for_each(|release| install::request_depmod(setup, guard, release))?;
    }
    if !is_untouched || !look.is_idle() || !unindexed.is_empty() {
        return conclude(setup, touched, look, followed, packages, writer, observer);
    }
    let response = conclude(&logged, touched, look, followed, packages, writer, observer)?;
    if response.problems.is_empty() && !response.fails(setup) {
        unchanged::store(&log, setup)?;
    }
    Ok(response)
}

/// What packages brought is registered, what they took away retires, and of kernels that are gone everything of ours goes.
fn follow(
    setup: &Setup,
    touched: &Touched,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    source::come_back(setup, packages, writer, observer)?;
    let mut report = Report { troubles: source::follow(setup, touched, writer, observer)?, ..Report::default() };
    report.add(gone::follow(setup, touched, writer, observer)?);
    gone::settle(setup, writer, observer)?;
    // That something stays is no change.
    report.entries.retain(|entry| !matches!(entry.outcome, Outcome::Settled(_)));
    Ok(report)
}

/// Carries the plan out, has what follows from it made again, and judges what came of all of it.
fn conclude(
    setup: &Setup,
    touched: &Touched,
    Look { goal, facts, plan }: Look,
    mut report: Report,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    let earlier = Verdict::load(setup);
    let judge =
        |facts: &Facts, plan: &Plan, report: &Report| Verdict::of(&setup.layout, facts, plan, report, earlier.as_ref());
    // Where nothing is done, what was seen before it is true after it.
    let foreseen = plan.steps.is_empty().then(|| judge(&facts, &plan, &Report::default()));
    let options = RunOptions { initramfs: true, ..RunOptions::default() };
    report.add(run::achieve_looked(setup, &goal, (facts, plan), &options, writer, observer)?);
    // What weak links of others lead to could not go with its kernel before they had something else.
    if setup.distribution.has_weak_updates() {
        report.add(gone::follow(setup, &Touched::default(), writer, observer)?);
    }
    if !initramfs::pending(setup).is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        report.troubles.extend(initramfs::remake(setup, guard, &|release| packages.remakes_initramfs(release)));
    }
    let now = match foreseen {
        Some(verdict) => verdict,
        None => {
            let (facts, plan) = run::look(setup, &goal)?;
            judge(&facts, &plan, &report)
        }
    };
    let mut problems = keep(setup, earlier.as_ref(), &now, &report, writer, observer)?;
    let is_told = |module: &ModuleId| problems.iter().any(|words| words.starts_with(&format!("{module} ")));
    let came = |module: &ModuleId| touched.sources.contains(&module.dashed()) && !is_told(module);
    problems.extend(known::reports(&report.entries, &came));
    Ok(Response { report, problems })
}

/// A goal, with facts and plan for it.
struct Look {
    goal: Goal,
    facts: Facts,
    plan: Plan,
}

impl Look {
    /// What a transaction's end is to make true. Kernels for which something would be built, and cannot be because the
    /// package manager is not done with what that needs, are left alone: another event will come.
    fn at(setup: &Setup, packages: &dyn Packages) -> Result<Self, Error> {
        let mut kernels = kernels::served(setup)?;
        let look = Self::of(setup, Goal::Reconciled { kernels: kernels.clone(), waiting: BTreeSet::new() })?;
        let builds = look.plan.steps.iter().filter(|step| step.action.build().is_some());
        let to_build: BTreeSet<&KernelId> = builds.filter_map(|step| Some(&step.action.target()?.kernel)).collect();
        let is_unfinished = |kernel: &&KernelId| packages.unfinished(&kernel.release).is_some();
        let waiting: BTreeSet<KernelId> = to_build.into_iter().filter(is_unfinished).cloned().collect();
        if waiting.is_empty() {
            return Ok(look);
        }
        kernels.retain(|kernel| !waiting.contains(kernel));
        Self::of(setup, Goal::Reconciled { kernels, waiting })
    }

    fn of(setup: &Setup, goal: Goal) -> Result<Self, Error> {
        let (facts, plan) = run::look(setup, &goal)?;
        Ok(Self { goal, facts, plan })
    }

    /// Kernels that have modules of ours and no index of modules. Scripts of Debian's kernels take it away when they are
    /// purged, also where another package has brought the same kernel meanwhile.
    fn unindexed(&self, setup: &Setup) -> BTreeSet<&str> {
        let is_placed = |known: &TargetFacts| known.state == State::Installed || known.weak_link.is_some();
        let placed = self.facts.targets.iter().filter(|(_, known)| is_placed(known));
        let kernels: BTreeSet<&KernelId> = placed.map(|(target, _)| &target.kernel).collect();
        let looked_at = kernels.into_iter().filter(|kernel| self.facts.kernels.contains_key(*kernel));
        let releases = looked_at.map(|kernel| kernel.release.as_str());
        releases.filter(|release| !setup.root.exists(&kernels::directory(setup, release).join("modules.dep"))).collect()
    }

    /// Whether nothing is to be done now, and nothing is left for another event.
    fn is_idle(&self) -> bool {
        let waits = matches!(&self.goal, Goal::Reconciled { waiting, .. } if !waiting.is_empty());
        self.plan.steps.is_empty() && !waits
    }
}

/// Stores the verdict if it is another one, and gives what is new in it.
fn keep(
    setup: &Setup,
    earlier: Option<&Verdict>,
    now: &Verdict,
    report: &Report,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Vec<String>, Error> {
    if earlier != Some(now) {
        let (guard, _) = writer.guard(setup, observer)?;
        now.store(setup, guard)?;
    }
    Ok(now.news(earlier, report))
}
