//! The plan by the hundred, on facts written down: no disk anywhere.

use std::sync::Arc;

use dkms_conf::exclusion::{Exclusion, Reason};
use dkms_conf::module_config::ModuleConfig;

use super::*;
use crate::facts::kernel::Headers;
use crate::facts::{Configuration, Examined, Registration, State, TargetFacts};
use crate::fingerprint::{Change, Fingerprint, Part};
use crate::record::FailureRecord;
use crate::testing;

mod ownership;
mod provided;
mod weak_links;

fn module(text: &str) -> ModuleId {
    let (name, version) = text.split_once('/').unwrap_or((text, "1"));
    ModuleId::new(name, version).unwrap()
}

fn kernel(release: &str) -> KernelId {
    KernelId::new(release, "x86_64").unwrap()
}

fn target(text: &str, release: &str) -> Target {
    Target::new(module(text), kernel(release))
}

fn source(content: &str) -> Fingerprint {
    Fingerprint { source: Part { stamp: String::new(), content: content.into() }, ..Fingerprint::default() }
}

fn config(depends: &[&str]) -> ModuleConfig {
    let build_depends = depends.iter().map(|&name| name.to_owned()).collect();
    ModuleConfig { build_depends, ..testing::module_config() }
}

/// A build of what the source reads now that failed.
fn failure() -> FailureRecord {
    FailureRecord {
        format: crate::record::Format,
        fingerprint: source("now"),
        config: config(&[]),
        message: "make failed".into(),
        status: 2,
        first_error: None,
        advice: None,
        duration_ms: 0,
        asked_by: String::new(),
    }
}

/// Facts in the making.
#[derive(Default)]
struct Scene(Facts);

impl Scene {
    fn kernels(releases: &[&str]) -> Self {
        let mut scene = Self::default();
        for release in releases {
            scene.0.kernels.insert(kernel(release), Arc::new(testing::kernel(release)));
        }
        scene
    }

    /// Registers a module version and examines it for all kernels; its source reads "now".
    fn module(mut self, text: &str, depends: &[&str]) -> Self {
        self.0.modules.insert(module(text), Registration::Added);
        for release in self.0.kernels.keys().cloned().collect::<Vec<_>>() {
            let examined =
                Examined { config: config(depends), exclusion: Exclusion::default(), fingerprint: source("now") };
            let facts =
                TargetFacts { configuration: Configuration::Examined(Box::new(examined)), ..Default::default() };
            self.0.targets.insert(Target::new(module(text), release), facts);
        }
        self
    }

    /// Sets the state for one kernel; it was built from the source `from`.
    fn state(self, text: &str, release: &str, state: State, from: &str) -> Self {
        self.with(text, release, |facts| {
            facts.state = state;
            facts.recorded = Some(source(from));
        })
    }

    fn with(mut self, text: &str, release: &str, change: impl FnOnce(&mut TargetFacts)) -> Self {
        change(self.0.targets.get_mut(&target(text, release)).unwrap());
        self
    }

    fn examined(self, text: &str, release: &str, change: impl FnOnce(&mut Examined)) -> Self {
        self.with(text, release, |facts| match &mut facts.configuration {
            Configuration::Examined(examined) => change(examined),
            _ => panic!("not examined"),
        })
    }

    fn no_headers(mut self, release: &str) -> Self {
        let kernel = Arc::make_mut(self.0.kernels.get_mut(&kernel(release)).unwrap());
        kernel.headers = Headers::Missing {
            path: std::path::PathBuf::from("/k/build/include").into(),
            package: Some("linux-headers".into()),
        };
        self
    }

    fn automatic(&self) -> Plan {
        plan(
            &self.0,
            &Goal::Autoinstalled { kernels: self.0.kernels.keys().cloned().collect(), force: false, only: None },
        )
    }

    fn install(&self, text: &str, release: &str, force: bool) -> Plan {
        plan(&self.0, &Goal::Installed(Request { targets: vec![target(text, release)], force }))
    }
}

/// `verb name/version release` of each step.
fn steps(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| match step.action.target() {
        Some(target) => format!("{} {} {}", step.action.operation(), target.module, target.kernel.release),
        None => format!("{} {}", step.action.operation(), step.action.module()),
    };
    plan.steps.iter().map(line).collect()
}

fn why(plan: &Plan, text: &str) -> SkipReason {
    plan.settled.iter().find(|settled| settled.module == module(text)).unwrap().why.clone()
}

#[test]
fn everything_that_wants_is_built_for_every_kernel() {
    let plan = Scene::kernels(&["6.1", "6.2"]).module("a", &[]).module("b", &[]).automatic();
    assert_eq!(plan.steps.iter().filter(|step| matches!(step.action, Action::Build(_))).count(), 4);
    assert_eq!(plan.kernels_changed().len(), 2);
    assert!(plan.steps.iter().all(|step| step.because == Because::NotBuilt));
}

#[test]
fn nothing_changed_means_no_step() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "now");
    assert!(scene.automatic().steps.is_empty());
    assert_eq!(why(&scene.install("a", "6.1", false), "a"), SkipReason::AlreadyInstalled);
}

#[test]
fn a_changed_input_is_named() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "before");
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build a/1 6.1", "install a/1 6.1"]);
    assert_eq!(plan.steps[0].because, Because::Changed { input: Change::Source });
}

#[test]
fn a_build_of_the_original_is_adopted() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).with("a", "6.1", |facts| facts.state = State::Installed);
    assert!(scene.automatic().steps.is_empty());
}

#[test]
fn options_of_a_person_outlive_autoinstall() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "now");
    let changed = |scene: Scene| {
        scene.examined("a", "6.1", |examined| examined.fingerprint.config.content = "other".into()).automatic()
    };
    let scene = scene.with("a", "6.1", |facts| facts.custom = true);
    assert!(changed(scene).steps.is_empty());
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "now");
    assert_eq!(changed(scene).steps.len(), 2);
}

#[test]
fn lost_files_are_put_back_without_a_build() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "now");
    let scene = scene.with("a", "6.1", |facts| facts.placed_lost = true);
    assert_eq!(steps(&scene.automatic()), ["install a/1 6.1"]);
    let scene = scene.with("a", "6.1", |facts| facts.objects_lost = true);
    assert_eq!(steps(&scene.automatic()), ["build a/1 6.1", "install a/1 6.1"]);
}

#[test]
fn force_installs_again_and_builds_again_only_for_build() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).state("a", "6.1", State::Installed, "now");
    assert_eq!(steps(&scene.install("a", "6.1", true)), ["install a/1 6.1"]);
    let goal = Goal::Built(Request { targets: vec![target("a", "6.1")], force: true });
    assert_eq!(steps(&plan(&scene.0, &goal)), ["build a/1 6.1"]);
}

#[test]
fn only_the_highest_version_installs_itself() {
    let scene = Scene::kernels(&["6.1"]).module("a/9", &[]).module("a/10", &[]);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build a/10 6.1", "install a/10 6.1"]);
    assert_eq!(why(&plan, "a/9"), SkipReason::OlderVersion);
}

#[test]
fn autoinstall_off_and_broken_get_no_step() {
    let mut scene = Scene::kernels(&["6.1"]).module("a", &[]).module("b", &[]);
    scene.0.modules.insert(module("b"), Registration::Broken);
    let scene = scene.examined("a", "6.1", |examined| examined.config.autoinstall = false);
    let plan = scene.automatic();
    assert!(plan.steps.is_empty());
    assert_eq!((why(&plan, "a"), why(&plan, "b")), (SkipReason::NotAutoinstalled, SkipReason::Broken));
    assert_eq!(scene.install("a", "6.1", false).steps.len(), 2, "a person may install it");
}

#[test]
fn the_switch_of_the_administrator_stops_all() {
    let mut scene = Scene::kernels(&["6.1"]).module("a", &[]);
    scene.0.no_autoinstall = true;
    assert_eq!(scene.automatic(), Plan { switched_off: true, ..Plan::default() });
    assert_eq!(scene.install("a", "6.1", false).steps.len(), 2);
}

#[test]
fn an_excluded_kernel_is_settled_with_the_reason() {
    let reason = Reason {
        directive: dkms_conf::directive::Directive::BuildExclusiveArch,
        index: 0,
        value: "^none$".into(),
        found: "the architecture is `x86_64`".into(),
    };
    let scene = Scene::kernels(&["6.1"])
        .module("a", &[])
        .examined("a", "6.1", |examined| examined.exclusion.package = Some(reason.clone()))
        .module("b", &["a"]);
    let plan = scene.automatic();
    assert!(matches!(why(&plan, "a"), SkipReason::Excluded { value, .. } if value == "^none$"));
    assert!(plan.steps.is_empty());
    assert_eq!(
        why(&plan, "b"),
        SkipReason::DependencyMissing { missing: vec!["a".into()] },
        "there is nothing to build against"
    );
}

#[test]
fn missing_headers_are_a_state_and_keep_what_is_there() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).no_headers("6.1");
    assert!(matches!(why(&scene.automatic(), "a"), SkipReason::HeadersMissing { .. }));
    let scene = scene.state("a", "6.1", State::Installed, "before");
    assert_eq!(why(&scene.automatic(), "a"), SkipReason::AlreadyInstalled);
    let scene = scene.state("a", "6.1", State::Built, "before");
    assert_eq!(steps(&scene.automatic()), ["install a/1 6.1"], "headers now, the image later");
}

#[test]
fn a_failure_is_not_repeated_until_an_input_changes_or_a_person_asks() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).with("a", "6.1", |facts| facts.failed = Some(failure()));
    assert!(matches!(why(&scene.automatic(), "a"), SkipReason::FailedBefore { status: 2, .. }));
    assert_eq!(scene.install("a", "6.1", false).steps.len(), 2);
    let scene = scene.examined("a", "6.1", |examined| examined.fingerprint = source("other"));
    assert_eq!(scene.automatic().steps.len(), 2);
}

#[test]
fn dependencies_come_first_whatever_their_names() {
    let scene = Scene::kernels(&["6.1"]).module("a", &["z"]).module("z", &[]);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build z/1 6.1", "install z/1 6.1", "build a/1 6.1", "install a/1 6.1"]);
    assert_eq!(plan.steps[2].after, [1]);
}

#[test]
fn a_dependency_nobody_registered_defers_and_a_registered_one_fails() {
    let plan = Scene::kernels(&["6.1"]).module("a", &["nowhere"]).automatic();
    assert_eq!(why(&plan, "a"), SkipReason::Deferred { missing: vec!["nowhere".into()] });
    let scene = Scene::kernels(&["6.1"]).module("a", &["z"]).module("z", &[]);
    let scene = scene.examined("z", "6.1", |examined| examined.config.autoinstall = false);
    assert_eq!(why(&scene.automatic(), "a"), SkipReason::DependencyMissing { missing: vec!["z".into()] });
    assert_eq!(
        why(&scene.install("a", "6.1", false), "a"),
        SkipReason::DependencyMissing { missing: vec!["z".into()] }
    );
    assert_eq!(scene.install("a", "6.1", true).steps.len(), 2, "--force goes on without it");
}

#[test]
fn circles_are_named_and_stop_only_themselves() {
    let scene = Scene::kernels(&["6.1"]).module("a", &["b"]).module("b", &["a"]).module("c", &[]).module("s", &["s"]);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build c/1 6.1", "install c/1 6.1"]);
    assert!(matches!(why(&plan, "s"), SkipReason::Cycle { modules } if modules == ["s", "s"]));
    let circle = ["a", "b"].map(|name| why(&plan, name));
    assert!(circle.iter().all(|why| matches!(why, SkipReason::Cycle { .. })), "{circle:?}");
}

#[test]
fn a_rebuilt_dependency_rebuilds_its_dependants_once() {
    let scene = Scene::kernels(&["6.1"])
        .module("a", &["z"])
        .state("a", "6.1", State::Installed, "now")
        .module("z", &[])
        .state("z", "6.1", State::Installed, "before");
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build z/1 6.1", "install z/1 6.1", "build a/1 6.1", "install a/1 6.1"]);
    assert_eq!(plan.steps[2].because, Because::DependencyRebuilt { name: "z".into() });
}

#[test]
fn installing_by_hand_rebuilds_only_dependants_that_asked_for_it() {
    let scene =
        Scene::kernels(&["6.1"]).module("a", &["z"]).state("a", "6.1", State::Installed, "now").module("z", &[]);
    assert_eq!(steps(&scene.install("z", "6.1", false)), ["build z/1 6.1", "install z/1 6.1"]);
    let scene = scene.examined("a", "6.1", |examined| examined.config.build_depends_rebuild = true);
    assert_eq!(
        steps(&scene.install("z", "6.1", false)),
        ["build z/1 6.1", "install z/1 6.1", "build a/1 6.1", "install a/1 6.1"]
    );
}

#[test]
fn removal_takes_the_registration_with_the_last_build() {
    let scene = Scene::kernels(&["6.1", "6.2"]).module("a", &[]).state("a", "6.1", State::Installed, "now").state(
        "a",
        "6.2",
        State::Built,
        "now",
    );
    let remove = |targets: &[Target]| {
        plan(&scene.0, &Goal::Removed { module: module("a"), targets: targets.iter().cloned().collect() })
    };
    assert_eq!(steps(&remove(&[target("a", "6.1")])), ["uninstall a/1 6.1", "unbuild a/1 6.1"]);
    assert_eq!(
        steps(&remove(&[target("a", "6.1"), target("a", "6.2")])),
        ["uninstall a/1 6.1", "unbuild a/1 6.1", "unbuild a/1 6.2", "remove a/1"]
    );
}

#[test]
fn a_kernel_takes_all_of_its_own_and_nothing_else() {
    let scene = Scene::kernels(&["6.1", "6.2"])
        .module("a", &[])
        .state("a", "6.1", State::Installed, "now")
        .state("a", "6.2", State::Installed, "now")
        .module("b", &[])
        .state("b", "6.1", State::Built, "now")
        .examined("b", "6.1", |examined| examined.config.autoinstall = false);
    let gone =
        |autoinstalled_only| steps(&plan(&scene.0, &Goal::KernelGone { kernel: kernel("6.1"), autoinstalled_only }));
    assert_eq!(gone(false), ["uninstall a/1 6.1", "unbuild a/1 6.1", "unbuild b/1 6.1"]);
    assert_eq!(gone(true), ["uninstall a/1 6.1", "unbuild a/1 6.1"]);
}

#[test]
fn a_bad_configuration_is_the_failure_of_its_module_alone() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).module("b", &[]).with("a", "6.1", |facts| {
        facts.configuration = Configuration::Bad { problems: "line 3".into(), missing: false };
    });
    let plan = scene.automatic();
    assert!(matches!(why(&plan, "a"), SkipReason::BadConfiguration { .. }));
    assert_eq!(steps(&plan), ["build b/1 6.1", "install b/1 6.1"]);
}

#[test]
fn steps_only_wait_for_earlier_ones() {
    let scene = Scene::kernels(&["6.1", "6.2"]).module("a", &["b", "c"]).module("b", &["c"]).module("c", &[]);
    let plan = scene.automatic();
    assert_eq!(plan.steps.len(), 12);
    for (place, step) in plan.steps.iter().enumerate() {
        assert!(step.after.iter().all(|earlier| *earlier < place));
    }
}

/// 2 took the place of 1, whose package asked for its removal.
fn upgraded(releases: &[&str]) -> Scene {
    let mut scene = Scene::kernels(releases).module("a/1", &[]).module("a/2", &[]);
    scene.0.retiring.insert(module("a/1"));
    for release in releases {
        scene = scene.state("a/1", release, State::Installed, "now");
    }
    scene
}

fn reconciled(scene: &Scene) -> Plan {
    let kernels = scene.0.kernels.keys().cloned().collect();
    plan(&scene.0, &Goal::Reconciled { kernels, waiting: Default::default() })
}

#[test]
fn an_old_version_goes_after_its_successor_was_installed() {
    let plan = reconciled(&upgraded(&["6.1"]));
    let replaces_own: Vec<bool> = plan.steps.iter().map(|step| step.replaces_own).collect();
    assert_eq!(replaces_own, [false, true, false, false], "only the installation, over the version that makes room");
    assert_eq!(steps(&plan), ["build a/2 6.1", "install a/2 6.1", "unbuild a/1 6.1", "remove a/1"]);
    assert_eq!(plan.steps[2].after, [1]);
    assert!(plan.steps[3].after.contains(&1) && plan.steps[3].after.contains(&2));
}

#[test]
fn an_old_version_stays_where_its_successor_does_not_build() {
    let failed = |scene: Scene, release: &str| scene.with("a/2", release, |facts| facts.failed = Some(failure()));
    let plan = reconciled(&failed(upgraded(&["6.1", "6.2"]), "6.1"));
    assert_eq!(steps(&plan), ["build a/2 6.2", "install a/2 6.2", "unbuild a/1 6.2"], "and it stays registered");
    assert_eq!(why(&plan, "a/1"), SkipReason::Kept { successor: "2".into() });
    // It was installed by a person meanwhile.
    let scene = upgraded(&["6.1"]).state("a/2", "6.1", State::Installed, "now");
    let scene = scene.with("a/1", "6.1", |facts| facts.state = State::Built);
    assert_eq!(steps(&reconciled(&scene)), ["unbuild a/1 6.1", "remove a/1"]);
}

#[test]
fn an_old_version_without_successor_goes() {
    let mut scene = Scene::kernels(&["6.1"]).module("a/1", &[]).state("a/1", "6.1", State::Installed, "now");
    scene.0.retiring.insert(module("a/1"));
    assert_eq!(steps(&reconciled(&scene)), ["uninstall a/1 6.1", "unbuild a/1 6.1", "remove a/1"]);
    assert!(scene.automatic().steps.is_empty(), "it is not built any more either");
}

#[test]
fn a_lower_successor_is_one_too() {
    let mut scene = Scene::kernels(&["6.1"]).module("a/2", &[]).module("a/1", &[]);
    scene = scene.state("a/2", "6.1", State::Installed, "now");
    scene.0.retiring.insert(module("a/2"));
    assert_eq!(steps(&reconciled(&scene)), ["build a/1 6.1", "install a/1 6.1", "unbuild a/2 6.1", "remove a/2"]);
}

#[test]
fn kernels_that_wait_keep_what_they_have_and_vanished_ones_do_not() {
    let mut scene = upgraded(&["6.1", "6.2"]);
    let gone = Target::new(module("a/1"), kernel("5.10"));
    scene.0.targets.insert(gone, TargetFacts { state: State::Installed, ..Default::default() });
    let kernels = std::collections::BTreeSet::from([kernel("6.1")]);
    let waiting = std::collections::BTreeSet::from([kernel("6.2")]);
    let plan = plan(&scene.0, &Goal::Reconciled { kernels, waiting });
    let expected = ["build a/2 6.1", "install a/2 6.1", "uninstall a/1 5.10", "unbuild a/1 5.10", "unbuild a/1 6.1"];
    assert_eq!(steps(&plan), expected);
}

#[test]
fn another_name_of_the_architecture_is_the_same() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]);
    let mut other = target("a", "6.1");
    other.kernel.arch = "amd64".into();
    let mut there = scene;
    there.0.targets.insert(other, TargetFacts { state: State::Installed, ..Default::default() });
    assert_eq!(why(&there.automatic(), "a"), SkipReason::AlreadyInstalled);
    assert!(there.install("a", "6.1", false).steps.is_empty());
    assert_eq!(steps(&there.install("a", "6.1", true)), ["build a/1 6.1", "install a/1 6.1"]);
}

#[test]
fn one_module_alone() {
    let scene = Scene::kernels(&["6.1"]).module("a", &["b"]).module("b", &[]).module("c", &[]);
    let goal = Goal::Autoinstalled { kernels: [kernel("6.1")].into(), force: false, only: Some("a".into()) };
    assert_eq!(steps(&plan(&scene.0, &goal)), ["build b/1 6.1", "install b/1 6.1", "build a/1 6.1", "install a/1 6.1"]);
}
