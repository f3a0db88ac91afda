//! An explanation as a short list with a label in front of each line; what is not known, or as it should be, has no line.

use std::fmt::Write;

use dkms_engine::facts::State;
use dkms_engine::facts::attempts::Trial;
use dkms_engine::fingerprint::Change;
use dkms_engine::report::time;
use dkms_engine::verdict::Problem;

use super::{Explanation, Verdict};
use crate::verbs::plan::text::sentences;

/// Lines with their labels.
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "  {label}: {}", text.trim_end().replace('\n', "\n    "));
    }

    fn add_some(&mut self, label: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.add(label, text);
        }
    }

    fn add_changes(&mut self, label: &str, changes: &[Change]) {
        self.add_some(label, Some(&changes.iter().map(Change::what).collect::<Vec<_>>().join(", ")));
    }
}

/// The text.
pub(super) fn text(explanation: &Explanation) -> String {
    let mut lines = Lines(format!("{}:\n", explanation.target));
    lines.add("state", &state(explanation));
    if let Some(trial) = &explanation.last {
        lines.add("last attempt", &attempt(trial));
        details(&mut lines, trial);
    }
    if let Some(trial) = &explanation.previous {
        lines.add("attempt before", &attempt(trial));
        lines.add("log before", &trial.log.display().to_string());
    }
    lines.add_changes("changed since", &explanation.changes);
    for refused in &explanation.refused {
        lines.add("kept out", &format!("`{}`: {}", refused.name, refused.reason));
    }
    let plan = sentences(&explanation.plan);
    plan.iter().for_each(|sentence| lines.add("plan", sentence));
    match &explanation.verdict {
        Some(Verdict::Works) => lines.add("verdict", "works"),
        Some(Verdict::Fails(problems)) => verdict(&mut lines, "will not work", problems, &plan),
        Some(Verdict::Unknown(problems)) => verdict(&mut lines, "cannot be told", problems, &plan),
        None => {}
    }
    lines.0
}

fn state(explanation: &Explanation) -> String {
    match (explanation.state, &explanation.linked_to) {
        (State::Installed, _) => "installed".into(),
        (_, Some(kernel)) => format!("weak links to the modules of {}", kernel.release),
        (State::Built, None) => "built, not installed".into(),
        (State::Absent, None) => "not built".into(),
    }
}

/// What came of an attempt, when, and who wanted it.
fn attempt(trial: &Trial) -> String {
    let what = match trial.is_built {
        Some(true) => "built",
        Some(false) => "failed",
        None => "ended",
    };
    let ended = time::local(trial.ended);
    let Some(attempt) = &trial.attempt else { return format!("{what} on {ended}") };
    let why = attempt.failure.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
    format!("{what} on {ended} after {}, run by `{}`{why}", time::span(attempt.duration_ms), attempt.asked_by)
}

fn details(lines: &mut Lines, trial: &Trial) {
    if let Some(attempt) = &trial.attempt {
        lines.add_some("because", Some(&attempt.because));
        lines.add_changes("changed before", &attempt.changes);
        let failure = attempt.failure.as_ref();
        lines.add_some("first error", failure.and_then(|failure| failure.first_error.as_deref()));
        lines.add_some("advice", failure.and_then(|failure| failure.advice.as_deref()));
    }
    lines.add("log", &trial.log.display().to_string());
}

/// A reason is not told a second time where the plan has it.
fn verdict(lines: &mut Lines, word: &str, problems: &[Problem], plan: &[String]) {
    lines.add("verdict", word);
    for Problem { reason, stays, hint, .. } in problems {
        let is_told = plan.iter().any(|sentence| sentence.contains(reason));
        lines.add_some("reason", Some(reason.as_str()).filter(|_| !is_told));
        lines.add_some("stays", stays.as_ref().map(|version| format!("version {version}")).as_deref());
        lines.add_some("hint", hint.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use dkms_engine::fingerprint::Change;
    use dkms_engine::plan::{Action, Because, Plan, Settled, SkipReason, Step};
    use dkms_engine::record::{Attempt, Failure, Format, Refusal};
    use dkms_engine::target::{KernelId, ModuleId, Target};
    use dkms_engine::verdict::Kind;

    use super::*;

    fn explanation(state: State, plan: Plan) -> Explanation {
        let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
        let (last, previous, verdict) = (None, None, None);
        Explanation { target, state, linked_to: None, last, previous, changes: vec![], refused: vec![], plan, verdict }
    }

    fn settled(why: SkipReason) -> Plan {
        let module = ModuleId::new("m", "1").unwrap();
        Plan { settled: vec![Settled { module, kernel: None, why }], ..Plan::default() }
    }

    #[test]
    fn what_is_silent_has_no_line() {
        let text = text(&explanation(State::Absent, settled(SkipReason::NotAutoinstalled)));
        assert_eq!(text, "m/1 for 6.1 (x86_64):\n  state: not built\n  plan: nothing to do (its AUTOINSTALL is off)\n");
    }

    #[test]
    fn all_that_there_is_to_tell_of_a_failure() {
        let target = explanation(State::Absent, Plan::default()).target;
        let build = Step::new(Action::Build(target.clone()), Because::Changed { input: Change::Source });
        let mut it = explanation(State::Built, Plan { steps: vec![build], ..Plan::default() });
        let failure = Failure {
            message: "it is broken".into(),
            first_error: Some("a\nb".into()),
            advice: Some("apt update".into()),
        };
        let attempt = Attempt {
            format: Format,
            ended: 0,
            duration_ms: 3200,
            asked_by: "trigger".into(),
            because: "its source changed".into(),
            changes: vec![Change::Source, Change::Kernel { what: "compiler".into() }],
            failure: Some(failure),
        };
        it.last = Some(Trial { log: "/l".into(), ended: 0, is_built: Some(false), attempt: Some(attempt) });
        it.previous = Some(Trial { log: "/p".into(), ended: 0, is_built: None, attempt: None });
        it.changes = vec![Change::Source];
        it.refused = vec![Refusal { name: "x".into(), reason: "`/k/x.ko` is newer".into(), owner: None }];
        let problem = Problem {
            module: dkms_engine::verdict::Name::from(&target.module),
            kind: Kind::Unfinished,
            reason: "it is not built yet".into(),
            first_error: None,
            stays: Some("0".into()),
            hint: Some("dkms install m/1 -k 6.1".into()),
        };
        it.verdict = Some(Verdict::Fails(vec![problem]));
        let time = time::local(0);
        let expected = format!(
            "m/1 for 6.1 (x86_64):\n\
             \x20 state: built, not installed\n\
             \x20 last attempt: failed on {time} after 3.2 s, run by `trigger`: it is broken\n\
             \x20 because: its source changed\n\
             \x20 changed before: its source, the kernel's compiler\n\
             \x20 first error: a\n\
             \x20   b\n\
             \x20 advice: apt update\n\
             \x20 log: /l\n\
             \x20 attempt before: ended on {time}\n\
             \x20 log before: /p\n\
             \x20 changed since: its source\n\
             \x20 kept out: `x`: `/k/x.ko` is newer\n\
             \x20 plan: build (its source changed)\n\
             \x20 verdict: will not work\n\
             \x20 reason: it is not built yet\n\
             \x20 stays: version 0\n\
             \x20 hint: dkms install m/1 -k 6.1\n"
        );
        assert_eq!(text(&it), expected);
    }

    #[test]
    fn a_reason_is_told_once() {
        let why = SkipReason::DependencyMissing { missing: vec!["x".into()] };
        let mut it = explanation(State::Absent, settled(why));
        it.verdict = Some(Verdict::Unknown(vec![Problem {
            module: dkms_engine::verdict::Name::from(&it.target.module),
            kind: Kind::Dependency,
            reason: "it needs x, which will not be installed".into(),
            first_error: None,
            stays: None,
            hint: None,
        }]));
        assert!(text(&it).ends_with("  verdict: cannot be told\n"), "{}", text(&it));
    }
}
