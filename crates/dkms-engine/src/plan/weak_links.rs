//! Weak links that follow from other steps: those to what goes, and those to what was installed just now.
//!
//! The latter are the second look of a run: until then it was not known whether that would be there. The candidates are those
//! of every other plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Because, Plan, SkipReason, Step, WeakLink};
use crate::facts::{Facts, TargetFacts};
use crate::target::{KernelId, Target};

/// Links go before what they lead to. A kernel that gets the module itself loses them with that.
pub(super) fn go_first(facts: &Facts, plan: &mut Plan) {
    for place in 0..plan.steps.len() {
        let Action::Uninstall(leaving) = plan.steps[place].action.clone() else { continue };
        for kernel in facts.weakly_linked_kernels(&leaving) {
            let target = Target::new(leaving.module.clone(), kernel.clone());
            let gets_own = |step: &Step| match &step.action {
                Action::Install(other) => other.kernel == *kernel && other.module.name == leaving.module.name,
                _ => false,
            };
            if plan.steps.iter().any(gets_own) {
                continue;
            }
            let unlink = Action::Unlink(WeakLink { target, from: leaving.kernel.clone() });
            let step = plan.steps.iter().position(|step| step.action == unlink);
            let step = step.unwrap_or_else(|| {
                let because = Because::LeadsToGone { from: leaving.kernel.release.clone() };
                plan.push(unlink, because, Vec::new())
            });
            plan.steps[place].waits.push(step);
        }
    }
}

/// The second look.
pub(super) fn weakly_linked(facts: &Facts, installed: &BTreeSet<Target>, kernels: &BTreeSet<KernelId>) -> Plan {
    let mut links = Links { facts, installed, known: BTreeMap::new(), plan: Plan::default() };
    let modules: BTreeSet<_> = installed.iter().map(|target| &target.module).collect();
    for kernel in kernels {
        for module in &modules {
            links.visit(&Target::new((*module).clone(), kernel.clone()));
        }
    }
    links.plan
}

/// How a module is there for a kernel that it is linked into.
#[derive(Clone, Copy)]
enum Availability {
    There,
    After(usize),
    Missing,
}

struct Links<'a> {
    facts: &'a Facts,
    installed: &'a BTreeSet<Target>,
    known: BTreeMap<Target, Availability>,
    plan: Plan,
}

impl Links<'_> {
    fn visit(&mut self, target: &Target) -> Availability {
        if let Some(known) = self.known.get(target) {
            return *known;
        }
        // A module that depends on itself has no candidate.
        self.known.insert(target.clone(), Availability::Missing);
        let availability = self.resolve(target);
        self.known.insert(target.clone(), availability);
        availability
    }

    fn resolve(&mut self, target: &Target) -> Availability {
        let Some(known) = self.facts.targets.get(target) else { return Availability::Missing };
        if self.facts.installed_version(&target.module.name, &target.kernel).is_some() {
            return Availability::There;
        }
        let Some(candidate) = &known.candidate else {
            self.unlink(target, known);
            return Availability::Missing;
        };
        let from = candidate.kernel.clone();
        if known.weak_link.as_ref() == Some(&from) {
            self.plan.settle(target, SkipReason::WeaklyLinked { from: from.release });
            return Availability::There;
        }
        let Some(after) = self.dependencies(target, known) else { return Availability::Missing };
        let because = Because::Fits { from: from.release.clone() };
        Availability::After(self.plan.push(Action::Link(WeakLink { target: target.clone(), from }), because, after))
    }

    /// Links to what was installed just now go where it does not fit. Others are those of another installation.
    fn unlink(&mut self, target: &Target, known: &TargetFacts) {
        let is_new =
            |kernel: &&KernelId| self.installed.contains(&Target::new(target.module.clone(), (*kernel).clone()));
        if known.weak_link.as_ref().is_some_and(|kernel| !is_new(&kernel)) {
            return;
        }
        let Some(from) = known.unfit_links.iter().find(is_new).cloned() else { return };
        let because = Because::Unfit { from: from.release.clone() };
        self.plan.push(Action::Unlink(WeakLink { target: target.clone(), from }), because, Vec::new());
    }

    /// Steps that link what a target needs; `None` if something of it is neither there nor comes.
    fn dependencies(&mut self, target: &Target, known: &TargetFacts) -> Option<Vec<usize>> {
        let mut after = Vec::new();
        for name in known.config().map_or(&[][..], |config| &config.build_depends) {
            let new = self.installed.iter().map(|target| &target.module).find(|module| module.name == *name).cloned();
            let availability = match new {
                Some(module) => self.visit(&Target::new(module, target.kernel.clone())),
                None => Availability::Missing,
            };
            match availability {
                Availability::There => {}
                Availability::After(step) => after.push(step),
                Availability::Missing if self.is_there(name, &target.kernel) => {}
                Availability::Missing => return None,
            }
        }
        Some(after)
    }

    fn is_there(&self, name: &str, kernel: &KernelId) -> bool {
        let facts = self.facts;
        facts.installed_version(name, kernel).is_some() || facts.weakly_linked_version(name, kernel).is_some()
    }
}
