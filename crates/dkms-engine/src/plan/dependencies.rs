//! BUILD_DEPENDS as a graph: who comes first, who cannot come at all, who has to be built again.

use std::collections::BTreeMap;

use super::need::{Need, Want, key, need, push_steps};
use super::{Action, Because, Plan, SkipReason};
use crate::facts::{Configuration, Facts, State};
use crate::target::{KernelId, ModuleId, Target};

/// What a dependant finds of a module that it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Availability {
    /// It is there.
    There,
    /// It will be there after this step.
    After(usize),
    /// It will not be there.
    Missing,
}

/// Walks the graph depth first and collects steps.
pub(super) struct Resolver<'a> {
    facts: &'a Facts,
    want: Want,
    /// Which version of a module this run is about, by kernel and name.
    chosen: BTreeMap<(KernelId, String), ModuleId>,
    known: BTreeMap<Target, Availability>,
    /// Names on the way from the first dependant to here.
    path: Vec<String>,
    pub(super) plan: Plan,
    /// Do it although it is done, and although a dependency is missing.
    pub(super) force: bool,
    /// A person named the targets.
    pub(super) asked: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(facts: &'a Facts, want: Want, chosen: BTreeMap<(KernelId, String), ModuleId>) -> Self {
        let (known, path, plan) = (BTreeMap::new(), Vec::new(), Plan::default());
        Self { facts, want, chosen, known, path, plan, force: false, asked: false }
    }

    /// Plans one target after all that it depends on.
    pub(super) fn visit(&mut self, target: &Target) {
        if self.known.contains_key(target) {
            return;
        }
        let availability = self.resolve(target);
        self.known.insert(target.clone(), availability);
    }

    fn resolve(&mut self, target: &Target) -> Availability {
        let need = need(self.facts, target, self.want, self.force, self.asked);
        let need = match need {
            Need::Nothing(
                SkipReason::AlreadyInstalled | SkipReason::AlreadyBuilt | SkipReason::WeaklyLinked { .. },
            )
            | Need::Build(_)
            | Need::Install(_)
            | Need::Link(_) => need,
            Need::Nothing(why) => return self.settle(target, why),
        };
        let after = match self.dependencies(target) {
            Ok(after) => after,
            // What is built can be placed, and what is there stays, whatever became of its dependencies.
            Err(_) if !matches!(need, Need::Build(_)) => Vec::new(),
            Err(_) if self.force && self.asked => Vec::new(),
            Err(why) => return self.settle(target, why),
        };
        let need = match need {
            Need::Nothing(why) => match self.rebuilt_dependency(target, &after) {
                Some(because) => Need::Build(because),
                None => return self.settle(target, why),
            },
            Need::Link(from) => match self.rebuilt_dependency(target, &after) {
                Some(because) => Need::Build(because),
                None => Need::Link(from),
            },
            other => other,
        };
        match push_steps(&mut self.plan, target, need, self.want, after) {
            Some(step) => Availability::After(step),
            None => Availability::There,
        }
    }

    fn settle(&mut self, target: &Target, why: SkipReason) -> Availability {
        let availability = match &why {
            SkipReason::AlreadyInstalled | SkipReason::WeaklyLinked { .. } => Availability::There,
            SkipReason::NotAutoinstalled | SkipReason::AlreadyBuilt
                if self.facts.installed_version(&target.module.name, &target.kernel).is_some() =>
            {
                Availability::There
            }
            _ => Availability::Missing,
        };
        self.plan.settle(target, why);
        availability
    }

    /// Steps to wait for, or why the target cannot be built.
    fn dependencies(&mut self, target: &Target) -> Result<Vec<usize>, SkipReason> {
        let names = match self.facts.targets.get(target).and_then(|known| known.config()) {
            Some(config) => config.build_depends.clone(),
            None => return Ok(Vec::new()),
        };
        let name = &target.module.name;
        if let Some(start) = self.path.iter().position(|earlier| earlier == name) {
            let mut modules = self.path[start..].to_vec();
            modules.push(name.clone());
            return Err(SkipReason::Cycle { modules });
        }
        self.path.push(name.clone());
        let (mut after, mut missing, mut cycle) = (Vec::new(), Vec::new(), None);
        for dependency in names {
            match self.availability(&dependency, &target.kernel) {
                Ok(Availability::There) => {}
                Ok(Availability::After(step)) => after.push(step),
                Ok(Availability::Missing) => missing.push(dependency),
                Err(modules) => cycle = cycle.or(Some(modules)),
            }
        }
        self.path.pop();
        if let Some(modules) = cycle {
            return Err(SkipReason::Cycle { modules });
        }
        if missing.is_empty() {
            return Ok(after);
        }
        let unknown = missing.iter().all(|name| !self.facts.registers(name));
        Err(if unknown && !self.asked {
            SkipReason::Deferred { missing }
        } else {
            SkipReason::DependencyMissing { missing }
        })
    }

    /// How a dependency stands; the circle's names if it leads back to where we come from.
    fn availability(&mut self, name: &str, kernel: &KernelId) -> Result<Availability, Vec<String>> {
        if let Some(start) = self.path.iter().position(|earlier| earlier == name) {
            let mut modules = self.path[start..].to_vec();
            modules.push(name.to_owned());
            return Err(modules);
        }
        if let Some(module) = self.chosen.get(&(kernel.clone(), name.to_owned())) {
            let target = Target::new(module.clone(), kernel.clone());
            self.visit(&target);
            let found = self.known.get(&target).cloned().unwrap_or(Availability::Missing);
            if found != Availability::Missing {
                return Ok(found);
            }
            if let Some(modules) = self.shared_circle(&target) {
                return Err(modules);
            }
        }
        let installed = self.facts.installed_version(name, kernel).is_some() || self.facts.stands_aside(name, kernel);
        Ok(if installed { Availability::There } else { Availability::Missing })
    }

    /// The circle that a dependency was found to be in, if the module that we are at is in it too.
    fn shared_circle(&self, dependency: &Target) -> Option<Vec<String>> {
        let here = self.path.last()?;
        let of = |settled: &&super::Settled| settled.module == dependency.module;
        match &self.plan.settled.iter().rev().find(of)?.why {
            SkipReason::Cycle { modules } if modules.contains(here) => Some(modules.clone()),
            _ => None,
        }
    }

    /// Whether something that an untouched target was built against is built anew by one of these steps.
    fn rebuilt_dependency(&self, target: &Target, after: &[usize]) -> Option<Because> {
        let known = self.facts.targets.get(target)?;
        let Configuration::Examined(examined) = &known.configuration else { return None };
        // A build of the original is adopted as it is, unless its author asked for rebuilds.
        if known.state == State::Installed && known.recorded.is_none() && !examined.config.build_depends_rebuild {
            return None;
        }
        let name = after.iter().find_map(|step| self.built_module_of(*step))?;
        let can_build = self
            .facts
            .kernels
            .get(&target.kernel)
            .is_none_or(|kernel| kernel.headers == crate::facts::kernel::Headers::Complete);
        let is_there = known.state == State::Installed || known.candidate.is_some();
        let wanted = is_there && can_build && examined.exclusion.package.is_none();
        wanted.then_some(Because::DependencyRebuilt { name })
    }

    /// Name of the module that a step makes another one of: built in this run, or put in another version's place.
    fn built_module_of(&self, step: usize) -> Option<String> {
        let (Action::Build(target) | Action::Install(target)) = &self.plan.steps[step].action else { return None };
        let built = self.plan.steps.iter().any(|step| step.action == Action::Build(target.clone()));
        let replaces = self
            .facts
            .installed_version(&target.module.name, &target.kernel)
            .is_some_and(|version| *version != target.module);
        (built || replaces).then(|| target.module.name.clone())
    }

    /// Adds the installed modules that asked to be rebuilt after what this plan builds, and is done.
    pub(super) fn finish(mut self) -> Plan {
        if self.want == Want::Installed {
            let mut next = 0;
            // Steps are appended while we walk: a rebuilt dependant may have dependants of its own.
            while next < self.plan.steps.len() {
                if let Action::Install(target) = self.plan.steps[next].action.clone() {
                    self.dependants(&target, next);
                }
                next += 1;
            }
        }
        self.plan
    }

    fn dependants(&mut self, of: &Target, step: usize) {
        let Some(name) = self.built_module_of(step) else { return };
        for (target, known) in &self.facts.targets {
            let planned = self.plan.steps.iter().any(|step| step.action.target() == Some(target));
            if target.kernel != of.kernel || planned || known.state != State::Installed || *target == *of {
                continue;
            }
            let Configuration::Examined(examined) = &known.configuration else { continue };
            if examined.config.build_depends_rebuild && examined.config.build_depends.contains(&name) {
                let because = Because::DependencyRebuilt { name: name.clone() };
                self.plan.settled.retain(|settled| {
                    settled.module != target.module || settled.kernel.as_ref() != Some(&target.kernel)
                });
                let need = Need::Build(because);
                push_steps(&mut self.plan, target, need, Want::Installed, vec![step]);
                self.chosen.insert(key(target), target.module.clone());
            }
        }
    }
}
