//! An old version whose package asked for its removal.

use super::*;

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
    let replaces_own: Vec<bool> = plan.steps.iter().map(|step| step.placement.replaces_own).collect();
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
