//! The plan of a transaction's end: what is wanted is there, and what waited for its successor goes.
//!
//! An old version goes from a kernel after its successor was installed there. Where the successor cannot be installed
//! the old one stays, installed and usable: it is better than nothing.

use std::collections::BTreeSet;

use super::removal::unbuild;
use super::{Action, Because, Plan, SkipReason, wanted};
use crate::facts::{Facts, State};
use crate::target::{KernelId, ModuleId, Target};

/// How a retiring target's successor stands.
enum Successor {
    /// It is installed, or none is needed.
    There,
    /// It is installed by this step.
    After(usize),
    /// It is not, and will not be after this run.
    Missing(ModuleId),
}

pub(super) fn reconciled(facts: &Facts, kernels: &BTreeSet<KernelId>, waiting: &BTreeSet<KernelId>) -> Plan {
    // Where nothing is built, what has no successor goes all the same.
    let mut plan = wanted::automatic(facts, kernels, false, None);
    for module in &facts.retiring {
        retire(facts, kernels, waiting, module, &mut plan);
    }
    plan
}

fn retire(
    facts: &Facts,
    kernels: &BTreeSet<KernelId>,
    waiting: &BTreeSet<KernelId>,
    module: &ModuleId,
    plan: &mut Plan,
) {
    let because = match wanted::highest_versions(facts).get(module.name.as_str()) {
        Some(successor) => Because::Replaced { version: successor.version.clone() },
        None => Because::SourceGone,
    };
    let first = plan.steps.len();
    let mut before = Vec::new();
    let mut stays = false;
    for target in facts.built_of(module) {
        if waiting.contains(&target.kernel) {
            stays = true;
            continue;
        }
        match successor(facts, kernels, target, plan) {
            Successor::There => unbuild(facts, plan, target, because.clone()),
            Successor::After(step) => {
                before.push(step);
                plan.push(Action::Unbuild(target.clone()), because.clone(), vec![step]);
            }
            Successor::Missing(successor) => {
                stays = true;
                plan.settle(target, SkipReason::Kept { successor: successor.version });
            }
        }
    }
    if !stays {
        let after = before.into_iter().chain(first..plan.steps.len()).collect();
        plan.push(Action::Deregister(module.clone()), because, after);
    }
}

fn successor(facts: &Facts, kernels: &BTreeSet<KernelId>, target: &Target, plan: &Plan) -> Successor {
    let installed = facts.targets.get(target).is_some_and(|known| known.state == State::Installed);
    let Some(module) = wanted::highest_versions(facts).get(target.module.name.as_str()).copied() else {
        return Successor::There;
    };
    let next = Action::Install(Target::new(module.clone(), target.kernel.clone()));
    if let Some(step) = plan.steps.iter().position(|step| step.action == next) {
        return Successor::After(step);
    }
    // A kernel that is not there any more needs no module.
    if installed && kernels.contains(&target.kernel) { Successor::Missing(module.clone()) } else { Successor::There }
}
