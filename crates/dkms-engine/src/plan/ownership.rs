//! Which module has the place of an object that several build: two packages of one driver, or one that took over a part
//! of another.
//!
//! For each kernel all that want a place are put in one order, and the first one that builds an object has it:
//!
//! 1. what a person asks for in this run,
//! 2. what is to be there (it installs itself, or a person installed it) before what merely is,
//! 3. what a person installed later,
//! 4. what others depend on before what depends on it: that was built against its symbols,
//! 5. the higher package version,
//! 6. the name that comes first.
//!
//! The rest of what a module builds is installed beside it. One that has no object left stays built, so that it takes over
//! without a build when the other one goes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Action, Because, Plan, SkipReason};
use crate::facts::{Configuration, Facts, Registration, State, TargetFacts};
use crate::target::{KernelId, ModuleId, Target};

/// An object that a module leaves to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Yielded {
    /// Name of the object.
    pub object: String,
    /// `name/version` of the module whose object has the place.
    pub to: String,
    /// Why that one.
    pub by: Rule,
}

/// Why one of two modules has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A person asks for it now.
    Asked,
    /// It is to be there, and the other one merely is.
    Wanted,
    /// A person installed it later.
    InstalledLater,
    /// The other one depends on it.
    DependedOn,
    /// Its package version is higher.
    Version,
    /// Its name comes first.
    Name,
}

/// Gives every contested place of the kernels that are looked at to one module: changes, adds and drops installations.
pub(super) fn settle(facts: &Facts, plan: &mut Plan, asked: &[Target]) {
    for kernel in facts.kernels.keys() {
        Contest::new(facts, plan, kernel, asked).settle(plan);
    }
}

/// What becomes free in this plan goes to those who had to leave it: their installation comes before the removal, so that
/// no module is missing in between, and its failure stops nothing.
pub(super) fn hand_over(facts: &Facts, plan: &mut Plan) {
    for place in 0..plan.steps.len() {
        let Action::Uninstall(leaving) = plan.steps[place].action.clone() else { continue };
        let Some(placed) = facts.targets.get(&leaving).map(|known| &known.placed) else { continue };
        for (heir, known) in facts.targets.iter().filter(|(heir, _)| heir.kernel == leaving.kernel) {
            let Some(object) = known.objects().into_iter().find(|object| placed.contains(*object)) else { continue };
            if heir.module.name == leaving.module.name || !may_inherit(facts, heir, known, object) {
                continue;
            }
            let install = Action::Install(heir.clone());
            let step = plan.steps.iter().position(|step| step.action == install);
            let step = step.unwrap_or_else(|| {
                let because = Because::TakesOver { object: object.to_owned(), from: leaving.module.to_string() };
                plan.push(install, because, Vec::new())
            });
            plan.steps[place].waits.push(step);
        }
    }
}

/// Whether a module that had to leave a place may have it without a build.
fn may_inherit(facts: &Facts, heir: &Target, known: &TargetFacts, object: &str) -> bool {
    if known.provider().is_some() {
        return false;
    }
    let highest = super::wanted::highest_versions(facts);
    match known.state {
        State::Installed => known.yielded.contains_key(object) && !known.objects_lost,
        State::Built => {
            highest.get(heir.module.name.as_str()) == Some(&&heir.module)
                && facts.installed_version(&heir.module.name, &heir.kernel).is_none()
                && !known.objects_lost
                && is_wanted(facts, heir, known)
        }
        State::Absent => false,
    }
}

/// Whether it is meant to be there, by itself or by a person's wish.
fn is_wanted(facts: &Facts, target: &Target, known: &TargetFacts) -> bool {
    let excluded = match &known.configuration {
        Configuration::Examined(examined) => examined.exclusion.package.is_some(),
        _ => false,
    };
    let registered = facts.modules.get(&target.module).is_some_and(|found| *found != Registration::Broken);
    let installs_itself = known.config().is_some_and(|config| config.autoinstall);
    registered && !excluded && !facts.retiring.contains(&target.module) && (installs_itself || known.chosen.is_some())
}

/// Everything that wants places in one kernel's directory, the first one first.
struct Contest<'a> {
    facts: &'a Facts,
    asked: &'a [Target],
    order: Vec<Claim>,
}

/// One that wants places.
struct Claim {
    target: Target,
    objects: BTreeSet<String>,
}

impl<'a> Contest<'a> {
    fn new(facts: &'a Facts, plan: &Plan, kernel: &KernelId, asked: &'a [Target]) -> Self {
        let installs = |name: &str| {
            plan.steps.iter().find_map(|step| match &step.action {
                Action::Install(target) if target.kernel == *kernel && target.module.name == name => Some(target),
                _ => None,
            })
        };
        let leaves = |target: &Target| plan.steps.iter().any(|step| step.action == Action::Uninstall(target.clone()));
        let mut claims = Vec::new();
        for (target, known) in facts.targets.iter().filter(|(target, _)| target.kernel == *kernel) {
            let objects: BTreeSet<String> = match installs(&target.module.name) {
                Some(installed) if installed == target => known.objects().into_iter().map(str::to_owned).collect(),
                Some(_) => continue,
                None if known.state == State::Installed && !leaves(target) => {
                    known.placed.iter().chain(known.yielded.keys()).cloned().collect()
                }
                None => continue,
            };
            claims.push(Claim { target: target.clone(), objects });
        }
        let is_contested = |claim: &Claim| {
            let rivals = claims.iter().filter(|other| other.target != claim.target);
            rivals.into_iter().any(|other| !other.objects.is_disjoint(&claim.objects))
        };
        // Most modules share nothing with another one; one that left a place before may have it back.
        let concerned: Vec<bool> = claims
            .iter()
            .map(|claim| is_contested(claim) || !facts.targets[&claim.target].yielded.is_empty())
            .collect();
        let concerned =
            claims.into_iter().zip(concerned).filter_map(|(claim, is_concerned)| is_concerned.then_some(claim));
        let mut contest = Self { facts, asked, order: Vec::new() };
        contest.order = contest.ordered(concerned.collect());
        contest
    }

    fn known(&self, target: &Target) -> &'a TargetFacts {
        &self.facts.targets[target]
    }

    /// What counts before dependencies and versions.
    fn rank(&self, target: &Target) -> (bool, bool, Option<u64>) {
        let known = self.known(target);
        (self.asked.contains(target), is_wanted(self.facts, target, known), known.chosen)
    }

    fn ordered(&self, mut claims: Vec<Claim>) -> Vec<Claim> {
        let mut order: Vec<Claim> = Vec::new();
        while let Some(best) = claims.iter().map(|claim| self.rank(&claim.target)).max() {
            let peers = || claims.iter().filter(|claim| self.rank(&claim.target) == best);
            let waits = |claim: &&Claim| peers().any(|other| self.depends(&claim.target, &other.target));
            // In a circle no module comes first.
            let free: Vec<&Claim> = peers().filter(|claim| !waits(claim)).collect();
            let pool: Vec<&Claim> = if free.is_empty() { peers().collect() } else { free };
            let first = pool.into_iter().map(|claim| &claim.target).reduce(|one, other| {
                let versions = dkms_conf::version::compare(&one.module.version, &other.module.version);
                if versions.then_with(|| other.module.name.cmp(&one.module.name)).is_ge() { one } else { other }
            });
            let Some(place) = first.and_then(|first| claims.iter().position(|claim| claim.target == *first)) else {
                break;
            };
            order.push(claims.remove(place));
        }
        order
    }

    /// Whether one depends on the other, be it by way of others.
    fn depends(&self, on: &Target, what: &Target) -> bool {
        let mut seen = BTreeSet::from([on.module.name.as_str()]);
        let mut next = vec![on.module.name.as_str()];
        while let Some(name) = next.pop() {
            let of_name = self
                .facts
                .targets
                .iter()
                .filter(|(target, _)| target.kernel == on.kernel && target.module.name == name);
            for needed in of_name.filter_map(|(_, known)| known.config()).flat_map(|config| &config.build_depends) {
                if *needed == what.module.name {
                    return on.module.name != what.module.name;
                }
                if seen.insert(needed) {
                    next.push(needed);
                }
            }
        }
        false
    }

    fn rule(&self, winner: &Target, loser: &Target) -> Rule {
        let (first, second) = (self.rank(winner), self.rank(loser));
        let version = dkms_conf::version::compare(&winner.module.version, &loser.module.version);
        match () {
            () if first.0 != second.0 => Rule::Asked,
            () if first.1 != second.1 => Rule::Wanted,
            () if first.2 != second.2 => Rule::InstalledLater,
            () if version.is_lt() || self.depends(loser, winner) => Rule::DependedOn,
            () if version.is_gt() => Rule::Version,
            () => Rule::Name,
        }
    }

    fn owner(&self, object: &str) -> Option<&Target> {
        self.order.iter().find(|claim| claim.objects.contains(object)).map(|claim| &claim.target)
    }

    /// What a module leaves, and to which one.
    fn lost(&self, claim: &Claim) -> Vec<Yielded> {
        let lost = claim.objects.iter().filter_map(|object| {
            let owner = self.owner(object).filter(|owner| **owner != claim.target)?;
            let by = self.rule(owner, &claim.target);
            Some(Yielded { object: object.clone(), to: owner.module.to_string(), by })
        });
        lost.collect()
    }

    fn settle(&self, plan: &mut Plan) {
        for claim in &self.order {
            self.take(claim, plan);
        }
        let mut dropped = Vec::new();
        for claim in &self.order {
            let lost = self.lost(claim);
            if lost.is_empty() {
                continue;
            }
            let Some(place) = step(plan, &claim.target) else {
                self.tell(claim, lost, plan);
                continue;
            };
            if lost.len() == claim.objects.len() && lost.iter().all(|yielded| self.is_certain(yielded, plan)) {
                dropped.push(place);
                plan.settle(&claim.target, SkipReason::Conflict { objects: lost });
            } else {
                self.leave(plan, place, lost);
            }
        }
        plan.drop_steps(&dropped);
    }

    /// Whether the owner of an object has its place already, and nothing in the plan can change that.
    fn is_certain(&self, yielded: &Yielded, plan: &Plan) -> bool {
        self.owner(&yielded.object).is_some_and(|owner| {
            let known = self.known(owner);
            step(plan, owner).is_none() && !known.placed_lost && known.placed.contains(&yielded.object)
        })
    }

    /// A module installs the rest of what it builds, after those that it leaves places to: where they fail it has them
    /// after all. One that they are built against comes before them, and they take over.
    fn leave(&self, plan: &mut Plan, place: usize, lost: Vec<Yielded>) {
        for yielded in lost {
            let Some(owner) = self.owner(&yielded.object) else { continue };
            match step(plan, owner) {
                Some(first) if plan.needs(first, place) => continue,
                Some(first) if !plan.steps[place].waits.contains(&first) => plan.steps[place].waits.push(first),
                _ => {}
            }
            plan.steps[place].placement.yields.push(yielded);
        }
    }

    /// What is installed without one of its objects needs no step.
    fn tell(&self, claim: &Claim, lost: Vec<Yielded>, plan: &mut Plan) {
        let is_it = |settled: &&mut super::Settled| {
            settled.module == claim.target.module
                && settled.kernel.as_ref() == Some(&claim.target.kernel)
                && settled.why == SkipReason::AlreadyInstalled
        };
        if let Some(settled) = plan.settled.iter_mut().find(is_it) {
            settled.why = SkipReason::Conflict { objects: lost };
        }
    }

    /// The first in the order gets what it has not, and what another one has too.
    fn take(&self, claim: &Claim, plan: &mut Plan) {
        let known = self.known(&claim.target);
        if step(plan, &claim.target).is_some() || known.objects_lost || known.config().is_none() {
            return;
        }
        let missing =
            claim.objects.iter().filter(|object| self.owner(object) == Some(&claim.target)).find_map(|object| {
                let from = known.yielded.get(object).map(ToString::to_string);
                let has = |other: &&Claim| {
                    let other_known = self.known(&other.target);
                    other.target != claim.target
                        && other_known.state == State::Installed
                        && other_known.placed.contains(object)
                        && other.objects.contains(object)
                };
                let other = || self.order.iter().find(has).map(|other| other.target.module.to_string());
                from.or_else(other).map(|from| Because::TakesOver { object: object.clone(), from })
            });
        if let Some(because) = missing {
            let is_it = |settled: &super::Settled| {
                settled.module == claim.target.module && settled.kernel.as_ref() == Some(&claim.target.kernel)
            };
            plan.settled.retain(|settled| !is_it(settled));
            plan.push(Action::Install(claim.target.clone()), because, Vec::new());
        }
    }
}

/// Place of the installation of a target.
fn step(plan: &Plan, target: &Target) -> Option<usize> {
    plan.steps.iter().position(|step| matches!(&step.action, Action::Install(installed) if installed == target))
}

impl Yielded {
    /// The module whose object has the place.
    pub fn owner(&self) -> Option<ModuleId> {
        let (name, version) = self.to.split_once('/')?;
        ModuleId::new(name, version).ok()
    }
}
