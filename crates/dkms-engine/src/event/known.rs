//! Modules that came again and are known to fail.
//!
//! Nothing is built then, and the last transaction said why; but a person who installs a module wants to know what came of
//! it.

use std::collections::BTreeMap;

use crate::plan::SkipReason;
use crate::report::{Entry, Outcome, words};
use crate::target::ModuleId;

/// A line for each module that came, failed before and was not tried again because nothing has changed.
pub(super) fn reports(entries: &[Entry], came: &dyn Fn(&ModuleId) -> bool) -> Vec<String> {
    let mut modules: BTreeMap<&ModuleId, Vec<&str>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| came(&entry.module)) {
        if let (Outcome::Settled(why @ SkipReason::FailedBefore { .. }), Some(kernel)) = (&entry.outcome, &entry.kernel)
        {
            if words::fails_automatic(why) {
                modules.entry(&entry.module).or_default().push(&kernel.release);
            }
        }
    }
    let line = |(module, releases): (&ModuleId, Vec<&str>)| {
        format!("{module} is known to fail on {} and is not tried again until something changes", releases.join(", "))
    };
    modules.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::KernelId;

    #[test]
    fn one_line_for_all_kernels_and_none_for_what_is_not_meant_to_be() {
        let entry = |name: &str, release: &str, status| Entry {
            module: ModuleId::new(name, "1").unwrap(),
            kernel: Some(KernelId::new(release, "x86_64").unwrap()),
            outcome: Outcome::Settled(SkipReason::FailedBefore {
                message: "x".into(),
                status,
                first_error: None,
                advice: None,
            }),
        };
        let entries = [entry("m", "6.1", 2), entry("m", "6.2", 2), entry("n", "6.1", 2), entry("o", "6.1", 77)];
        let said = reports(&entries, &|module| module.name != "n");
        assert_eq!(said, ["m/1 is known to fail on 6.1, 6.2 and is not tried again until something changes"]);
    }
}
