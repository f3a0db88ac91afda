//! The verdict: for each kernel what will work when it boots, what will not, why, and the command that mends it.
//!
//! Follows from facts and plan of a transaction's end, so it can be made again at any time; stored for programs, for
//! users who log in, and for the next transaction, which tells only what is new.

mod excluded;
mod news;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::facts::kernel::Headers;
use crate::facts::tree::Tree;
use crate::facts::{Facts, State};
use crate::layout::Layout;
use crate::plan::{Operation, Plan, SkipReason, Yielded};
use crate::record::{self, Format};
use crate::report::{Entry, Outcome, Report, words};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::target::{KernelId, ModuleId, Target};

/// What the last transaction left: `T/.dkms-rs/verdict.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Grows when the meaning of a field changes or a field goes away.
    #[cfg_attr(feature = "schema", schemars(with = "u32"))]
    pub format: Format,
    /// One for each kernel that modules are kept for.
    pub kernels: Vec<KernelVerdict>,
}

/// The verdict on one kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KernelVerdict {
    /// Kernel release.
    pub release: String,
    /// Architecture.
    pub arch: String,
    /// Module versions that are installed and want to be.
    pub works: Vec<Name>,
    /// What will not work.
    pub problems: Vec<Problem>,
    /// The package to install so that modules can be built for it, or an empty text if its name is not known; none if the
    /// headers are there.
    pub headers_missing: Option<String>,
}

/// A module version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: String,
}

/// A module that wants to be installed for a kernel and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Which one.
    pub module: Name,
    /// What sort of problem it is.
    pub kind: Kind,
    /// Why, as a fragment of a sentence.
    pub reason: String,
    /// The lines in which a compiler or a script complained.
    pub first_error: Option<String>,
    /// Another version that is installed in its place.
    pub stays: Option<String>,
    /// What to type next.
    pub hint: Option<String>,
}

/// Sorts of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its source is gone.
    Broken,
    /// Its dkms.conf cannot be used.
    Configuration,
    /// Another module of ours has the place of an object that it builds, too.
    Conflict,
    /// A module that it depends on is not there.
    Dependency,
    /// It is not meant for this kernel, and works on the older ones that the machine has booted so far.
    Excluded,
    /// It does not build; it is not tried again until an input changes.
    Failed,
    /// The headers of the kernel are missing.
    HeadersMissing,
    /// It could not be built or installed for a reason that lies outside of it, and is tried again.
    Unfinished,
    /// It is installed and could not be signed.
    Unsigned,
    /// What is installed is not what was built, or is gone.
    Altered,
    /// What is installed is no module, or none for this kernel: another machine, release or version of a symbol.
    Unfit,
    /// Its name leads to another file, or to none.
    Unlisted,
    /// A setting keeps it from being loaded.
    Barred,
    /// It is stored in a form that the kernel cannot unpack.
    Compression,
    /// The initial file system has another build of it, or one whose signature does not count.
    Initramfs,
    /// The kernel does not trust its signature.
    Untrusted,
}

impl From<&ModuleId> for Name {
    fn from(module: &ModuleId) -> Self {
        Self { name: module.name.clone(), version: module.version.clone() }
    }
}

impl Verdict {
    /// From the facts and the plan of everything, from what was tried last, and from the verdict before.
    pub fn of(layout: &Layout, facts: &Facts, plan: &Plan, report: &Report, earlier: Option<&Verdict>) -> Self {
        let kernels = facts.kernels.values().map(|kernel| {
            let missing = match &kernel.headers {
                Headers::Missing { package, .. } => Some(package.clone().unwrap_or_default()),
                Headers::Complete => None,
            };
            Assessment { layout, facts, plan, report, earlier, kernel: &kernel.id }.kernel(missing)
        });
        Self { format: Format, kernels: kernels.collect() }
    }

    /// The stored one; `None` if there is none.
    pub fn load(setup: &Setup) -> Option<Self> {
        let path = setup.layout.verdict();
        if setup.root.exists(&path) { record::load(&setup.root, &path) } else { None }
    }

    /// Whether what it says of installed modules is still so. What was installed or taken away since, by hand say, makes it old.
    pub fn is_current(&self, tree: &Tree, weak: &BTreeMap<Target, KernelId>) -> bool {
        let placed = tree.builds().filter(|build| build.state == State::Installed).map(|build| &build.target);
        let placed: BTreeSet<&Target> = placed.chain(weak.keys()).collect();
        let is_judged = |target: &Target| {
            let Some(kernel) = self.on(&target.kernel.release) else { return true };
            let mut judged = kernel.works.iter().chain(kernel.problems.iter().map(|problem| &problem.module));
            judged.any(|name| *name == Name::from(&target.module))
        };
        let is_placed = |kernel: &KernelVerdict, name: &Name| {
            let mut here = placed.iter().filter(|target| target.kernel.release == kernel.release);
            here.any(|target| Name::from(&target.module) == *name)
        };
        let all_works = |kernel: &KernelVerdict| kernel.works.iter().all(|name| is_placed(kernel, name));
        self.kernels.iter().all(all_works) && placed.iter().all(|target| is_judged(target))
    }

    /// Stores it, in words too while something will not work that ought to.
    ///
    /// # Errors
    /// `Io`.
    pub fn store(&self, setup: &Setup, guard: &Guard) -> Result<(), Error> {
        record::store(guard.root(), &setup.layout.verdict(), self)?;
        let text: String = self.lasting().map(|line| line + "\n").collect();
        if text.is_empty() {
            return guard.root().remove_file(&setup.layout.motd());
        }
        Staged::file(guard.root(), &setup.layout.motd(), text.as_bytes(), 0o644)?.publish()
    }

    /// In words what a person can mend. That a module is not meant for a kernel is said once.
    fn lasting(&self) -> impl Iterator<Item = String> {
        self.kernels.iter().flat_map(|kernel| kernel.words(|problem| problem.kind != Kind::Excluded))
    }

    /// The verdict on a kernel.
    fn on(&self, release: &str) -> Option<&KernelVerdict> {
        self.kernels.iter().find(|kernel| kernel.release == release)
    }
}

impl KernelVerdict {
    /// A paragraph for each problem that passes.
    fn words(&self, passes: impl Fn(&Problem) -> bool) -> Vec<String> {
        let problems = self.problems.iter().filter(|problem| passes(problem));
        let (headless, others): (Vec<_>, Vec<_>) = problems.partition(|problem| problem.kind == Kind::HeadersMissing);
        let headers = self.headers_missing.as_ref().and_then(|package| self.without_headers(package, &headless));
        headers.into_iter().chain(others.iter().map(|problem| problem.words(&self.release))).collect()
    }

    /// What follows from missing headers, for all modules at once; nothing if no module wants to be there.
    fn without_headers(&self, package: &str, headless: &[&Problem]) -> Option<String> {
        let names: Vec<String> = headless.iter().map(|problem| problem.module.to_string()).collect();
        let what = match (names.as_slice(), self.works.as_slice()) {
            ([], []) => return None,
            ([], _) => "installed modules stay, but cannot be rebuilt".to_owned(),
            (names, _) => format!("{} cannot be built for it", names.join(", ")),
        };
        let install = if package.is_empty() { "its headers".into() } else { format!("the package `{package}`") };
        Some(format!("{} has no headers: {what}\n  hint: install {install}", self.release))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

impl Problem {
    fn words(&self, release: &str) -> String {
        let Self { module, reason, first_error, kind, .. } = self;
        let state = match kind {
            Kind::Conflict => "is not fully installed",
            Kind::Excluded => "will be missing",
            _ => "does not work",
        };
        // Some reasons quote it.
        let first_error = first_error.as_deref().filter(|line| !reason.contains(line));
        self.paragraph(&format!("{module} {state} on {release}: {reason}"), first_error)
    }

    /// A sentence with what belongs to it: more lines, what stays, and what to type next.
    fn paragraph(&self, sentence: &str, lines: Option<&str>) -> String {
        let Self { stays, hint, .. } = self;
        let lines = lines.map(|lines| lines.replace('\n', "\n  "));
        let stays = stays.as_ref().map(|version| format!("version {version} stays installed there"));
        let hint = hint.as_ref().map(|hint| format!("hint: {hint}"));
        let more: String = [lines, stays, hint].into_iter().flatten().map(|line| format!("\n  {line}")).collect();
        format!("{sentence}{more}")
    }
}

/// Looks at one kernel.
struct Assessment<'a> {
    layout: &'a Layout,
    facts: &'a Facts,
    plan: &'a Plan,
    report: &'a Report,
    earlier: Option<&'a Verdict>,
    kernel: &'a KernelId,
}

impl Assessment<'_> {
    fn kernel(&self, headers_missing: Option<String>) -> KernelVerdict {
        let KernelId { release, arch } = self.kernel.clone();
        let (mut works, mut problems) = (Vec::new(), Vec::new());
        let here = |kernel: &Option<KernelId>| kernel.as_ref().is_none_or(|kernel| kernel == self.kernel);
        for settled in self.plan.settled.iter().filter(|settled| here(&settled.kernel)) {
            let target = Target::new(settled.module.clone(), self.kernel.clone());
            match (&settled.why, self.facts.targets.get(&target).and_then(|known| known.unsigned.as_ref())) {
                (SkipReason::AlreadyInstalled, None) | (SkipReason::WeaklyLinked { .. }, _) => {
                    works.push(Name::from(&settled.module))
                }
                (SkipReason::AlreadyInstalled, Some(reason)) => {
                    problems.push(self.problem(&target, Kind::Unsigned, format!("it is not signed: {reason}")));
                }
                (why, _) => {
                    let problem = kind(why).map(|kind| self.settled(&target, kind, why));
                    problems.extend(problem.or_else(|| self.missed(&target, why)));
                }
            }
        }
        for step in &self.plan.steps {
            let Some(target) = step.action.target().filter(|target| target.kernel == *self.kernel) else { continue };
            if step.action.operation() == Operation::Build
                || (step.action.operation() == Operation::Install && !self.is_built_by_plan(target))
            {
                problems.push(self.unfinished(target));
            }
        }
        KernelVerdict { release, arch, works, problems, headers_missing }
    }

    fn is_built_by_plan(&self, target: &Target) -> bool {
        self.plan
            .steps
            .iter()
            .any(|step| step.action.operation() == Operation::Build && step.action.target() == Some(target))
    }

    /// A step that is still to be taken, and why it was not.
    fn unfinished(&self, target: &Target) -> Problem {
        let of_target = |entry: &&Entry| entry.module == target.module && entry.kernel.as_ref() == Some(&target.kernel);
        let mut outcomes = self.report.entries.iter().filter(of_target).map(|entry| &entry.outcome);
        let failure = outcomes.find_map(|outcome| match outcome {
            Outcome::Failed { error, .. } => Some((error.clause(), error.diagnosis())),
            Outcome::NotTried { after, .. } if *after != target.module => Some((format!("`{after}` failed"), None)),
            _ => None,
        });
        let (reason, diagnosis) = failure.unwrap_or_else(|| ("it is not built yet".to_owned(), None));
        let problem = self.problem(target, Kind::Unfinished, reason);
        match diagnosis {
            Some(found) => self.with_log(target, problem, found.text(), found.advice.as_deref()),
            None => problem,
        }
    }

    fn settled(&self, target: &Target, kind: Kind, why: &SkipReason) -> Problem {
        if let SkipReason::Conflict { objects } = why {
            let hint = Some(self.choice(target, objects));
            return Problem { hint, ..self.problem(target, kind, words::reason(why)) };
        }
        let SkipReason::FailedBefore { message, first_error, advice, .. } = why else {
            return self.problem(target, kind, words::reason(why));
        };
        self.with_log(target, self.problem(target, kind, message.clone()), first_error.clone(), advice.as_deref())
    }

    /// Between which packages a person has to choose; a module that no package brought has its own name.
    fn choice(&self, target: &Target, objects: &[Yielded]) -> String {
        let Target { module, kernel } = target;
        let owners: BTreeSet<ModuleId> = objects.iter().filter_map(Yielded::owner).collect();
        let name = |module: &ModuleId| match self.facts.packages.get(module) {
            Some(package) => format!("the package {package}"),
            None => module.to_string(),
        };
        let all: Vec<String> = std::iter::once(module).chain(&owners).map(name).collect();
        let one_of = if all.len() == 2 { all.join(" or ") } else { format!("all but one of {}", all.join(", ")) };
        format!("remove {one_of}; `dkms install {module} -k {}` prefers {}", kernel.release, module.name)
    }

    /// The same with what the log of its build says, and where that is.
    fn with_log(&self, target: &Target, problem: Problem, said: Option<String>, advice: Option<&str>) -> Problem {
        let log = self.layout.failed_log(target);
        let advice = advice.map(|advice| format!("{advice}; ")).unwrap_or_default();
        let hint = problem.hint.map(|again| format!("{advice}less {}; `{again}` tries it again", log.display()));
        Problem { first_error: said, hint, ..problem }
    }

    fn problem(&self, target: &Target, kind: Kind, reason: String) -> Problem {
        let Target { module, kernel } = target;
        let installed = self.facts.installed_version(&module.name, kernel);
        let there = installed.or_else(|| self.facts.weakly_linked_version(&module.name, kernel));
        let stays = there.filter(|version| *version != module);
        let hint = match kind {
            Kind::Broken => format!("dkms add {module}, or dkms remove {module} --all"),
            Kind::HeadersMissing => "install the headers of that kernel".to_owned(),
            _ => format!("dkms install {module} -k {}", kernel.release),
        };
        let stays = stays.map(|version| version.version.clone());
        Problem { module: module.into(), kind, reason, first_error: None, stays, hint: Some(hint) }
    }
}

/// The sort of problem that a reason is; none if a module is not there because it is not meant to be.
fn kind(why: &SkipReason) -> Option<Kind> {
    match why {
        SkipReason::FailedBefore { .. } if words::fails_automatic(why) => Some(Kind::Failed),
        SkipReason::BadConfiguration { .. } => Some(Kind::Configuration),
        SkipReason::Conflict { .. } => Some(Kind::Conflict),
        SkipReason::Broken | SkipReason::NoSource => Some(Kind::Broken),
        SkipReason::Cycle { .. } | SkipReason::Deferred { .. } | SkipReason::DependencyMissing { .. } => {
            Some(Kind::Dependency)
        }
        SkipReason::HeadersMissing { .. } => Some(Kind::HeadersMissing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::{Rule, Settled};
    use crate::testing;

    #[test]
    fn a_stored_verdict_stays_readable() {
        testing::stays_readable::<Verdict>(include_str!("../../../tests/fixtures/formats/verdict-1.json"));
    }

    #[test]
    fn who_has_to_choose_is_told_between_which_packages() {
        let (one, other) = (ModuleId::new("m", "1").unwrap(), ModuleId::new("n", "2").unwrap());
        let kernel = testing::kernel("6.1");
        let objects = vec![Yielded { object: "m".into(), to: other.to_string(), by: Rule::Version }];
        let mut plan = Plan::default();
        let why = SkipReason::Conflict { objects };
        plan.settled.push(Settled { module: one.clone(), kernel: Some(kernel.id.clone()), why });
        let mut facts = Facts::default();
        facts.kernels.insert(kernel.id.clone(), Arc::new(kernel));
        let hint = |facts: &Facts| {
            let verdict = Verdict::of(&Layout::default(), facts, &plan, &Report::default(), None);
            verdict.kernels[0].problems[0].hint.clone().unwrap()
        };
        let end = "; `dkms install m/1 -k 6.1` prefers m";
        assert_eq!(hint(&facts), format!("remove m/1 or n/2{end}"));
        facts.packages.extend([(one, "m-dkms".to_owned()), (other, "n-dkms".to_owned())]);
        assert_eq!(hint(&facts), format!("remove the package m-dkms or the package n-dkms{end}"));
    }
}
