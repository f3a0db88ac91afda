//! Modules that are built after others.

use super::*;

#[test]
fn dependencies_come_first_whatever_their_names() {
    let scene = Scene::kernels(&["6.1"]).module("a", &["z"]).module("z", &[]);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build z/1 6.1", "install z/1 6.1", "build a/1 6.1", "install a/1 6.1"]);
    assert_eq!(plan.steps[2].after, [1]);
}

#[test]
fn an_unregistered_dependency_defers_and_a_registered_one_fails() {
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
fn steps_only_wait_for_earlier_ones() {
    let scene = Scene::kernels(&["6.1", "6.2"]).module("a", &["b", "c"]).module("b", &["c"]).module("c", &[]);
    let plan = scene.automatic();
    assert_eq!(plan.steps.len(), 12);
    for (place, step) in plan.steps.iter().enumerate() {
        assert!(step.after.iter().all(|earlier| *earlier < place));
    }
}

#[test]
fn one_module_alone() {
    let scene = Scene::kernels(&["6.1"]).module("a", &["b"]).module("b", &[]).module("c", &[]);
    let goal = Goal::Autoinstalled { kernels: [kernel("6.1")].into(), force: false, only: Some("a".into()) };
    assert_eq!(steps(&plan(&scene.0, &goal)), ["build b/1 6.1", "install b/1 6.1", "build a/1 6.1", "install a/1 6.1"]);
}
