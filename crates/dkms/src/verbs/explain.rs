//! `dkms explain NAME[/VERSION]`: why a module was built, skipped, kept or refused for a kernel. Changes nothing and takes no lock.
//!
//! What was done comes from what is remembered of the last two attempts to build it, what would be done now from facts and plan as
//! at the end of a transaction; whether it works, what `dkms verify` looks at.

mod output;
mod text;

use std::collections::BTreeSet;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::attempts;
use dkms_engine::facts::condition;
use dkms_engine::facts::kernels;
use dkms_engine::facts::tree::Tree;
use dkms_engine::facts::{Configuration, Facts, State};
use dkms_engine::fingerprint::Change;
use dkms_engine::plan::{Goal, Plan, Settled, Step};
use dkms_engine::record::Refusal as Refused;
use dkms_engine::run;
use dkms_engine::target::{KernelId, Target};
use dkms_engine::verdict::{Name, Problem};
use dkms_engine::verify::{KernelVerification, Scope, Verification};

use crate::session::Session;
use crate::subjects::Subjects;

pub use output::Explanations;

/// What there is to tell of a target.
struct Explanation {
    target: Target,
    state: State,
    /// The kernel whose modules it has, by weak links.
    linked_to: Option<KernelId>,
    last: Option<attempts::Trial>,
    previous: Option<attempts::Trial>,
    /// Inputs that are not what they were when it was built, or failed, last.
    changes: Vec<Change>,
    /// Objects that were kept out of the kernel when it was installed.
    refused: Vec<Refused>,
    /// The steps that are about it, and what needs none.
    plan: Plan,
    /// Whether it will work; none if nothing is said about it, because it is not meant to, or could not be looked at.
    verdict: Option<Verdict>,
}

/// Whether a module will work, as `dkms verify` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Works,
    /// It will not, for these reasons.
    Fails(Vec<Problem>),
    /// It cannot be told, for these.
    Unknown(Vec<Problem>),
}

/// Shows it.
///
/// # Errors
/// Those of [`Subjects::of`]; `KernelMissing` and `Io` of the engine.
pub(super) fn run(session: &Session) -> Result<()> {
    let setup = &session.setup;
    let subjects = Subjects::of(session)?;
    let targets = subjects.targets(session)?;
    let kernels: BTreeSet<KernelId> = targets.iter().map(|target| target.kernel.clone()).collect();
    let goal = Goal::Reconciled { kernels: kernels.clone(), waiting: BTreeSet::new() };
    let (facts, plan) = run::look(setup, &goal)?;
    for kernel in &kernels {
        let is_known = |target: &Target| target.kernel == *kernel && is_known(&facts, &subjects, target);
        if !targets.iter().any(is_known) {
            let path = kernels::directory(setup, &kernel.release);
            return Err(Error::KernelMissing { kernel: kernel.clone(), path }.into());
        }
    }
    let releases = kernels.iter().map(|kernel| kernel.release.clone()).collect();
    let scope = Scope { releases, name: session.arguments.name.clone(), ..Scope::default() };
    // A user who may not read what boots is told all the rest.
    let verification = Verification::of(setup, &facts, &plan, &scope);
    let judged = verification.inspect_err(|error| log::warn!("whether it works cannot be told: {error}")).ok();
    let tree = Tree::gather(setup)?;
    let explain = |target: &Target| Explanation::new(session, &facts, &plan, judged.as_ref(), &tree, target);
    let explanations: Vec<Explanation> = targets.iter().map(explain).collect();
    if session.arguments.line.json {
        let output = Explanations::new(&explanations);
        return Ok(session.output.line(&serde_json::to_string_pretty(&output)?)?);
    }
    let texts: Vec<String> = explanations.iter().map(text::text).collect();
    Ok(session.output.write(&texts.join("\n"))?)
}

/// Whether there is such a kernel, or was when something was done for it.
fn is_known(facts: &Facts, subjects: &Subjects, target: &Target) -> bool {
    facts.kernels.get(&target.kernel).is_some_and(|kernel| kernel.present)
        || subjects.logged.contains(target)
        || facts.targets.get(target).is_some_and(|known| known.state != State::Absent || known.failed.is_some())
}

impl Explanation {
    fn new(
        session: &Session,
        facts: &Facts,
        plan: &Plan,
        verification: Option<&Verification>,
        tree: &Tree,
        target: &Target,
    ) -> Self {
        let setup = &session.setup;
        let known = facts.targets.get(target);
        let build = tree.builds().find(|build| build.target == *target);
        Self {
            state: known.map_or(State::Absent, |known| known.state),
            linked_to: known.and_then(|known| known.weak_link.clone()),
            last: attempts::last(setup, target),
            previous: attempts::previous(setup, target),
            changes: changes(facts, target),
            refused: build.and_then(|build| condition::manifest(setup, build)).map_or(Vec::new(), |it| it.refused),
            plan: about(plan, target),
            verdict: verification.and_then(|it| it.kernels.iter().find_map(|kernel| verdict(kernel, target))),
            target: target.clone(),
        }
    }
}

/// What differs from the last failure, or else from what is built.
fn changes(facts: &Facts, target: &Target) -> Vec<Change> {
    let Some(known) = facts.targets.get(target) else { return Vec::new() };
    let Configuration::Examined(examined) = &known.configuration else { return Vec::new() };
    let before = known.failed.as_ref().map(|failure| &failure.fingerprint).or(known.recorded.as_ref());
    let Some(before) = before else { return Vec::new() };
    // What a person replaced by options is not compared.
    before.differences(&examined.fingerprint).filter(|change| !known.custom || *change == Change::Source).collect()
}

/// The part of a plan that is about a target.
fn about(plan: &Plan, target: &Target) -> Plan {
    let steps = plan.steps.iter().filter(|step| step.action.target() == Some(target));
    let is_it = |settled: &&Settled| {
        settled.module == target.module && settled.kernel.as_ref().is_none_or(|kernel| *kernel == target.kernel)
    };
    Plan {
        // Places in the whole plan mean nothing in a part of it.
        steps: steps.map(|step| Step { after: Vec::new(), waits: Vec::new(), ..step.clone() }).collect(),
        settled: plan.settled.iter().filter(is_it).cloned().collect(),
        switched_off: plan.switched_off,
    }
}

/// What is said of a target on its kernel.
fn verdict(kernel: &KernelVerification, target: &Target) -> Option<Verdict> {
    let name = Name::from(&target.module);
    if (&kernel.release, &kernel.arch) != (&target.kernel.release, &target.kernel.arch) {
        return None;
    }
    let of = |problems: &[Problem]| problems.iter().filter(|it| it.module == name).cloned().collect::<Vec<_>>();
    let (fails, unknown) = (of(&kernel.problems), of(&kernel.unknown));
    match (fails.is_empty(), unknown.is_empty()) {
        (false, _) => Some(Verdict::Fails(fails)),
        (true, false) => Some(Verdict::Unknown(unknown)),
        (true, true) => kernel.works.contains(&name).then_some(Verdict::Works),
    }
}
