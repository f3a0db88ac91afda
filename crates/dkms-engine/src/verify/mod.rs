//! Will each kernel have its modules when it boots: present, loadable, and accepted?
//!
//! What is wanted and is not there, the verdict says; what is there is checked here, file by file, as the kernel and modprobe
//! will find it. Each answer can be "cannot tell", which is not "works".

mod evidence;
mod installed;
mod kernel;
mod machine;

use serde::Serialize;

use crate::error::Error;
use crate::facts::Facts;
use crate::facts::condition::{Condition, Integrity};
use crate::facts::tree::Tree;
use crate::facts::weak::links;
use crate::plan::Plan;
use crate::report::Report;
use crate::setup::Setup;
use crate::target::KernelId;
use crate::verdict::{Kind, Name, Problem, Verdict};
pub use evidence::Fault;
use installed::Installed;
use kernel::Booted;
use machine::Machine;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verification {
    /// Grows when the meaning of a field changes or a field goes away. New fields may come without that.
    pub format: u32,
    /// Release of the kernel that boots next.
    pub next_boot: Option<String>,
    /// Why it cannot be told which one does.
    pub next_boot_unknown: Option<String>,
    /// Kernels that modules are kept for.
    pub kernels: Vec<KernelVerification>,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KernelVerification {
    /// Kernel release.
    pub release: String,
    /// Architecture.
    pub arch: String,
    /// It boots next.
    pub next_boot: bool,
    /// Modules that will be there, load, and be accepted.
    pub works: Vec<Name>,
    /// What will not work.
    pub problems: Vec<Problem>,
    /// What cannot be told.
    pub unknown: Vec<Problem>,
}

/// What is to be verified; nothing named is everything.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Releases of kernels.
    pub releases: Vec<String>,
    /// The kernel that boots next, alone.
    pub next_boot: bool,
    /// Name of a module.
    pub name: Option<String>,
    /// Version of it.
    pub version: Option<String>,
}

impl Scope {
    fn takes(&self, module: &Name) -> bool {
        self.name.as_ref().is_none_or(|name| *name == module.name)
            && self.version.as_ref().is_none_or(|version| *version == module.version)
    }
}

impl Verification {
    /// Looks at everything in the scope, for facts and plan of all that is wanted.
    ///
    /// # Errors
    /// `Io` for what is there and cannot be read.
    pub fn of(setup: &Setup, facts: &Facts, plan: &Plan, scope: &Scope) -> Result<Self, Error> {
        let machine = Machine::gather(setup)?;
        let next = machine.next();
        let verdict = Verdict::of(&setup.layout, facts, plan, &Report::default(), None);
        let tree = Tree::gather(setup)?;
        let weak = links::gather(setup, &tree)?;
        let mut kernels = Vec::new();
        for judged in verdict.kernels {
            let is_next = next.as_ref() == Ok(&judged.release);
            let is_named = scope.releases.is_empty() || scope.releases.contains(&judged.release);
            if !is_named || (scope.next_boot && !is_next) {
                continue;
            }
            let id = KernelId::new(&judged.release, &judged.arch)?;
            let Some(kernel) = facts.kernels.get(&id) else { continue };
            let installed = installed::gather(setup, &tree, &weak, &id, scope)?;
            let names: Vec<String> =
                installed.iter().flat_map(|one| one.objects.iter().map(|(name, _)| name.clone())).collect();
            let booted = Booted::gather(setup, &machine, kernel, &names)?;
            let mut found = KernelVerification {
                release: judged.release.clone(),
                arch: judged.arch.clone(),
                next_boot: is_next,
                works: Vec::new(),
                problems: judged.problems,
                unknown: Vec::new(),
            };
            // Whether it matters that one is not signed, the kernel decides; and one that is to be built again is there.
            let is_there = |name: &Name| installed.iter().any(|one| Name::from(&one.target.module) == *name);
            let counts = |problem: &Problem| match problem.kind {
                Kind::Unsigned => false,
                Kind::Unfinished => !is_there(&problem.module),
                _ => true,
            };
            found.problems.retain(|problem| scope.takes(&problem.module) && counts(problem));
            for one in installed {
                found.add(one, &booted)?;
            }
            kernels.push(found);
        }
        let (next_boot, next_boot_unknown) = match next {
            Ok(release) => (Some(release), None),
            Err(reason) => (None, Some(reason)),
        };
        Ok(Self { format: 1, next_boot, next_boot_unknown, kernels })
    }

    /// Whether more than one kernel was looked at.
    pub fn has_several(&self) -> bool {
        self.kernels.len() > 1
    }

    /// Whether something will not work.
    pub fn has_problems(&self) -> bool {
        self.kernels.iter().any(|kernel| !kernel.problems.is_empty())
    }

    /// Whether something cannot be told.
    pub fn has_unknown(&self) -> bool {
        self.kernels.iter().any(|kernel| !kernel.unknown.is_empty())
    }
}

impl KernelVerification {
    /// Takes in what is found of an installed module, unless it is known to be wrong already.
    fn add(&mut self, one: Installed<'_>, booted: &Booted<'_>) -> Result<(), Error> {
        let name = Name::from(&one.target.module);
        if self.problems.iter().any(|problem| problem.module == name) {
            return Ok(());
        }
        let again = format!("dkms install --force {name} -k {}", self.release);
        let problem = |kind, reason: String, command: Option<String>| Problem {
            module: name.clone(),
            kind,
            reason,
            first_error: None,
            stays: None,
            hint: command,
        };
        let (before, unknown_before) = (self.problems.len(), self.unknown.len());
        let condition = one.build.map(|build| Condition::gather(booted.setup(), build)).unwrap_or_default();
        match condition.placed {
            Integrity::Whole => {}
            Integrity::Altered => self.problems.push(problem(
                Kind::Altered,
                "what is installed is not what was built".into(),
                Some(again.clone()),
            )),
            Integrity::Missing => {
                self.problems.push(problem(Kind::Altered, "a file of it is missing".into(), Some(again.clone())))
            }
        }
        if one.objects.is_empty() && condition.placed == Integrity::Whole {
            self.problems.push(problem(Kind::Altered, "none of its files is there".into(), Some(again.clone())));
        }
        for (object, path) in &one.objects {
            if condition.placed != Integrity::Whole && !booted.setup().root.is_file(path) {
                continue;
            }
            for fault in booted.check(object, path)? {
                let several = if one.objects.len() > 1 { format!("{object}: ") } else { String::new() };
                let list = if fault.certain { &mut self.problems } else { &mut self.unknown };
                let command = fault.command.clone().or_else(|| fault.goes_by_installing().then(|| again.clone()));
                let found = problem(fault.kind, format!("{several}{}", fault.reason), command);
                // What is the same for all objects is said once.
                if !list.iter().any(|known| {
                    known.module == name && known.kind == found.kind && known.reason.ends_with(&fault.reason)
                }) {
                    list.push(found);
                }
            }
        }
        if (self.problems.len(), self.unknown.len()) == (before, unknown_before) {
            self.works.push(name);
        }
        Ok(())
    }
}
