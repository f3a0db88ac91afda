//! What was found, in words: a line for each module and kernel, and below it what is wrong and what mends it.

use dkms_engine::verdict::{Name, Problem};
use dkms_engine::verify::{KernelVerification, Verification};

/// The text; `next_only` if nothing but the next boot was asked about.
pub(super) fn text(found: &Verification, next_only: bool) -> String {
    let unknown = found.next_boot_unknown.as_ref().filter(|_| next_only || found.has_several());
    let unknown = unknown.map(|reason| format!("which kernel boots next cannot be told: {reason}\n"));
    let unserved = found.next_boot.as_ref().filter(|_| next_only && found.kernels.is_empty());
    let unserved = unserved.map(|next| format!("no modules are kept for {next}, which boots next\n"));
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let names = width(&mut found.kernels.iter().flat_map(modules).map(|name| name.to_string().len()));
    let releases = width(&mut found.kernels.iter().map(|kernel| head(kernel).len()));
    let rows = found.kernels.iter().flat_map(|kernel| modules(kernel).into_iter().map(move |name| (kernel, name)));
    let rows = rows.map(|(kernel, name)| {
        let (state, below) = state(kernel, name);
        format!("{:names$}  {:releases$}  {state}\n{below}", name.to_string(), head(kernel))
    });
    unknown.into_iter().chain(unserved).chain(rows).collect()
}

fn head(kernel: &KernelVerification) -> String {
    if kernel.next_boot { format!("{} (next boot)", kernel.release) } else { kernel.release.clone() }
}

/// Each module once, in the order of names.
fn modules(kernel: &KernelVerification) -> Vec<&Name> {
    let found = kernel.problems.iter().chain(&kernel.unknown).map(|problem| &problem.module);
    let mut names: Vec<&Name> = kernel.works.iter().chain(found).collect();
    names.sort();
    names.dedup();
    names
}

/// The word for a module, and the lines below it.
fn state(kernel: &KernelVerification, name: &Name) -> (&'static str, String) {
    let of = |problems: &[Problem]| {
        let its = problems.iter().filter(|problem| problem.module == *name);
        its.map(|problem| {
            let hint = problem.hint.as_ref().map(|hint| format!("    hint: {hint}\n")).unwrap_or_default();
            format!("    {}\n{hint}", problem.reason)
        })
        .collect::<String>()
    };
    let (problems, unknown) = (of(&kernel.problems), of(&kernel.unknown));
    match (problems.is_empty(), unknown.is_empty()) {
        (false, _) => ("will not work", problems + &unknown),
        (true, false) => ("cannot be told", unknown),
        (true, true) => ("works", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use dkms_engine::verdict::Kind;

    use super::*;

    fn name(name: &str) -> Name {
        Name { name: name.into(), version: "1".into() }
    }

    fn problem(module: &str, reason: &str, hint: Option<&str>) -> Problem {
        let (reason, hint) = (reason.to_owned(), hint.map(str::to_owned));
        Problem { module: name(module), kind: Kind::Unfit, reason, first_error: None, stays: None, hint }
    }

    fn kernel(release: &str, next_boot: bool) -> KernelVerification {
        let (works, problems, unknown) = (Vec::new(), Vec::new(), Vec::new());
        KernelVerification { release: release.into(), arch: "x86_64".into(), next_boot, works, problems, unknown }
    }

    fn found(kernels: Vec<KernelVerification>) -> Verification {
        Verification { format: 1, next_boot: None, next_boot_unknown: Some("no loader".into()), kernels }
    }

    #[test]
    fn a_line_for_each_module_and_kernel_and_reasons_below() {
        let mut one = kernel("6.1", true);
        one.works = vec![name("long"), name("a")];
        one.problems = vec![problem("b", "why", Some("do"))];
        one.unknown = vec![problem("b", "perhaps", None), problem("c", "dark", None)];
        let expected = "\
a/1     6.1 (next boot)  works
b/1     6.1 (next boot)  will not work
    why
    hint: do
    perhaps
c/1     6.1 (next boot)  cannot be told
    dark
long/1  6.1 (next boot)  works
";
        assert_eq!(text(&found(vec![one]), true).split_once('\n').unwrap().1, expected);
    }

    #[test]
    fn an_unknown_next_boot_is_said_where_it_matters() {
        let says = |kernels, next_only| text(&found(kernels), next_only).contains("no loader");
        assert!(says(Vec::new(), true) && says(vec![kernel("1", false), kernel("2", false)], false));
        assert!(!says(vec![kernel("1", false)], false));
    }
}
