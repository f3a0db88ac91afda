//! Weak links to what is installed for another kernel.

use super::*;
use crate::facts::Candidate;

/// `a` is installed for 6.1, whose modules fit 6.2.
fn fitting(is_gone: bool) -> Scene {
    Scene::kernels(&["6.1", "6.2"]).module("a", &[]).state("a", "6.1", State::Installed, "now").with(
        "a",
        "6.2",
        |facts| facts.candidate = Some(Candidate { kernel: kernel("6.1"), is_gone }),
    )
}

fn linked(scene: Scene, text: &str) -> Scene {
    scene.with(text, "6.2", |facts| facts.weak_link = Some(kernel("6.1")))
}

#[test]
fn what_fits_is_linked_and_not_built() {
    assert_eq!(steps(&fitting(false).automatic()), ["link a/1 6.2"]);
    assert_eq!(steps(&fitting(false).no_headers("6.2").automatic()), ["link a/1 6.2"]);
    let plan = linked(fitting(false), "a").automatic();
    assert!(plan.steps.is_empty());
    let settled = |settled: &Settled| settled.why == SkipReason::WeaklyLinked { from: "6.1".into() };
    assert!(plan.settled.iter().any(settled));
}

#[test]
fn who_asks_for_a_kernel_gets_a_build_for_it() {
    assert_eq!(steps(&linked(fitting(false), "a").install("a", "6.2", false)), ["build a/1 6.2", "install a/1 6.2"]);
}

#[test]
fn links_lead_to_a_kernel_that_is_gone_only_where_nothing_can_be_built() {
    assert_eq!(steps(&linked(fitting(true), "a").automatic()), ["build a/1 6.2", "install a/1 6.2"]);
    assert!(linked(fitting(true), "a").no_headers("6.2").automatic().steps.is_empty());
    let failed = linked(fitting(true), "a").with("a", "6.2", |facts| facts.failed = Some(failure()));
    assert!(failed.automatic().steps.is_empty());
}

#[test]
fn a_dependant_is_linked_with_what_it_depends_on_and_is_built_where_that_is() {
    let fits = |scene: Scene, text: &str| {
        scene.with(text, "6.2", |facts| facts.candidate = Some(Candidate { kernel: kernel("6.1"), is_gone: false }))
    };
    let scene = || fitting(false).module("b", &["a"]).state("b", "6.1", State::Installed, "now");
    let plan = fits(scene(), "b").automatic();
    assert_eq!(steps(&plan), ["link a/1 6.2", "link b/1 6.2"]);
    assert_eq!(plan.steps[1].after, [0]);
    let rebuilt = fits(scene(), "b").with("a", "6.2", |facts| facts.candidate = None);
    assert_eq!(steps(&rebuilt.automatic()), ["build a/1 6.2", "install a/1 6.2", "build b/1 6.2", "install b/1 6.2"]);
}

#[test]
fn what_links_lead_to_stays_when_its_kernel_goes() {
    let gone = |scene: &Scene, release: &str| {
        plan(&scene.0, &Goal::KernelGone { kernel: kernel(release), autoinstalled_only: false })
    };
    let scene = linked(fitting(false), "a");
    let stays = gone(&scene, "6.1");
    assert!(stays.steps.is_empty());
    assert_eq!(why(&stays, "a"), SkipReason::LinkedBy { kernels: vec!["6.2".into()] });
    assert_eq!(steps(&gone(&scene, "6.2")), ["unlink a/1 6.2"]);
    assert_eq!(steps(&gone(&fitting(false), "6.1")), ["uninstall a/1 6.1", "unbuild a/1 6.1"]);
}

/// The second look after `a` and what else is named was installed for 6.1.
fn second(scene: &Scene, installed: &[&str]) -> Plan {
    let installed = installed.iter().map(|text| target(text, "6.1")).collect();
    plan(&scene.0, &Goal::WeaklyLinked { installed, kernels: [kernel("6.1"), kernel("6.2")].into() })
}

#[test]
fn what_was_installed_just_now_is_linked_where_it_fits_and_nothing_else_is() {
    assert_eq!(steps(&second(&fitting(false), &["a"])), ["link a/1 6.2"]);
    assert!(second(&linked(fitting(false), "a"), &["a"]).steps.is_empty());
    assert!(second(&fitting(false).module("b", &[]), &["b"]).steps.is_empty(), "only a fits");
    let own = fitting(false).module("a/2", &[]).state("a/2", "6.2", State::Installed, "now");
    assert!(second(&own, &["a"]).steps.is_empty());
}

#[test]
fn links_go_where_what_was_installed_just_now_does_not_fit() {
    let unfit = |links: Option<&str>| {
        let links = links.map(kernel);
        Scene::kernels(&["6.0", "6.1", "6.2"]).module("a", &[]).state("a", "6.1", State::Installed, "now").with(
            "a",
            "6.2",
            |facts| {
                facts.unfit_links = [kernel("6.1")].into();
                facts.weak_link = links;
            },
        )
    };
    assert_eq!(steps(&second(&unfit(Some("6.1")), &["a"])), ["unlink a/1 6.2"]);
    assert_eq!(steps(&second(&unfit(None), &["a"])), ["unlink a/1 6.2"], "some of them are left");
    assert!(second(&unfit(Some("6.0")), &["a"]).steps.is_empty(), "they lead elsewhere");
    assert!(second(&unfit(Some("6.1")), &[]).steps.is_empty());
}

#[test]
fn what_depends_on_another_module_is_linked_after_it_or_not_at_all() {
    let scene = || {
        let candidate = Some(Candidate { kernel: kernel("6.1"), is_gone: false });
        fitting(false).module("b", &["a"]).state("b", "6.1", State::Installed, "now").with("b", "6.2", |facts| {
            facts.candidate = candidate;
        })
    };
    let both = second(&scene(), &["b", "a"]);
    assert_eq!(steps(&both), ["link a/1 6.2", "link b/1 6.2"]);
    assert_eq!(both.steps[1].after, [0]);
    assert!(second(&scene(), &["b"]).steps.is_empty(), "there is no a");
    assert_eq!(steps(&second(&linked(scene(), "a"), &["b"])), ["link b/1 6.2"]);
}

#[test]
fn links_go_before_what_they_lead_to() {
    let uninstalled = |scene: &Scene, releases: &[&str]| {
        let targets = releases.iter().map(|release| target("a", release)).collect();
        plan(&scene.0, &Goal::Uninstalled(targets))
    };
    let scene = linked(fitting(false), "a");
    let one = uninstalled(&scene, &["6.1"]);
    assert_eq!(steps(&one), ["uninstall a/1 6.1", "unlink a/1 6.2"]);
    assert_eq!((&one.steps[0].waits, one.steps[1].waits.len()), (&vec![1], 0));
    assert_eq!(one.steps[1].because, Because::LeadsToGone { from: "6.1".into() });
    let both = uninstalled(&scene, &["6.1", "6.2"]);
    assert_eq!(steps(&both), ["uninstall a/1 6.1", "unlink a/1 6.2"]);
    assert_eq!((&both.steps[0].waits, &both.steps[1].because), (&vec![1], &Because::Asked));
    assert_eq!(steps(&uninstalled(&scene, &["6.2"])), ["unlink a/1 6.2"], "what they lead to stays");
    assert_eq!(steps(&uninstalled(&fitting(false), &["6.1"])), ["uninstall a/1 6.1"]);
}

#[test]
fn a_kernel_that_gets_the_module_itself_needs_no_step_for_its_links() {
    let scene = Scene::kernels(&["6.1", "6.2"]).builds("a", &["m"], &[]).state("a", "6.1", State::Installed, "now");
    let provided = |facts: &mut TargetFacts| facts.provided = [("m".to_owned(), "p".to_owned())].into();
    let scene = linked(scene.with("a", "6.1", provided), "a");
    assert_eq!(steps(&scene.automatic()), ["build a/1 6.2", "install a/1 6.2", "uninstall a/1 6.1"]);
}
