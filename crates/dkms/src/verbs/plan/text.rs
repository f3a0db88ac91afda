//! A plan in words: for each kernel a line for what is done and why, with the modules that this is about.

use std::collections::BTreeMap;

use dkms_engine::plan::{Operation, Placement, Plan, Step};
use dkms_engine::report::words;
use dkms_engine::target::{KernelId, ModuleId};

/// Modules for which the same is done for the same reason.
struct Group<'a> {
    /// What is done; nothing if there is nothing to do.
    operations: Vec<Operation>,
    reason: String,
    modules: Vec<&'a ModuleId>,
}

/// The text. Lists of names are cut at `columns`.
pub(super) fn text(plan: &Plan, columns: usize) -> String {
    if plan.switched_off {
        return format!("nothing to do: {}\n", switched_off());
    }
    let sections = sections(plan);
    if sections.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let lines = sections.iter().flat_map(|(kernel, groups)| {
        let head = kernel.map_or_else(|| "all kernels:\n".to_owned(), |kernel| format!("{kernel}:\n"));
        std::iter::once(head).chain(groups.iter().map(|group| group.text(columns)))
    });
    lines.collect()
}

/// What is done about each module, and why, without the names of modules and kernels.
pub(in crate::verbs) fn sentences(plan: &Plan) -> Vec<String> {
    if plan.switched_off {
        return vec![format!("nothing to do ({})", switched_off())];
    }
    rows(plan).into_iter().map(|(_, _, operations, reason)| format!("{} ({reason})", what(&operations))).collect()
}

/// Why nothing at all is done.
fn switched_off() -> String {
    format!("automatic builds are switched off by `{}`", dkms_engine::layout::NO_AUTOINSTALL)
}

fn what(operations: &[Operation]) -> String {
    let operations: Vec<String> = operations.iter().map(ToString::to_string).collect();
    if operations.is_empty() { "nothing to do".to_owned() } else { operations.join(" and ") }
}

/// Kernels in the order in which the plan comes to them, what has no kernel last.
fn sections(plan: &Plan) -> Vec<(Option<&KernelId>, Vec<Group<'_>>)> {
    let mut sections: Vec<(Option<&KernelId>, Vec<Group<'_>>)> = Vec::new();
    for (module, kernel, operations, reason) in rows(plan) {
        let at = sections.iter().position(|(other, _)| *other == kernel).unwrap_or_else(|| {
            sections.push((kernel, Vec::new()));
            sections.len() - 1
        });
        let groups = &mut sections[at].1;
        match groups.iter_mut().find(|group| group.operations == operations && group.reason == reason) {
            Some(group) => group.modules.push(module),
            None => groups.push(Group { operations, reason, modules: vec![module] }),
        }
    }
    sections.sort_by_key(|(kernel, _)| kernel.is_none());
    sections
}

type Row<'a> = (&'a ModuleId, Option<&'a KernelId>, Vec<Operation>, String);

/// A row for each module and kernel: a build and the installation that follows it are one, for the reason of the first.
fn rows(plan: &Plan) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut places: BTreeMap<(&ModuleId, Option<&KernelId>), usize> = BTreeMap::new();
    for step in &plan.steps {
        let (module, kernel) = super::subject(step);
        let at = *places.entry((module, kernel)).or_insert(rows.len());
        match rows.get_mut(at) {
            Some((_, _, operations, reason)) => {
                operations.push(step.action.operation());
                reason.push_str(&left(step));
            }
            None => {
                let reason = format!("{}{}", step.because, left(step));
                rows.push((module, kernel, vec![step.action.operation()], reason));
            }
        }
    }
    let settled = |settled: &'_ dkms_engine::plan::Settled| words::reason(&settled.why);
    rows.extend(plan.settled.iter().map(|it| (&it.module, it.kernel.as_ref(), Vec::new(), settled(it))));
    rows
}

/// What an installation leaves to other modules, what of it stays out, and what forces it.
fn left(step: &Step) -> String {
    let Placement { excluded, refused, yields, overrides, .. } = &step.placement;
    let excluded = excluded.iter().map(|reason| format!("; it is not meant for this kernel: {reason}"));
    let lists = overrides.lists.iter().map(|list| format!("; forced by `{}`", list.path.display()));
    let yields = yields.iter().map(|yielded| format!("; it leaves `{}` to {}", yielded.object, yielded.to));
    let refused = refused.iter().map(|refused| format!("; `{}` stays out: {refused}", refused.object));
    excluded.chain(lists).chain(yields).chain(refused).collect()
}

impl Group<'_> {
    /// One line if everything fits, else the names have one of their own.
    fn text(&self, columns: usize) -> String {
        let what = what(&self.operations);
        let names: Vec<String> = self.modules.iter().map(ToString::to_string).collect();
        let line = format!("  {what} ({}): {}", self.reason, names.join(", "));
        if line.chars().count() <= columns {
            return line + "\n";
        }
        let count = if names.len() == 1 { String::new() } else { format!("{} modules: ", names.len()) };
        let indent = "    ";
        let room = columns.saturating_sub(indent.len() + count.len());
        format!("  {what} ({}):\n{indent}{count}{}\n", self.reason, words::list(&names, room))
    }
}

#[cfg(test)]
mod tests {
    use dkms_engine::plan::{Action, Because, OverridingList, Refused, RefusedBecause, Settled, SkipReason};
    use dkms_engine::target::Target;

    use super::*;

    fn module(name: &str) -> ModuleId {
        ModuleId::new(name, "1").unwrap()
    }

    fn step(action: Action, because: Because) -> Step {
        Step::new(action, because)
    }

    #[test]
    fn a_line_for_each_kernel_and_reason() {
        let kernel = KernelId::new("6.1", "x86_64").unwrap();
        let target = |name: &str| Target::new(module(name), kernel.clone());
        let mut plan = Plan::default();
        plan.steps.push(step(Action::Deregister(module("old")), Because::Asked));
        for name in ["a", "b"] {
            plan.steps.push(step(Action::Build(target(name)), Because::NotBuilt));
            plan.steps.push(step(Action::Install(target(name)), Because::NotInstalled));
        }
        plan.settled.push(Settled { module: module("c"), kernel: Some(kernel), why: SkipReason::AlreadyInstalled });
        let expected = "6.1 (x86_64):\n\
                        \x20 build and install (not built for this kernel yet): a/1, b/1\n\
                        \x20 nothing to do (it is installed already): c/1\n\
                        all kernels:\n\
                        \x20 remove (requested): old/1\n";
        assert_eq!(text(&plan, 80), expected);
        assert_eq!(text(&Plan::default(), 80), "nothing to do\n");
        assert!(text(&Plan { switched_off: true, ..Plan::default() }, 80).contains("no-autoinstall"));
    }

    #[test]
    fn what_stays_out_and_what_forces_is_said() {
        let kernel = KernelId::new("6.1", "x86_64").unwrap();
        let mut install = step(Action::Install(Target::new(module("a"), kernel)), Because::NotInstalled);
        let because = RefusedBecause::Provided { package: "p".into() };
        install.placement.refused = vec![Refused { object: "x".into(), because }];
        install.placement.overrides.lists = vec![OverridingList { path: "/list".into(), versions_only: true }];
        let expected = "6.1 (x86_64):\n\
                        \x20 install (built, not installed; forced by `/list`; `x` stays out: the package p provides `x` \
                        for this kernel): a/1\n";
        assert_eq!(text(&Plan { steps: vec![install], ..Plan::default() }, usize::MAX), expected);
    }

    #[test]
    fn a_hundred_modules_are_two_lines() {
        let mut plan = Plan::default();
        let kernel = KernelId::new("6.1", "x86_64").unwrap();
        for at in 0..100 {
            let module = module(&format!("module{at:02}"));
            plan.settled.push(Settled { module, kernel: Some(kernel.clone()), why: SkipReason::AlreadyInstalled });
        }
        let expected = "6.1 (x86_64):\n\
                        \x20 nothing to do (it is installed already):\n\
                        \x20   100 modules: module00/1, module01/1, module02/1, module03/1 and 96 more\n";
        assert_eq!(text(&plan, 80), expected);
        assert!(text(&plan, usize::MAX).contains("module99/1"));
    }
}
