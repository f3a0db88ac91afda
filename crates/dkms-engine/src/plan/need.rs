//! What one target lacks, and the steps for that.

use super::{Action, Because, Plan, SkipReason, WeakLink};
use crate::facts::kernel::Headers;
use crate::facts::{Configuration, Facts, Registration, State, TargetFacts};
use crate::target::{KernelId, Target};

/// How far a target is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Built.
    Built,
    /// Built and installed.
    Installed,
}

pub(super) fn key(target: &Target) -> (KernelId, String) {
    (target.kernel.clone(), target.module.name.clone())
}

/// What one target needs, dependencies aside.
pub(super) enum Need {
    /// No step.
    Nothing(SkipReason),
    /// To be built (and then installed, where that is wanted).
    Build(Because),
    /// Only to be placed.
    Install(Because),
    /// To be linked from another kernel.
    Link(KernelId),
}

/// Looks at one target alone.
pub(super) fn need(facts: &Facts, target: &Target, want: Want, force: bool, asked: bool) -> Need {
    match facts.modules.get(&target.module) {
        None => return Need::Nothing(SkipReason::NotAdded),
        Some(Registration::Broken) => return Need::Nothing(SkipReason::Broken),
        Some(Registration::Added | Registration::BinariesOnly) => {}
    }
    let Some(known) = facts.targets.get(target) else { return Need::Nothing(SkipReason::NotBuilt) };
    let examined = match &known.configuration {
        Configuration::Examined(examined) => examined,
        Configuration::Bad { problems, missing } => {
            return Need::Nothing(SkipReason::BadConfiguration { problems: problems.clone(), missing: *missing });
        }
        Configuration::Unknown | Configuration::Recorded(_) => return Need::Nothing(settled_state(known.state)),
    };
    if !asked && !examined.config.autoinstall {
        return Need::Nothing(SkipReason::NotAutoinstalled);
    }
    if known.state != State::Installed && !force && facts.is_installed_under_other_name(target) {
        return Need::Nothing(SkipReason::AlreadyInstalled);
    }
    if let Some(package) = known.provider().filter(|_| want == Want::Installed && !(asked && force)) {
        return Need::Nothing(SkipReason::Provided { package: package.to_owned() });
    }
    let kernel = facts.kernels.get(&target.kernel);
    let headers = kernel.map(|kernel| &kernel.headers);
    let Some(because) = build_reason(known, want, force, asked) else {
        return place(known, want, force, asked);
    };
    // Without headers nothing can be built again; what is there and whole stays as it is.
    let usable = known.state != State::Absent && !known.objects_lost;
    if let Some(reason) = &examined.exclusion.package {
        return Need::Nothing(SkipReason::Excluded {
            reason: reason.to_string(),
            directive: reason.directive.name().to_owned(),
            value: reason.value.clone(),
        });
    }
    let automatic = !asked && !force && want == Want::Installed;
    let can_build = headers == Some(&Headers::Complete) && known.failed_before().is_none();
    if let Some(need) = weak_link(known, can_build).filter(|_| automatic) {
        return need;
    }
    if facts.modules.get(&target.module) == Some(&Registration::BinariesOnly) {
        return if usable { place(known, want, force, asked) } else { Need::Nothing(SkipReason::NoSource) };
    }
    if let Some(Headers::Missing { path, package }) = headers {
        if usable && !matches!(because, Because::Forced) {
            return place(known, want, force, asked);
        }
        return Need::Nothing(SkipReason::HeadersMissing { path: path.clone(), package: package.clone() });
    }
    match known.failed_before() {
        Some(failure) if !asked && !force => Need::Nothing(SkipReason::FailedBefore {
            message: failure.message.clone(),
            status: failure.status,
            first_error: failure.first_error.clone(),
            advice: failure.advice.clone(),
        }),
        _ => Need::Build(because),
    }
}

/// A weak link is as good as a build, and needs no headers. To what is left of a kernel that is gone it leads only where
/// nothing can be built.
fn weak_link(known: &TargetFacts, can_build: bool) -> Option<Need> {
    let candidate = known.candidate.as_ref().filter(|candidate| !(candidate.is_gone && can_build))?;
    Some(if known.weak_link.as_ref() == Some(&candidate.kernel) {
        Need::Nothing(SkipReason::WeaklyLinked { from: candidate.kernel.release.clone() })
    } else {
        Need::Link(candidate.kernel.clone())
    })
}

/// Why it has to be built, if it has.
fn build_reason(known: &TargetFacts, want: Want, force: bool, asked: bool) -> Option<Because> {
    if known.state == State::Absent {
        return Some(if asked { Because::Asked } else { Because::NotBuilt });
    }
    if force && want == Want::Built {
        return Some(Because::Forced);
    }
    if known.objects_lost {
        return Some(Because::FilesLost);
    }
    known.change().map(|input| Because::Changed { input })
}

/// What is built: placed or not?
fn place(known: &TargetFacts, want: Want, force: bool, asked: bool) -> Need {
    match (want, known.state) {
        (Want::Built, _) => Need::Nothing(SkipReason::AlreadyBuilt),
        (Want::Installed, State::Installed) if force => Need::Install(Because::Forced),
        (Want::Installed, State::Installed) if known.placed_lost || known.half_installed => {
            Need::Install(Because::FilesLost)
        }
        (Want::Installed, State::Installed) => Need::Nothing(SkipReason::AlreadyInstalled),
        (Want::Installed, _) => Need::Install(if asked { Because::Asked } else { Because::NotInstalled }),
    }
}

fn settled_state(state: State) -> SkipReason {
    match state {
        State::Absent => SkipReason::NotBuilt,
        State::Built => SkipReason::AlreadyBuilt,
        State::Installed => SkipReason::AlreadyInstalled,
    }
}

/// Pushes the steps of one target and returns the place of the last one.
pub(super) fn push_steps(plan: &mut Plan, target: &Target, need: Need, want: Want, after: Vec<usize>) -> Option<usize> {
    match need {
        Need::Nothing(why) => {
            plan.settle(target, why);
            None
        }
        Need::Install(because) => Some(plan.push(Action::Install(target.clone()), because, after)),
        Need::Link(from) => {
            let because = Because::Fits { from: from.release.clone() };
            Some(plan.push(Action::Link(WeakLink { target: target.clone(), from }), because, after))
        }
        Need::Build(because) => {
            let built = plan.push(Action::Build(target.clone()), because.clone(), after);
            match want {
                Want::Built => Some(built),
                Want::Installed => Some(plan.push(Action::Install(target.clone()), because, vec![built])),
            }
        }
    }
}
