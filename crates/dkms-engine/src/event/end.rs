//! The end of a transaction: everything is made true, and judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::touched::{self, Touched};
use super::{Packages, Response, gone, source};
use crate::error::Error;
use crate::facts::retiring::retiring;
use crate::facts::tree::Tree;
use crate::facts::{Facts, kernels};
use crate::initramfs;
use crate::plan::{Action, Goal, Plan};
use crate::report::Report;
use crate::run::{self, Depmod, Observer, RunOptions, Writer};
use crate::seen::{self, Seen};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};
use crate::verdict::Verdict;

/// Everything is made true, and judged.
pub(super) fn ended(
    setup: &Setup,
    touched: &Touched,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Response, Error> {
    // What was to go is here again, and its package did not say so: its upgrade was broken off.
    let is_back = |module: &&ModuleId| setup.root.is_file(&touched::conf(&setup.layout, &module.dashed()));
    for module in retiring(setup)?.iter().filter(is_back) {
        source::register(setup, module, None, writer, observer)?;
    }
    let mut troubles = source::follow(setup, touched, writer, observer)?;
    let mut before = Vec::new();
    for kernel in gone::kernels(setup, touched)? {
        before.push(gone::remove(setup, kernel, writer, observer)?);
    }
    if before.is_empty() && troubles.is_empty() && seen::is_all_the_same(setup) {
        return Ok(Response::default());
    }
    let seen = Arc::new(Seen::default());
    let watched = Setup { root: setup.root.watched(&seen), ..setup.clone() };
    let (goal, looked) = goal_of_the_end(&watched, packages)?;
    let options = RunOptions { initramfs: true, ..RunOptions::default() };
    let quiet = looked.1.steps.is_empty();
    let setup = if quiet { &watched } else { setup };
    let now = quiet.then(|| Verdict::of(&setup.layout, &looked.0, &looked.1, &Report::default()));
    let mut report = run::achieve_looked(setup, &goal, looked, &options, writer, observer)?;
    let mut still = quiet && before.is_empty() && troubles.is_empty() && !waits(&goal);
    before.into_iter().for_each(|earlier| report.add(earlier));
    if !initramfs::pending(setup).is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        troubles.extend(initramfs::remake(setup, guard, &|release| packages.remakes_initramfs(release)));
        still = false;
    }
    report.troubles.extend(troubles);
    let now = match now {
        Some(now) => now,
        None => {
            let (facts, plan) = run::look(setup, &goal)?;
            Verdict::of(&setup.layout, &facts, &plan, &report)
        }
    };
    let problems = judge(setup, &now, writer, observer)?;
    let response = Response { report, problems };
    if still && response.problems.is_empty() && !response.fails(setup) {
        seen.store(setup)?;
    }
    Ok(response)
}

/// Whether something is left for the next event.
fn waits(goal: &Goal) -> bool {
    matches!(goal, Goal::Reconciled { waiting, .. } if !waiting.is_empty())
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

/// The last thing that we do: nobody will do later what was put off. Modules that wait for a successor that has not come
/// go.
pub(super) fn leave(setup: &Setup, writer: &mut Writer, observer: &mut dyn Observer) -> Result<Report, Error> {
    let mut report = Report::default();
    for module in retiring(setup)? {
        let tree = Tree::gather_module(setup, &module.name)?;
        if tree.modules.iter().all(|other| other.id == module) {
            let targets = tree.builds().map(|build| build.target.clone()).collect();
            let goal = Goal::Removed { module, targets };
            // Several may go: what they changed is indexed once, by what follows.
            let options = RunOptions { depmod: Depmod::Later, ..RunOptions::default() };
            report.add(run::achieve(setup, &goal, &options, writer, observer)?);
        }
    }
    run::heal(setup, writer, observer)?;
    if !initramfs::pending(setup).is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        report.troubles.extend(initramfs::remake(setup, guard, &|_| false));
    }
    Ok(report)
}
