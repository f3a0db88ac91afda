//! The plan: which steps follow from the facts and a goal, in which order, and why.
//!
//! A pure function: no disk, no clock, no environment. Everything that is decided about modules is decided here; the
//! front doors choose a [`Goal`] and [`crate::run`] carries the plan out. What needs no step is *settled*: it is in the
//! plan too, so that "nothing to do" has an explanation.

mod because;
mod dependencies;
mod goal;
mod removal;
mod retirement;
mod wanted;

use std::collections::BTreeSet;

use serde::Serialize;

pub use because::Because;
pub use goal::{Goal, Request};

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
    /// Link what is installed for another kernel.
    Borrow(Loan),
    /// Take the placed objects, or links to those of another kernel, away and put back what they displaced.
    Uninstall(Target),
    /// Forget the kept objects.
    Unbuild(Target),
    /// Take the module version out of the tree.
    Deregister(ModuleId),
}

/// A target that is to have what is installed for another kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loan {
    /// Who borrows.
    #[serde(flatten)]
    pub target: Target,
    /// Who lends.
    pub from: KernelId,
}

impl Action {
    /// The target, for all but `Deregister`.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Action::Build(target) | Action::Install(target) | Action::Uninstall(target) | Action::Unbuild(target) => {
                Some(target)
            }
            Action::Borrow(loan) => Some(&loan.target),
            Action::Deregister(_) => None,
        }
    }

    /// The module version.
    pub fn module(&self) -> &ModuleId {
        match self {
            Action::Deregister(module) => module,
            Action::Build(target) | Action::Install(target) | Action::Uninstall(target) | Action::Unbuild(target) => {
                &target.module
            }
            Action::Borrow(loan) => &loan.target.module,
        }
    }

    /// The word for it.
    pub fn verb(&self) -> &'static str {
        match self {
            Action::Build(_) => "build",
            Action::Install(_) => "install",
            Action::Borrow(_) => "borrow",
            Action::Uninstall(_) => "uninstall",
            Action::Unbuild(_) => "unbuild",
            Action::Deregister(_) => "remove",
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
    pub why: Why,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "settled")]
pub enum Why {
    /// Built already, from the same inputs.
    AlreadyBuilt,
    /// Installed already, from the same inputs.
    AlreadyInstalled,
    /// What is installed for another kernel fits, and links lead to it.
    Borrowed {
        /// Release of the kernel that lends.
        from: String,
    },
    /// Other kernels have it on loan and nothing to put in its place.
    Lent {
        /// Their releases.
        to: Vec<String>,
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
        path: std::path::PathBuf,
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
        let changes =
            |step: &&Step| matches!(step.action, Action::Install(_) | Action::Borrow(_) | Action::Uninstall(_));
        self.steps.iter().filter(changes).filter_map(|step| step.action.target()).map(|target| &target.kernel).collect()
    }

    fn push(&mut self, action: Action, because: Because, after: Vec<usize>) -> usize {
        self.steps.push(Step { action, because, after });
        self.steps.len() - 1
    }

    fn settle(&mut self, target: &Target, why: Why) {
        self.settled.push(Settled { module: target.module.clone(), kernel: Some(target.kernel.clone()), why });
    }
}

/// What follows from the facts for a goal.
pub fn plan(facts: &Facts, goal: &Goal) -> Plan {
    match goal {
        Goal::Built(request) => wanted::named(facts, request, wanted::Want::Built),
        Goal::Installed(request) => wanted::named(facts, request, wanted::Want::Installed),
        Goal::Autoinstalled { kernels, force, only } => wanted::automatic(facts, kernels, *force, only.as_deref()),
        Goal::Reconciled { kernels, waiting } => retirement::reconciled(facts, kernels, waiting),
        Goal::Uninstalled(targets) => removal::uninstalled(facts, targets),
        Goal::Unbuilt(targets) => removal::unbuilt(facts, targets),
        Goal::Removed { module, targets } => removal::removed(facts, module, targets),
        Goal::KernelGone { kernel, autoinstalled_only } => removal::kernel_gone(facts, kernel, *autoinstalled_only),
    }
}

#[cfg(test)]
mod tests;
