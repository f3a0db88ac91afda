//! Modules that other packages provide, finished.

use super::*;

fn provides(scene: Scene, package: &str) -> Scene {
    scene.with("a", "1", |known| {
        known.provided = [("x".to_owned(), package.to_owned())].into();
        known.placed = if known.state == State::Installed { ["x".to_owned()].into() } else { Default::default() };
    })
}

fn scene() -> Scene {
    Scene::kernels(&["1"]).builds("a", &["x"], &[])
}

#[test]
fn what_a_package_provides_is_neither_built_nor_a_problem() {
    let plan = provides(scene(), "p").automatic();
    assert!(plan.steps.is_empty());
    assert_eq!(why(&plan, "a"), SkipReason::Provided { package: "p".into() });
    assert!(provides(scene(), "p").install("a", "1", false).steps.is_empty(), "a person gets the reason");
    assert_eq!(steps(&provides(scene(), "p").install("a", "1", true)), ["build a/1 1", "install a/1 1"]);
    let part = Scene::kernels(&["1"]).builds("a", &["x", "y"], &[]);
    assert_eq!(steps(&provides(part, "p").automatic()).len(), 2, "the rest of it is still to be had");
}

#[test]
fn what_is_installed_gives_way_to_a_package_and_comes_back_after_it() {
    let there = scene().state("a", "1", State::Installed, "now").with("a", "1", |known| known.placed_lost = true);
    let plan = provides(there, "p").automatic();
    assert_eq!(steps(&plan), ["uninstall a/1 1"]);
    assert_eq!(plan.steps[0].because, Because::Provided { package: "p".into() });
    let after = provides(scene().state("a", "1", State::Built, "now"), "p");
    assert!(after.automatic().steps.is_empty());
    assert_eq!(steps(&scene().state("a", "1", State::Built, "now").automatic()), ["install a/1 1"]);
}
