//! `dkms status`: what is registered, built and installed, as lines that scripts read or as JSON.
//!
//! The lines are the original's to the byte. They come from the tree, the records and one look at each file; no
//! configuration is evaluated. Nothing that is wrong with a module changes the exit status.

mod output;

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use dkms_conf::pattern::Pattern;
use dkms_engine::facts::condition::Condition;
use dkms_engine::facts::tree::{BuiltTarget, RegisteredModule, Tree};
use dkms_engine::facts::weak::links;
use dkms_engine::facts::{Registration, State, holding};
use dkms_engine::setup::Setup;
use dkms_engine::setup::machine::kernels_name;
use dkms_engine::target::{KernelId, ModuleId, Target};
use dkms_engine::verdict::Verdict;

use crate::arguments::Arguments;
use crate::session::Session;

pub use output::Status;

/// Targets that have weak links, and to which kernel.
type WeakLinks = BTreeMap<Target, KernelId>;

/// Shows the state.
///
/// # Errors
/// `Io` of the engine; writing to standard output.
pub(crate) fn run(session: &Session) -> Result<()> {
    let filter = Filter::of(&session.arguments);
    let tree = filter.gather(&session.setup)?;
    let weak_links = links::gather(&session.setup, &tree)?;
    if session.arguments.line.json {
        let whole = Tree::gather(&session.setup)?;
        let owners = holding::owners(&session.setup, &whole);
        let all_links = links::gather(&session.setup, &whole)?;
        let verdict = Verdict::load(&session.setup).filter(|verdict| verdict.is_current(&whole, &all_links));
        let status = Status::new(&session.setup, &tree, &weak_links, &owners, &filter).with(verdict);
        return Ok(session.output.line(&serde_json::to_string_pretty(&status)?)?);
    }
    let (mut text, mut broken) = (String::new(), Vec::new());
    for pass in &filter.passes {
        for module in tree.modules.iter().filter(|module| filter.takes(module)) {
            let rows = rows(module, &weak_links, pass, |build| Condition::gather(&session.setup, build));
            broken.extend(rows.iter().filter(|row| row.state == RowState::Broken).map(|_| module));
            text.extend(rows.iter().map(|row| format!("{row}\n")));
        }
    }
    session.output.write(&text)?;
    for module in broken {
        let source = session.setup.layout.source_link(&module.id);
        log::error!("`{}` is broken: its source `{}` is missing", module.id, source.display());
    }
    Ok(())
}

/// What to show: patterns of a shell.
struct Filter {
    /// Exactly this name, so that nothing else has to be looked at.
    literal: Option<String>,
    name: Pattern,
    version: Pattern,
    /// One for each `-k`, as if the command had been given so many times.
    passes: Vec<Pass>,
}

/// Kernel and architecture of one pass; `None` is any.
struct Pass {
    release: Option<Pattern>,
    arch: Option<Pattern>,
}

impl Filter {
    fn of(arguments: &Arguments) -> Self {
        let line = &arguments.line;
        let pattern = |text: &Option<String>| Pattern::new(text.as_deref().unwrap_or("*"));
        let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Pattern::new);
        // One architecture is for all kernels.
        let arch = |index: usize| line.arch.get(index).or_else(|| line.arch.first().filter(|_| line.arch.len() == 1));
        let passes = (0..line.kernelver.len().max(1)).map(|index| Pass {
            release: filled(line.kernelver.get(index).map(|kernel| crate::kernels::release(kernel))),
            arch: filled(arch(index).map(String::as_str)),
        });
        Self {
            literal: arguments.name.clone().filter(|name| Pattern::new(name).is_literal()),
            name: pattern(&arguments.name),
            version: pattern(&arguments.version),
            passes: passes.collect(),
        }
    }

    fn gather(&self, setup: &Setup) -> Result<Tree> {
        Ok(match &self.literal {
            Some(name) => Tree::gather_module(setup, name)?,
            None => Tree::gather(setup)?,
        })
    }

    fn takes(&self, module: &RegisteredModule) -> bool {
        self.name.matches(&module.id.name) && self.version.matches(&module.id.version)
    }
}

impl Pass {
    fn takes(&self, kernel: &KernelId) -> bool {
        // Debian's name of an architecture finds what is built under the kernel's.
        let is_arch = |pattern: &Pattern| {
            let names = ["amd64", "arm64", "ppc64el"].into_iter().filter(|name| kernels_name(name) == kernel.arch);
            std::iter::once(kernel.arch.as_str()).chain(names).any(|name| pattern.matches(name))
        };
        self.release.as_ref().is_none_or(|pattern| pattern.matches(&kernel.release))
            && self.arch.as_ref().is_none_or(is_arch)
    }
}

/// One line.
struct Row<'a> {
    module: &'a RegisteredModule,
    state: RowState<'a>,
}

#[derive(PartialEq)]
enum RowState<'a> {
    Added,
    Broken,
    Built(&'a BuiltTarget, Condition),
    OnLoan(&'a Target, &'a KernelId),
}

/// The lines of one module version in one pass.
fn rows<'a>(
    module: &'a RegisteredModule,
    weak_links: &'a WeakLinks,
    pass: &Pass,
    condition: impl Fn(&BuiltTarget) -> Condition,
) -> Vec<Row<'a>> {
    if module.registration == Registration::Broken {
        return vec![Row { module, state: RowState::Broken }];
    }
    let builds = module.builds.iter().filter(|build| pass.takes(&build.target.kernel));
    let built = builds.map(|build| Row { module, state: RowState::Built(build, condition(build)) });
    let weak = of(weak_links, module).filter(|(target, _)| pass.takes(&target.kernel));
    let rows: Vec<_> =
        built.chain(weak.map(|(target, from)| Row { module, state: RowState::OnLoan(target, from) })).collect();
    if rows.is_empty() && module.registration == Registration::Added {
        return vec![Row { module, state: RowState::Added }];
    }
    rows
}

/// Which kernels have weak links to a module version.
fn of<'a>(weak_links: &'a WeakLinks, module: &RegisteredModule) -> impl Iterator<Item = (&'a Target, &'a KernelId)> {
    weak_links.iter().filter(|(target, _)| target.module == module.id)
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.module.id;
        let (build, condition) = match &self.state {
            RowState::Added => return write!(f, "{id}: added"),
            RowState::Broken => return write!(f, "{id}: broken"),
            // In the style of old, because that is what scripts that know this state look for.
            RowState::OnLoan(target, from) => {
                let (ModuleId { name, version }, KernelId { release, arch }) = (&target.module, &target.kernel);
                return write!(f, "{name}, {version}, {release}, {arch}: installed-weak from {}", from.release);
            }
            RowState::Built(build, condition) => (build, condition),
        };
        let kernel = &build.target.kernel;
        let state = if build.state == State::Installed { "installed" } else { "built" };
        write!(f, "{id}, {}, {}: {state}", kernel.release, kernel.arch)?;
        if build.original_exists {
            f.write_str(" (Original modules exist)")?;
        }
        if condition.is_missing_objects() {
            f.write_str(" (Built modules are missing in the kernel modules folder)")?;
        } else if build.state == State::Installed && condition.differs() {
            f.write_str(" (Differences between built and installed modules)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use dkms_engine::facts::condition::Integrity;
    use dkms_engine::system::root::Root;

    use super::*;
    use crate::arguments::Place;
    use crate::command_line::{Parsed, parse};

    fn filter(words: &[&str]) -> Filter {
        let root = Root::open(Path::new("/")).unwrap();
        let words = std::iter::once(&"status").chain(words).map(OsString::from);
        let Parsed::Run(line) = parse(words) else { panic!("does not parse") };
        Filter::of(&Arguments::resolve(*line, Place { root: &root, working: Path::new("/") }).unwrap())
    }

    fn module(name: &str, registration: Registration, builds: &[(&str, &str, State, bool)]) -> RegisteredModule {
        let id = ModuleId::new(name, "1.0").unwrap();
        let build = |(release, arch, state, original_exists): &(&str, &str, State, bool)| BuiltTarget {
            target: Target::new(id.clone(), KernelId::new(release, arch).unwrap()),
            directory: "/unused".into(),
            state: *state,
            original_exists: *original_exists,
        };
        RegisteredModule { id: id.clone(), registration, builds: builds.iter().map(build).collect() }
    }

    fn shown(filter: &Filter, modules: &[RegisteredModule], condition: Condition) -> Vec<String> {
        let mut lines = Vec::new();
        for pass in &filter.passes {
            for module in modules.iter().filter(|module| filter.takes(module)) {
                lines.extend(rows(module, &WeakLinks::new(), pass, |_| condition).iter().map(ToString::to_string));
            }
        }
        lines
    }

    #[test]
    fn lines_of_the_original() {
        use Registration::{Added, BinariesOnly, Broken};
        use State::{Built, Installed};
        let (whole, altered, missing) = (Integrity::Whole, Integrity::Altered, Integrity::Missing);
        let builds = |state, original| [("6.1.0", "x86_64", state, original)];
        for (registration, builds, objects, placed, expected) in [
            (Added, &[][..], whole, whole, &["m/1.0: added"][..]),
            (Broken, &builds(Built, false), whole, whole, &["m/1.0: broken"]),
            (BinariesOnly, &[], whole, whole, &[]),
            (BinariesOnly, &builds(Built, false), whole, whole, &["m/1.0, 6.1.0, x86_64: built"]),
            (Added, &builds(Built, false), whole, whole, &["m/1.0, 6.1.0, x86_64: built"]),
            (Added, &builds(Installed, false), whole, whole, &["m/1.0, 6.1.0, x86_64: installed"]),
            (
                Added,
                &builds(Installed, true),
                whole,
                whole,
                &["m/1.0, 6.1.0, x86_64: installed (Original modules exist)"],
            ),
            (Added, &builds(Built, true), whole, whole, &["m/1.0, 6.1.0, x86_64: built (Original modules exist)"]),
            (
                Added,
                &builds(Built, false),
                missing,
                whole,
                &["m/1.0, 6.1.0, x86_64: built (Built modules are missing in the kernel modules folder)"],
            ),
            (
                Added,
                &builds(Installed, true),
                missing,
                missing,
                &["m/1.0, 6.1.0, x86_64: installed (Original modules exist) (Built modules are missing in the \
                   kernel modules folder)"],
            ),
            (
                Added,
                &builds(Installed, false),
                whole,
                altered,
                &["m/1.0, 6.1.0, x86_64: installed (Differences between built and installed modules)"],
            ),
            (
                Added,
                &builds(Installed, false),
                whole,
                missing,
                &["m/1.0, 6.1.0, x86_64: installed (Differences between built and installed modules)"],
            ),
            (Added, &builds(Built, false), altered, whole, &["m/1.0, 6.1.0, x86_64: built"]),
        ] {
            let condition = Condition { objects, placed, refused: false };
            assert_eq!(shown(&filter(&[]), &[module("m", registration, builds)], condition), expected);
        }
    }

    #[test]
    fn what_is_weak_is_told_as_it_was_of_old() {
        let kernel = |release: &str| KernelId::new(release, "x86_64").unwrap();
        let module = module("m", Registration::Added, &[("6.1.0", "x86_64", State::Installed, false)]);
        let weak_links = WeakLinks::from([(Target::new(module.id.clone(), kernel("6.1.1")), kernel("6.1.0"))]);
        let condition = Condition { objects: Integrity::Whole, placed: Integrity::Whole, refused: false };
        let lines = |words: &[&str]| {
            rows(&module, &weak_links, &filter(words).passes[0], |_| condition)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let weak = "m, 1.0, 6.1.1, x86_64: installed-weak from 6.1.0";
        assert_eq!(lines(&[]), ["m/1.0, 6.1.0, x86_64: installed", weak]);
        assert_eq!(lines(&["-k", "6.1.1"]), [weak]);
        assert_eq!(lines(&["-k", "6.2"]), ["m/1.0: added"]);
    }

    #[test]
    fn filters() {
        let (built, added) = (State::Built, Registration::Added);
        let modules = [
            module("a", added, &[("6.1.0", "x86_64", built, false), ("6.5.0", "arm64", built, false)]),
            module("b", added, &[]),
        ];
        let one = "a/1.0, 6.1.0, x86_64: built";
        let two = "a/1.0, 6.5.0, arm64: built";
        for (words, expected) in [
            (&[][..], &[one, two, "b/1.0: added"][..]),
            (&["a"], &[one, two]),
            (&["-m", "b"], &["b/1.0: added"]),
            (&["a/1.0"], &[one, two]),
            (&["a", "-v", "1.*"], &[one, two]),
            (&["-v", "2"], &[]),
            (&["-m", "[ab]", "-k", "6.1*"], &[one, "b/1.0: added"]),
            (&["-k", ""], &[one, two, "b/1.0: added"]),
            (&["a", "-k", "6.5.0/arm64"], &[two]),
            (&["a", "-k", "6.5.0/x86_64"], &["a/1.0: added"]),
            (&["a", "-a", "x86*"], &[one]),
            (&["a", "-a", "amd64"], &[one]),
            (&["-k", "6.1.0", "-k", "6.5.0"], &[one, "b/1.0: added", two, "b/1.0: added"]),
            (&["-k", "6.1.0", "-k", "6.5.0", "-a", "x86_64"], &[one, "b/1.0: added", "a/1.0: added", "b/1.0: added"]),
            (&["unknown"], &[]),
            (&["--all", "a"], &[one, two]),
        ] {
            assert_eq!(shown(&filter(words), &modules, Condition::default()), expected, "{words:?}");
        }
    }
}
