//! What another package provides for a kernel: it is neither built nor kept there.

use super::{Action, Because, Plan, SkipReason};
use crate::facts::{Facts, State};
use crate::target::Target;

/// Takes away what is installed of a module that a package provides now: the package's own file is the one that counts, and
/// is left where it is.
pub(super) fn give_way(facts: &Facts, plan: &mut Plan) {
    let provided: Vec<(Target, String)> = plan
        .settled
        .iter()
        .filter_map(|settled| match (&settled.why, &settled.kernel) {
            (SkipReason::Provided { package }, Some(kernel)) => {
                Some((Target::new(settled.module.clone(), kernel.clone()), package.clone()))
            }
            _ => None,
        })
        .collect();
    for (target, package) in provided {
        if facts.targets.get(&target).is_some_and(|known| known.state == State::Installed) {
            plan.push(Action::Uninstall(target), Because::Provided { package }, Vec::new());
        }
    }
}
