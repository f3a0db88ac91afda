//! What another kernel lends.

use super::*;
use crate::facts::Lender;

/// `a` is installed for 6.1, whose modules fit 6.2.
fn fitting(is_gone: bool) -> Scene {
    Scene::kernels(&["6.1", "6.2"]).module("a", &[]).state("a", "6.1", State::Installed, "now").with(
        "a",
        "6.2",
        |facts| facts.lender = Some(Lender { kernel: kernel("6.1"), is_gone }),
    )
}

fn on_loan(scene: Scene, text: &str) -> Scene {
    scene.with(text, "6.2", |facts| facts.borrowed = Some(kernel("6.1")))
}

#[test]
fn what_fits_is_borrowed_and_not_built() {
    assert_eq!(steps(&fitting(false).automatic()), ["borrow a/1 6.2"]);
    assert_eq!(steps(&fitting(false).no_headers("6.2").automatic()), ["borrow a/1 6.2"]);
    let plan = on_loan(fitting(false), "a").automatic();
    assert!(plan.steps.is_empty());
    let settled = |settled: &Settled| settled.why == Why::Borrowed { from: "6.1".into() };
    assert!(plan.settled.iter().any(settled));
}

#[test]
fn who_asks_for_a_kernel_gets_a_build_for_it() {
    assert_eq!(steps(&on_loan(fitting(false), "a").install("a", "6.2", false)), ["build a/1 6.2", "install a/1 6.2"]);
}

#[test]
fn a_kernel_that_is_gone_lends_only_where_nothing_can_be_built() {
    assert_eq!(steps(&on_loan(fitting(true), "a").automatic()), ["build a/1 6.2", "install a/1 6.2"]);
    assert!(on_loan(fitting(true), "a").no_headers("6.2").automatic().steps.is_empty());
    let failed = on_loan(fitting(true), "a").with("a", "6.2", |facts| facts.failed = Some(failure()));
    assert!(failed.automatic().steps.is_empty());
}

#[test]
fn a_dependant_borrows_with_what_it_depends_on_and_is_built_where_that_is() {
    let lent = |scene: Scene, text: &str| {
        scene.with(text, "6.2", |facts| facts.lender = Some(Lender { kernel: kernel("6.1"), is_gone: false }))
    };
    let scene = || fitting(false).module("b", &["a"]).state("b", "6.1", State::Installed, "now");
    let plan = lent(scene(), "b").automatic();
    assert_eq!(steps(&plan), ["borrow a/1 6.2", "borrow b/1 6.2"]);
    assert_eq!(plan.steps[1].after, [0]);
    let rebuilt = lent(scene(), "b").with("a", "6.2", |facts| facts.lender = None);
    assert_eq!(steps(&rebuilt.automatic()), ["build a/1 6.2", "install a/1 6.2", "build b/1 6.2", "install b/1 6.2"]);
}

#[test]
fn what_is_lent_stays_when_its_kernel_goes() {
    let gone = |scene: &Scene, release: &str| {
        plan(&scene.0, &Goal::KernelGone { kernel: kernel(release), autoinstalled_only: false })
    };
    let scene = on_loan(fitting(false), "a");
    let stays = gone(&scene, "6.1");
    assert!(stays.steps.is_empty());
    assert_eq!(why(&stays, "a"), Why::Lent { to: vec!["6.2".into()] });
    assert_eq!(steps(&gone(&scene, "6.2")), ["uninstall a/1 6.2"]);
    assert_eq!(steps(&gone(&fitting(false), "6.1")), ["uninstall a/1 6.1", "unbuild a/1 6.1"]);
}
