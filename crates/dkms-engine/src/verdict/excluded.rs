//! Modules that are not meant for a kernel, where that is news.
//!
//! A module that never worked on a machine is not missed on it: it may be meant for other hardware. One that works on the
//! kernel that was booted so far and excludes the one that is booted next is, and will not come back by itself.

use dkms_conf::version::compare;

use super::{Assessment, Kind, Name, Problem};
use crate::facts::State;
use crate::plan::SkipReason;
use crate::report::words;
use crate::target::Target;

impl Assessment<'_> {
    /// The problem that a module is not there because it is not meant to be, if it will be missed: it works, or worked when
    /// the machine was judged last, on older kernels alone. What was reported once stays as it was reported.
    pub(super) fn missed(&self, target: &Target, why: &SkipReason) -> Option<Problem> {
        let reason = match why {
            SkipReason::Excluded { reason, .. } => reason,
            SkipReason::FailedBefore { message, .. } if !words::fails_automatic(why) => message,
            _ => return None,
        };
        let (name, release) = (&target.module.name, &self.kernel.release);
        let is_there = |known: Option<_>| known.is_some();
        if is_there(self.facts.installed_version(name, self.kernel))
            || is_there(self.facts.weakly_linked_version(name, self.kernel))
        {
            return None;
        }
        let reported = self.earlier.and_then(|earlier| earlier.on(release)).and_then(|kernel| {
            kernel.problems.iter().find(|problem| problem.kind == Kind::Excluded && problem.module.name == *name)
        });
        if let Some(known) =
            reported.filter(|known| known.module == Name::from(&target.module) && known.reason == *reason)
        {
            return Some(known.clone());
        }
        let now = self.works_on(name);
        let before = self.earlier.into_iter().flat_map(|earlier| &earlier.kernels);
        let before = before.filter(|kernel| kernel.works.iter().any(|works| works.name == *name));
        let all: Vec<&str> = now.iter().copied().chain(before.map(|kernel| kernel.release.as_str())).collect();
        let is_older = |other: &&str| compare(other, release).is_lt();
        let newest = now.into_iter().max_by(|one, other| compare(one, other));
        let hint =
            newest.map(|newest| format!("it works on {newest}; look for a version of it that supports {release}"));
        let is_missed = reported.is_some() || (!all.is_empty() && all.iter().all(is_older));
        is_missed.then(|| Problem {
            module: Name::from(&target.module),
            kind: Kind::Excluded,
            reason: reason.clone(),
            first_error: None,
            stays: None,
            hint,
        })
    }

    /// Releases of the kernels on which some version of a module works.
    fn works_on(&self, name: &str) -> Vec<&str> {
        let is_it = |target: &Target| target.module.name == name && self.facts.kernels.contains_key(&target.kernel);
        let targets = self.facts.targets.iter().filter(|(target, _)| is_it(target));
        let placed = targets.filter(|(_, known)| known.state == State::Installed || known.weak_link.is_some());
        placed.map(|(target, _)| target.kernel.release.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Verdict;
    use crate::facts::{Facts, State, TargetFacts};
    use crate::layout::Layout;
    use crate::plan::{Plan, Settled, SkipReason};
    use crate::report::Report;
    use crate::target::{KernelId, ModuleId, Target};
    use crate::testing;

    fn kernel(release: &str) -> KernelId {
        KernelId::new(release, "x86_64").unwrap()
    }

    fn installed(facts: &mut Facts, release: &str) {
        let target = Target::new(ModuleId::new("m", "1").unwrap(), kernel(release));
        facts.targets.insert(target, TargetFacts { state: State::Installed, ..TargetFacts::default() });
    }

    /// Kernels, of which some have the module m and one is excluded by it.
    fn verdict(releases: &[&str], works: &[&str], excluded: &str, earlier: Option<&Verdict>) -> Verdict {
        let mut facts = Facts::default();
        for release in releases {
            facts.kernels.insert(kernel(release), Arc::new(testing::kernel(release)));
        }
        works.iter().for_each(|release| installed(&mut facts, release));
        let settled = |release: &str, why| Settled {
            module: ModuleId::new("m", "1").unwrap(),
            kernel: Some(kernel(release)),
            why,
        };
        let (directive, value) = (String::new(), String::new());
        let mut plan = Plan::default();
        plan.settled.push(settled(excluded, SkipReason::Excluded { reason: "too new".into(), directive, value }));
        plan.settled.extend(works.iter().map(|release| settled(release, SkipReason::AlreadyInstalled)));
        Verdict::of(&Layout::default(), &facts, &plan, &Report::default(), earlier)
    }

    fn news(now: &Verdict, earlier: Option<&Verdict>) -> Vec<String> {
        now.news(earlier, &Report::default())
    }

    #[test]
    fn an_excluded_kernel_is_news_once_where_the_module_works_on_older_ones_alone() {
        let before = verdict(&["6.1"], &["6.1"], "none", None);
        let now = verdict(&["6.1", "6.2"], &["6.1"], "6.2", Some(&before));
        let said = news(&now, Some(&before));
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("m/1 will be missing on 6.2: too new\n  hint: it works on 6.1;"), "{said:?}");
        let again = verdict(&["6.1", "6.2"], &["6.1"], "6.2", Some(&now));
        assert_eq!(again, now);
        let later = verdict(&["6.2"], &[], "6.2", Some(&now));
        assert!(news(&later, Some(&now)).is_empty(), "the older kernel is gone, and it was reported");
        assert_eq!(now.lasting().count(), 0, "there is no remedy");
        // An upgrade that takes the old kernel away in the same transaction.
        assert_eq!(news(&verdict(&["6.2"], &[], "6.2", Some(&before)), Some(&before)).len(), 1);
    }

    #[test]
    fn what_never_worked_is_not_missed_nor_what_works_on_a_newer_kernel() {
        assert!(news(&verdict(&["6.2"], &[], "6.2", None), None).is_empty());
        assert!(news(&verdict(&["6.1", "6.2"], &["6.2"], "6.1", None), None).is_empty());
        assert!(news(&verdict(&["6.1", "6.2", "6.3"], &["6.1", "6.3"], "6.2", None), None).is_empty());
    }
}
