//! What one module needs for one kernel, and why it needs nothing.

use super::*;
use crate::fingerprint::Change;

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
fn a_bad_configuration_is_the_failure_of_its_module_alone() {
    let scene = Scene::kernels(&["6.1"]).module("a", &[]).module("b", &[]).with("a", "6.1", |facts| {
        facts.configuration = Configuration::Bad { problems: "line 3".into(), missing: false };
    });
    let plan = scene.automatic();
    assert!(matches!(why(&plan, "a"), SkipReason::BadConfiguration { .. }));
    assert_eq!(steps(&plan), ["build b/1 6.1", "install b/1 6.1"]);
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
