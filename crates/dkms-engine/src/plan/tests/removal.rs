//! Modules and kernels that go.

use super::*;

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
