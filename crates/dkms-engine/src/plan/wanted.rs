//! Plans that build and install: what a person named, and what installs itself.

use std::collections::{BTreeMap, BTreeSet};

use super::dependencies::Resolver;
use super::need::{Want, key};
use super::{Plan, Request, Settled, SkipReason};
use crate::facts::{Facts, Registration};
use crate::target::{KernelId, ModuleId, Target};

/// Targets that a person named: dependencies have to be installed already, or be named too.
pub(super) fn named(facts: &Facts, request: &Request, want: Want) -> Plan {
    let chosen = request.targets.iter().map(|target| (key(target), target.module.clone())).collect();
    let mut resolver = Resolver::new(facts, want, chosen);
    resolver.force = request.force;
    resolver.asked = true;
    for target in &request.targets {
        resolver.visit(target);
    }
    resolver.finish()
}

/// The highest version of every module that wants to be installed, or of the one called `only`, for each kernel.
pub(super) fn automatic(facts: &Facts, kernels: &BTreeSet<KernelId>, force: bool, only: Option<&str>) -> Plan {
    if facts.no_autoinstall {
        return Plan { switched_off: true, ..Plan::default() };
    }
    let highest = highest_versions(facts);
    let mut chosen = BTreeMap::new();
    for kernel in kernels {
        for module in highest.values() {
            chosen.insert((kernel.clone(), module.name.clone()), (*module).clone());
        }
    }
    let is_meant = |name: &str| only.is_none_or(|only| only == name);
    let meant = chosen.iter().filter(|((_, name), _)| is_meant(name));
    let targets: Vec<Target> = meant.map(|((kernel, _), module)| Target::new(module.clone(), kernel.clone())).collect();
    let mut resolver = Resolver::new(facts, Want::Installed, chosen);
    resolver.force = force;
    for (module, registration) in facts.modules.iter().filter(|(module, _)| is_meant(&module.name)) {
        let why = match registration {
            _ if facts.retiring.contains(module) => continue,
            Registration::Broken => SkipReason::Broken,
            _ if highest.get(module.name.as_str()) != Some(&module) => SkipReason::OlderVersion,
            _ => continue,
        };
        resolver.plan.settled.push(Settled { module: module.clone(), kernel: None, why });
    }
    for target in &targets {
        resolver.visit(target);
    }
    resolver.finish()
}

/// Of each module the version that is to be installed.
pub(super) fn highest_versions(facts: &Facts) -> BTreeMap<&str, &ModuleId> {
    let mut highest: BTreeMap<&str, &ModuleId> = BTreeMap::new();
    let usable = |(module, registration): &(&ModuleId, &Registration)| {
        **registration != Registration::Broken && !facts.retiring.contains(module)
    };
    for (module, _) in facts.modules.iter().filter(usable) {
        let entry = highest.entry(&module.name).or_insert(module);
        if dkms_conf::version::compare(&module.version, &entry.version).is_gt() {
            *entry = module;
        }
    }
    highest
}
