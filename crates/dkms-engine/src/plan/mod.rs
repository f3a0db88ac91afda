//! The plan: which steps follow from the facts and a goal, in which order, and why.
//!
//! A pure function: no disk, no clock, no environment. Everything that is decided about modules is decided here; the
//! front doors choose a [`Goal`] and [`crate::run`] carries the plan out. What needs no step is *settled*: it is in the
//! plan too, so that "nothing to do" has an explanation.

mod because;
mod dependencies;
mod goal;
mod need;
mod operation;
mod overrides;
mod ownership;
mod placement;
mod provided;
mod removal;
mod retirement;
mod version_rule;
mod wanted;
mod weak_links;

use std::collections::BTreeSet;

use serde::Serialize;

pub use because::Because;
pub use goal::{Goal, Request};
pub use operation::Operation;
pub use overrides::{Overrides, OverridingList};
pub use ownership::{Rule, Yielded};
pub use placement::{Admission, Placement, Refused, RefusedBecause};
pub use version_rule::{Existing, version_objection};

use crate::facts::Facts;
use crate::target::{KernelId, ModuleId, Target};

/// What one step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// Build, sign and keep.
    Build(Target),
    /// Place the kept objects below the kernel's directory.
    Install(Target),
    /// Make weak links to what is installed for another kernel.
    Link(WeakLink),
    /// Take weak links away.
    Unlink(WeakLink),
    /// Take the placed objects away and put back what they displaced.
    Uninstall(Target),
    /// Forget the kept objects.
    Unbuild(Target),
    /// Take the module version out of the tree.
    Deregister(ModuleId),
}

/// A target that has, or is to have, what is installed for another kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeakLink {
    /// Which target.
    #[serde(flatten)]
    pub target: Target,
    /// The other kernel.
    pub from: KernelId,
}

impl Action {
    /// The target, for all but `Deregister`.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Action::Build(target) | Action::Install(target) | Action::Uninstall(target) | Action::Unbuild(target) => {
                Some(target)
            }
            Action::Link(link) | Action::Unlink(link) => Some(&link.target),
            Action::Deregister(_) => None,
        }
    }

    /// The target of a `Build`.
    pub fn build(&self) -> Option<&Target> {
        if let Action::Build(target) = self { Some(target) } else { None }
    }

    /// The module version.
    pub fn module(&self) -> &ModuleId {
        match self {
            Action::Deregister(module) => module,
            Action::Build(target) | Action::Install(target) | Action::Uninstall(target) | Action::Unbuild(target) => {
                &target.module
            }
            Action::Link(link) | Action::Unlink(link) => &link.target.module,
        }
    }

    /// What it does.
    pub fn operation(&self) -> Operation {
        match self {
            Action::Build(_) => Operation::Build,
            Action::Install(_) => Operation::Install,
            Action::Link(_) => Operation::Link,
            Action::Unlink(_) => Operation::Unlink,
            Action::Uninstall(_) => Operation::Uninstall,
            Action::Unbuild(_) => Operation::Unbuild,
            Action::Deregister(_) => Operation::Deregister,
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done.
    #[serde(flatten)]
    pub action: Action,
    /// Why.
    pub because: Because,
    /// Places in [`Plan::steps`] of the steps that have to succeed first; all are smaller than this step's own.
    pub after: Vec<usize>,
    /// Places of the steps that have to have ended first, well or not; they may come later in the list.
    pub waits: Vec<usize>,
    /// Of an installation: what becomes of its objects.
    pub placement: Placement,
}

impl Step {
    /// A step that comes after none.
    pub fn new(action: Action, because: Because) -> Self {
        Self { action, because, after: Vec::new(), waits: Vec::new(), placement: Placement::default() }
    }
}

/// A target (or a whole module version) that gets no step, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The module version.
    pub module: ModuleId,
    /// The kernel; `None` if it is the same for all.
    pub kernel: Option<KernelId>,
    /// Why nothing is done.
    #[serde(flatten)]
    pub why: SkipReason,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "settled")]
pub enum SkipReason {
    /// Built already, from the same inputs.
    AlreadyBuilt,
    /// Installed already, from the same inputs.
    AlreadyInstalled,
    /// What is installed for another kernel fits, and links lead to it.
    WeaklyLinked {
        /// Release of the other kernel.
        from: String,
    },
    /// Weak links of other kernels lead to it, and there is nothing to put in its place.
    LinkedBy {
        /// Their releases.
        kernels: Vec<String>,
    },
    /// AUTOINSTALL is off.
    NotAutoinstalled,
    /// A higher version of the module is registered.
    OlderVersion,
    /// The module's own conditions exclude the kernel.
    Excluded {
        /// Directive, value and what was found instead.
        reason: String,
        /// The directive.
        directive: String,
        /// Its value.
        value: String,
    },
    /// The registration is broken.
    Broken,
    /// Not registered, so there is nothing to build from.
    NotAdded,
    /// The configuration cannot be used.
    BadConfiguration {
        /// What is wrong, with line and caret.
        problems: String,
        /// There is no dkms.conf at all.
        missing: bool,
    },
    /// The headers of the kernel are missing.
    HeadersMissing {
        /// What was looked for.
        #[cfg_attr(feature = "schema", schemars(with = "std::path::PathBuf"))]
        path: crate::error::lacking::Lacking,
        /// The package to install.
        package: Option<String>,
    },
    /// It failed before and no input changed since.
    FailedBefore {
        /// The failure as a clause about the module.
        message: String,
        /// Status of the command.
        status: i32,
        /// The lines that say why.
        first_error: Option<String>,
        /// What helps, where something is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        advice: Option<String>,
    },
    /// It depends on modules that are not registered at all.
    Deferred {
        /// Their names.
        missing: Vec<String>,
    },
    /// It depends on modules that are registered and will not be there.
    DependencyMissing {
        /// Their names.
        missing: Vec<String>,
    },
    /// Other modules have the places of these objects of it; the rest, if there is one, is installed.
    Conflict {
        /// Which objects, and who has their places.
        objects: Vec<Yielded>,
    },
    /// Another package provides all of it for this kernel, finished.
    Provided {
        /// The package.
        package: String,
    },
    /// It depends on itself.
    Cycle {
        /// The circle, first name repeated at the end.
        modules: Vec<String>,
    },
    /// It was to go, and stays because its successor is not installed.
    Kept {
        /// Version of the successor.
        successor: String,
    },
    /// Not installed, so there is nothing to uninstall.
    NotInstalled,
    /// Not built, so there is nothing to unbuild.
    NotBuilt,
    /// Only built objects were imported, and none for this kernel.
    NoSource,
}

/// Steps in an order in which they can be taken one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is done.
    pub steps: Vec<Step>,
    /// What is not.
    pub settled: Vec<Settled>,
    /// The administrator switched automatic builds off, so nothing was looked at.
    pub switched_off: bool,
}

impl Plan {
    /// Kernels whose module directory changes, so that depmod runs once for each.
    pub fn kernels_changed(&self) -> BTreeSet<&KernelId> {
        let changes = |step: &&Step| !matches!(step.action, Action::Build(_) | Action::Unbuild(_));
        self.steps.iter().filter(changes).filter_map(|step| step.action.target()).map(|target| &target.kernel).collect()
    }

    fn push(&mut self, action: Action, because: Because, after: Vec<usize>) -> usize {
        self.steps.push(Step { after, ..Step::new(action, because) });
        self.steps.len() - 1
    }

    /// Whether a step cannot be taken before another one, directly or by way of others.
    fn needs(&self, step: usize, earlier: usize) -> bool {
        let mut next = vec![step];
        let mut seen = BTreeSet::new();
        while let Some(place) = next.pop() {
            if self.steps[place].after.contains(&earlier) {
                return true;
            }
            next.extend(self.steps[place].after.iter().filter(|place| seen.insert(**place)));
        }
        false
    }

    /// Takes steps out. What was to come after one of them comes after what that one was to come after.
    fn drop_steps(&mut self, dropped: &[usize]) {
        if dropped.is_empty() {
            return;
        }
        let old = std::mem::take(&mut self.steps);
        let afters: Vec<Vec<usize>> = old.iter().map(|step| step.after.clone()).collect();
        let new_place = |place: usize| place - dropped.iter().filter(|gone| **gone < place).count();
        let resolve = |places: &[usize]| {
            let mut found = BTreeSet::new();
            let mut next = places.to_vec();
            while let Some(place) = next.pop() {
                match dropped.contains(&place) {
                    true => next.extend(&afters[place]),
                    false => found.extend([new_place(place)]),
                }
            }
            found.into_iter().collect::<Vec<_>>()
        };
        let kept = old.into_iter().enumerate().filter(|(place, _)| !dropped.contains(place));
        self.steps =
            kept.map(|(_, step)| Step { after: resolve(&step.after), waits: resolve(&step.waits), ..step }).collect();
    }

    fn settle(&mut self, target: &Target, why: SkipReason) {
        self.settled.push(Settled { module: target.module.clone(), kernel: Some(target.kernel.clone()), why });
    }
}

/// What follows from the facts for a goal.
pub fn plan(facts: &Facts, goal: &Goal) -> Plan {
    let mut plan = decide(facts, goal);
    weak_links::go_first(facts, &mut plan);
    placement::decide(facts, &mut plan);
    plan
}

fn decide(facts: &Facts, goal: &Goal) -> Plan {
    let mut plan = follow(facts, goal);
    let asked = match goal {
        Goal::Installed(request) => request.targets.as_slice(),
        Goal::Built(_) | Goal::KernelGone { .. } | Goal::WeaklyLinked { .. } => return plan,
        _ => &[],
    };
    if !plan.switched_off {
        provided::give_way(facts, &mut plan);
        ownership::hand_over(facts, &mut plan);
        ownership::settle(facts, &mut plan, asked);
    }
    plan
}

fn follow(facts: &Facts, goal: &Goal) -> Plan {
    match goal {
        Goal::Built(request) => wanted::named(facts, request, need::Want::Built),
        Goal::Installed(request) => wanted::named(facts, request, need::Want::Installed),
        Goal::Autoinstalled { kernels, force, only } => wanted::automatic(facts, kernels, *force, only.as_deref()),
        Goal::Reconciled { kernels, waiting } => retirement::reconciled(facts, kernels, waiting),
        Goal::Uninstalled(targets) => removal::uninstalled(facts, targets),
        Goal::Unbuilt(targets) => removal::unbuilt(facts, targets),
        Goal::Removed { module, targets } => removal::removed(facts, module, targets),
        Goal::WeaklyLinked { installed, kernels } => weak_links::weakly_linked(facts, installed, kernels),
        Goal::KernelGone { kernel, autoinstalled_only } => removal::kernel_gone(facts, kernel, *autoinstalled_only),
    }
}

#[cfg(test)]
mod tests;
