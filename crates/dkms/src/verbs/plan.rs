//! `dkms plan [VERB ...]`: the steps that a verb would take and why, and why there are none for the rest. Changes nothing.

pub(super) mod text;

use std::path::PathBuf;

use anyhow::Result;
use dkms_engine::plan::{Because, Plan, Refused, Settled, SkipReason, Step, Yielded};
use dkms_engine::report::words;
use dkms_engine::run;
use dkms_engine::target::{KernelId, ModuleId};
use serde::Serialize;

use crate::arguments::Origin;
use crate::goal;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::verb::Verb;
use crate::watch::COLUMNS;

pub(super) fn run(session: &Session) -> Result<()> {
    // A plan changes nothing, so it cannot register what a path holds first.
    if let Some(Origin::Archive(path) | Origin::Directory(path)) = &session.arguments.origin {
        return Err(Refusal::PathNotTaken { verb: Verb::Plan, path: path.display().to_string() }.into());
    }
    let module = goal::module(session)?;
    let (_, plan) = run::look(&session.setup, &goal::of(session, module.as_ref())?)?;
    let shown = PlanOutput::new(&plan);
    if session.arguments.line.json {
        return Ok(session.output.line(&serde_json::to_string_pretty(&shown)?)?);
    }
    let columns = if session.setup.framework.verbose() { usize::MAX } else { COLUMNS };
    Ok(session.output.write(&text::text(&plan, columns))?)
}

fn subject(step: &Step) -> (&ModuleId, Option<&KernelId>) {
    (step.action.module(), step.action.target().map(|target| &target.kernel))
}

/// What `dkms plan --json` prints.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanOutput {
    /// Grows when the meaning of a field changes or a field goes away. New fields may come without that.
    format: u32,
    /// The administrator switched automatic builds off, so nothing was looked at.
    switched_off: bool,
    /// What would be done, in an order in which it can be done.
    steps: Vec<StepOutput>,
    /// What would not be done.
    settled: Vec<SettledOutput>,
}

/// One step.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct StepOutput {
    /// `build`, `install`, `link`, `uninstall`, `unlink`, `unbuild` or `remove`.
    action: String,
    /// The module version.
    module: ModuleOutput,
    /// The kernel; none for `remove`.
    kernel: Option<KernelOutput>,
    /// Why, for programs.
    because: Because,
    /// Why, for people.
    text: String,
    /// Places in the list of the steps that have to succeed first.
    after: Vec<usize>,
    /// Places in the list of the steps that have to have ended first, well or not.
    waits: Vec<usize>,
    /// Objects that are left to other modules, as long as those have them.
    yields: Vec<Yielded>,
    /// Objects that stay out.
    refused: Vec<Refused>,
    /// Lists of the distribution that force it, or only over the versions of what is there.
    forced_by: Vec<PathBuf>,
}

/// A module version, or one for a kernel, that gets no step.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SettledOutput {
    /// The module version.
    module: ModuleOutput,
    /// The kernel; none if it is the same for all.
    kernel: Option<KernelOutput>,
    /// Why, for programs.
    why: SkipReason,
    /// Why, for people.
    text: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ModuleOutput {
    /// Package name.
    name: String,
    /// Package version.
    version: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct KernelOutput {
    /// Kernel release.
    release: String,
    /// Architecture.
    arch: String,
}

impl PlanOutput {
    fn new(plan: &Plan) -> Self {
        Self {
            format: 1,
            switched_off: plan.switched_off,
            steps: plan.steps.iter().map(StepOutput::new).collect(),
            settled: plan.settled.iter().map(SettledOutput::new).collect(),
        }
    }
}

impl StepOutput {
    fn new(step: &Step) -> Self {
        let (module, kernel) = subject(step);
        Self {
            action: step.action.operation().to_string(),
            module: module.into(),
            kernel: kernel.map(Into::into),
            text: step.because.to_string(),
            because: step.because.clone(),
            after: step.after.clone(),
            waits: step.waits.clone(),
            yields: step.placement.yields.clone(),
            refused: step.placement.refused.clone(),
            forced_by: step.placement.overrides.lists.iter().map(|list| list.path.clone()).collect(),
        }
    }
}

impl SettledOutput {
    fn new(settled: &Settled) -> Self {
        Self {
            module: (&settled.module).into(),
            kernel: settled.kernel.as_ref().map(Into::into),
            text: words::reason(&settled.why),
            why: settled.why.clone(),
        }
    }
}

impl From<&ModuleId> for ModuleOutput {
    fn from(module: &ModuleId) -> Self {
        Self { name: module.name.clone(), version: module.version.clone() }
    }
}

impl From<&KernelId> for KernelOutput {
    fn from(kernel: &KernelId) -> Self {
        Self { release: kernel.release.clone(), arch: kernel.arch.clone() }
    }
}

#[cfg(test)]
mod tests {
    use dkms_engine::plan::Action;
    use dkms_engine::target::Target;

    use super::*;

    fn plan() -> Plan {
        let module = ModuleId::new("m", "1").unwrap();
        let kernel = KernelId::new("6.1", "x86_64").unwrap();
        let build = Action::Build(Target::new(module.clone(), kernel.clone()));
        let steps = vec![
            Step::new(build, Because::NotBuilt),
            Step { after: vec![0], ..Step::new(Action::Deregister(module.clone()), Because::Asked) },
        ];
        let settled = vec![Settled { module, kernel: Some(kernel), why: SkipReason::AlreadyInstalled }];
        Plan { steps, settled, switched_off: false }
    }

    #[test]
    fn json() {
        let value = serde_json::to_value(PlanOutput::new(&plan())).unwrap();
        assert_eq!(value["format"], 1);
        assert_eq!(value["steps"][0]["because"]["reason"], "not-built");
        assert_eq!(value["steps"][1]["kernel"], serde_json::Value::Null);
        assert_eq!(value["steps"][1]["after"], serde_json::json!([0]));
        assert_eq!(value["settled"][0]["why"]["settled"], "already-installed");
    }
}
