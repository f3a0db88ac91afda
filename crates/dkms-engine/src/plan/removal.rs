//! Plans that take away.

use std::collections::BTreeSet;

use super::{Action, Because, Plan, Settled, SkipReason, WeakLink};
use crate::facts::{Facts, State, TargetFacts};
use crate::target::{KernelId, ModuleId, Target};

pub(super) fn uninstalled(facts: &Facts, targets: &BTreeSet<Target>) -> Plan {
    let mut plan = Plan::default();
    for target in targets {
        uninstall(facts, &mut plan, target, Because::Asked);
    }
    plan
}

pub(super) fn unbuilt(facts: &Facts, targets: &BTreeSet<Target>) -> Plan {
    let mut plan = Plan::default();
    for target in targets {
        unbuild(facts, &mut plan, target, Because::Asked);
    }
    plan
}

/// As unbuilding; the registration goes too when nothing built is left of the module version.
pub(super) fn removed(facts: &Facts, module: &ModuleId, targets: &BTreeSet<Target>) -> Plan {
    let mut plan = unbuilt(facts, targets);
    let stays = facts.built_of(module).any(|target| !targets.contains(target));
    if !stays && facts.modules.contains_key(module) {
        let after = (0..plan.steps.len()).collect();
        plan.push(Action::Deregister(module.clone()), Because::Asked, after);
    }
    plan
}

pub(super) fn kernel_gone(facts: &Facts, kernel: &KernelId, autoinstalled_only: bool) -> Plan {
    let mut plan = Plan::default();
    for (target, known) in facts.targets.iter().filter(|(target, _)| target.kernel == *kernel) {
        let comes_back = known.config().is_some_and(|config| config.autoinstall);
        if autoinstalled_only && !comes_back {
            if known.state != State::Absent {
                plan.settle(target, SkipReason::NotAutoinstalled);
            }
        } else if facts.weakly_linked_kernels(target).next().is_some() {
            let kernels = facts.weakly_linked_kernels(target).map(|kernel| kernel.release.clone()).collect();
            plan.settle(target, SkipReason::LinkedBy { kernels });
        } else if known.weak_link.is_some() {
            uninstall(facts, &mut plan, target, Because::KernelRemoved);
        } else if known.state != State::Absent || known.failed.is_some() {
            unbuild(facts, &mut plan, target, Because::KernelRemoved);
        }
    }
    plan
}

fn uninstall(facts: &Facts, plan: &mut Plan, target: &Target, because: Because) -> Option<usize> {
    let known = facts.targets.get(target);
    let has_own = |known: &TargetFacts| known.state == State::Installed || known.half_installed;
    let weak_link = known.and_then(|known| known.weak_link.clone());
    let action = match weak_link {
        _ if known.is_some_and(has_own) => Action::Uninstall(target.clone()),
        Some(from) => Action::Unlink(WeakLink { target: target.clone(), from }),
        None => {
            plan.settle(target, SkipReason::NotInstalled);
            return None;
        }
    };
    Some(plan.push(action, because, Vec::new()))
}

pub(super) fn unbuild(facts: &Facts, plan: &mut Plan, target: &Target, because: Because) {
    let first = uninstall(facts, plan, target, because.clone());
    let known = facts.targets.get(target);
    if known.is_some_and(|known| known.state != State::Absent || known.failed.is_some()) {
        plan.push(Action::Unbuild(target.clone()), because, first.into_iter().collect());
    } else {
        let why = SkipReason::NotBuilt;
        plan.settled.push(Settled { module: target.module.clone(), kernel: Some(target.kernel.clone()), why });
    }
}
