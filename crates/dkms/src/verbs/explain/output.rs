//! Explanations as JSON, for programs.

use std::path::PathBuf;

use dkms_engine::facts::State;
use dkms_engine::facts::attempts::Trial;
use dkms_engine::fingerprint::Change;
use dkms_engine::plan::{Because, SkipReason};
use dkms_engine::record::Refusal;
use dkms_engine::report::{time, words};
use dkms_engine::verdict::Problem;
use serde::Serialize;

use super::{Explanation, Verdict};
use crate::verbs::plan::{KernelOutput, ModuleOutput};

/// What `dkms explain --json` prints.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanations {
    /// Grows when the meaning of a field changes or a field goes away. New fields may come without that.
    format: u32,
    /// One for each module version and kernel.
    explanations: Vec<ExplanationOutput>,
}

/// What there is to tell of a module version on a kernel.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExplanationOutput {
    /// The module version.
    module: ModuleOutput,
    /// The kernel.
    kernel: KernelOutput,
    /// How far it has come.
    state: StateOutput,
    /// Release of the kernel whose modules it has, if it is `installed-weak`.
    from: Option<String>,
    /// The last attempt to build it, if there is a log of one.
    last: Option<AttemptOutput>,
    /// The one before, if its log is kept.
    previous: Option<AttemptOutput>,
    /// Inputs that are not what they were when it was built, or failed, last.
    changes: Vec<Change>,
    /// Objects that were kept out of the kernel when it was installed.
    refused: Vec<RefusedOutput>,
    /// What would be done about it now at the end of a transaction.
    plan: Vec<PlannedOutput>,
    /// The administrator switched automatic builds off, so nothing would be.
    switched_off: bool,
    /// Whether it will work as things are now; none if nothing can be said, or it is not meant to.
    works: Option<bool>,
    /// Why it will not work.
    problems: Vec<Problem>,
    /// Why it cannot be told whether it will.
    unknown: Vec<Problem>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum StateOutput {
    /// Not built.
    Absent,
    /// Built, not installed.
    Built,
    /// Built and installed.
    Installed,
    /// Built and installed for another kernel, and linked to that.
    InstalledWeak,
}

/// An attempt to build.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct AttemptOutput {
    /// Whether objects came of it; none if that is not known.
    built: Option<bool>,
    /// When it ended, as RFC 3339 has it.
    ended: String,
    /// The log.
    log: PathBuf,
    /// What was recorded of it; none if another dkms made it.
    record: Option<RecordOutput>,
}

/// What was recorded of an attempt.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RecordOutput {
    /// Wall time in milliseconds.
    duration_ms: u64,
    /// The verb or hook that was run.
    asked_by: String,
    /// Why it was to be built, for people.
    because: String,
    /// Inputs that were not what they were in the attempt before, as far as that is known.
    changes: Vec<Change>,
    /// Why it failed, as a clause about the module.
    message: Option<String>,
    /// The lines of the log that say why.
    first_error: Option<String>,
    /// What helps, where something is known.
    advice: Option<String>,
}

/// An object that was kept out.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RefusedOutput {
    /// Name of the object.
    object: String,
    /// Why, for people.
    reason: String,
}

/// A step, or why there is none.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PlannedOutput {
    /// `build`, `install`, `link`, `uninstall`, `unlink` or `unbuild`; none if nothing is to be done.
    action: Option<String>,
    /// Why something is to be done, for programs.
    because: Option<Because>,
    /// Why nothing is to be done, for programs.
    why: Option<SkipReason>,
    /// Why, for people.
    text: String,
}

impl Explanations {
    pub(super) fn new(explanations: &[Explanation]) -> Self {
        Self { format: 1, explanations: explanations.iter().map(ExplanationOutput::new).collect() }
    }
}

impl ExplanationOutput {
    fn new(explanation: &Explanation) -> Self {
        let Explanation { target, state, linked_to, last, previous, changes, refused, plan, verdict } = explanation;
        let steps = plan.steps.iter().map(|step| PlannedOutput {
            action: Some(step.action.operation().to_string()),
            because: Some(step.because.clone()),
            why: None,
            text: step.because.to_string(),
        });
        let settled = plan.settled.iter().map(|settled| PlannedOutput {
            action: None,
            because: None,
            why: Some(settled.why.clone()),
            text: words::reason(&settled.why),
        });
        Self {
            module: (&target.module).into(),
            kernel: (&target.kernel).into(),
            state: match (state, linked_to) {
                (State::Installed, _) => StateOutput::Installed,
                (_, Some(_)) => StateOutput::InstalledWeak,
                (State::Built, None) => StateOutput::Built,
                (State::Absent, None) => StateOutput::Absent,
            },
            from: linked_to.as_ref().map(|kernel| kernel.release.clone()),
            last: last.as_ref().map(AttemptOutput::new),
            previous: previous.as_ref().map(AttemptOutput::new),
            changes: changes.clone(),
            refused: refused.iter().map(RefusedOutput::new).collect(),
            plan: steps.chain(settled).collect(),
            switched_off: plan.switched_off,
            works: match verdict {
                Some(Verdict::Works) => Some(true),
                Some(Verdict::Fails(_)) => Some(false),
                Some(Verdict::Unknown(_)) | None => None,
            },
            problems: if let Some(Verdict::Fails(problems)) = verdict { problems.clone() } else { Vec::new() },
            unknown: if let Some(Verdict::Unknown(problems)) = verdict { problems.clone() } else { Vec::new() },
        }
    }
}

impl AttemptOutput {
    fn new(trial: &Trial) -> Self {
        let record = trial.attempt.as_ref().map(|attempt| {
            let failure = attempt.failure.as_ref();
            RecordOutput {
                duration_ms: attempt.duration_ms,
                asked_by: attempt.asked_by.clone(),
                because: attempt.because.clone(),
                changes: attempt.changes.clone(),
                message: failure.map(|failure| failure.message.clone()),
                first_error: failure.and_then(|failure| failure.first_error.clone()),
                advice: failure.and_then(|failure| failure.advice.clone()),
            }
        });
        Self { built: trial.is_built, ended: time::utc(trial.ended), log: trial.log.clone(), record }
    }
}

impl RefusedOutput {
    fn new(refused: &Refusal) -> Self {
        Self { object: refused.name.clone(), reason: refused.reason.clone() }
    }
}
