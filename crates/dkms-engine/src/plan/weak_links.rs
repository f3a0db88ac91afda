//! The second look of a run: which kernels have weak links to what was installed just now.
//!
//! Until then it was not known whether that would be there. The candidates are those of every other plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Because, Plan, SkipReason, WeakLink};
use crate::facts::{Facts, TargetFacts};
use crate::target::{KernelId, Target};

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
