//! What of an installation is placed, and what stays out.

use super::*;
use crate::facts::ForceList;

const FORCED: &str = "/lists/forced";

/// A build of `a` with `x` and `y` that is to be installed.
fn built() -> Scene {
    Scene::kernels(&["1"]).builds("a", &["x", "y"], &[]).state("a", "1", State::Built, "now")
}

fn obsolete(by: &str) -> Scene {
    built().examined("a", "1", |examined| examined.config.obsolete_by = Some(by.into()))
}

fn provided(object: &str) -> Scene {
    built().with("a", "1", |known| known.provided = [(object.to_owned(), "p".to_owned())].into())
}

fn lists(words: &[&str]) -> Scene {
    let mut scene = obsolete("1");
    let words = words.iter().map(|&word| word.to_owned()).collect();
    scene.0.force_lists = vec![ForceList { path: FORCED.into(), words }];
    scene
}

fn placement(scene: &Scene) -> Placement {
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["install a/1 1"]);
    plan.steps[0].placement.clone()
}

/// `object: reason` of what stays out.
fn refused(scene: &Scene) -> Vec<String> {
    placement(scene).refused.iter().map(|refused| format!("{}: {refused}", refused.object)).collect()
}

fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

#[test]
fn what_the_kernel_has_itself_stays_out() {
    let reason = "the kernel has it itself since 1 (OBSOLETE_BY)";
    assert_eq!(refused(&obsolete("1")), [format!("x: {reason}"), format!("y: {reason}")]);
    assert!(refused(&obsolete("2")).is_empty());
    let placement = placement(&obsolete("1"));
    let Admission::Refused(refused) = placement.admit("x", &none()) else { panic!("{placement:?}") };
    assert!(refused.keeps_earlier(), "it does not hurt");
}

#[test]
fn what_another_package_provides_stays_out_and_the_rest_does_not() {
    assert_eq!(refused(&provided("x")), ["x: the package p provides `x` for this kernel"]);
    let placement = placement(&provided("x"));
    let Admission::Refused(refused) = placement.admit("x", &none()) else { panic!("{placement:?}") };
    assert!(!refused.keeps_earlier(), "the file of the package counts");
    assert_eq!(placement.admit("y", &none()), Admission::IfNewer);
}

#[test]
fn a_person_may_insist() {
    for mut scene in [obsolete("1"), provided("x")] {
        scene.0.wishes.version_override = true;
        assert!(!refused(&scene).is_empty(), "the versions are not what keeps it out");
        scene.0.wishes.force = true;
        assert_eq!(placement(&scene).admit("x", &none()), Admission::Placed);
    }
}

#[test]
fn lists_of_the_distribution_force() {
    let list = |versions_only| vec![OverridingList { path: FORCED.into(), versions_only }];
    let forced = placement(&lists(&["other", "a"]));
    assert_eq!((forced.overrides.force, forced.overrides.lists.clone()), (true, list(false)));
    assert_eq!(forced.admit("x", &none()), Admission::Placed);
    let newer = placement(&lists(&["aa", "a_version-override"]));
    assert_eq!((newer.overrides.force, newer.overrides.versions), (false, true));
    assert_eq!((newer.overrides.lists.clone(), newer.refused.len()), (list(true), 2));
    assert_eq!(placement(&lists(&["aa", "b_version-override"])).overrides, Overrides::default());
    // What a person wants already no list adds.
    let mut scene = lists(&["a"]);
    scene.0.wishes.force = true;
    assert!(placement(&scene).overrides.lists.is_empty());
}

#[test]
fn versions_count_unless_something_says_otherwise() {
    let scene = built();
    assert_eq!(placement(&scene).admit("x", &none()), Admission::IfNewer);
    let mut insists = built();
    insists.0.wishes.version_override = true;
    assert_eq!(placement(&insists).admit("x", &none()), Admission::Placed);
    let lost = built().with("a", "1", |known| (known.state, known.placed_lost) = (State::Installed, true));
    assert_eq!(placement(&lost).admit("x", &none()), Admission::Placed, "what is there is not a module of others");
}

#[test]
fn what_is_not_meant_for_the_kernel_is_left_out_also_by_force() {
    let reason = |index| Reason {
        directive: dkms_conf::directive::Directive::BuildExclusiveArch,
        index,
        value: "^none$".into(),
        found: "the architecture is `x86_64`".into(),
    };
    let mut scene = built().examined("a", "1", |examined| examined.exclusion.records[1] = Some(reason(1)));
    scene.0.wishes.force = true;
    let partly = placement(&scene);
    assert_eq!((partly.excluded.clone(), partly.left_out.clone()), (None, [1].into()));
    let scene = built().examined("a", "1", |examined| examined.exclusion.package = Some(reason(0)));
    assert!(placement(&scene).excluded.unwrap().contains("^none$"), "of what is built already");
}

#[test]
fn what_is_left_to_another_module_is_placed_only_where_that_has_nothing() {
    let scene = Scene::kernels(&["1"]).builds("a/1", &["x", "y"], &[]).builds("b/2", &["x"], &[]);
    let plan = scene.automatic();
    let placement = &plan.steps[1].placement;
    let held = BTreeSet::from(["x".to_owned()]);
    assert_eq!(placement.admit("x", &held), Admission::Left(module("b/2")));
    assert_eq!(placement.admit("x", &none()), Admission::IfNewer, "the other one failed");
    assert_eq!(placement.admit("y", &held), Admission::IfNewer);
    assert_eq!(placement.overtaken(["x", "y"].into_iter(), &held), None);
    assert_eq!(placement.overtaken(["x"].into_iter(), &none()), None);
    let expected = SkipReason::Conflict { objects: placement.yields.clone() };
    assert_eq!(placement.overtaken(["x"].into_iter(), &held), Some(expected));
}

#[test]
fn a_choice_of_a_person_counts_on_and_one_of_before_is_kept() {
    let mut scene = Scene::kernels(&["1"]).module("a", &[]).module("b", &[]);
    scene.0.wishes.latest_choice = 4;
    let chosen = |scene: &Scene| {
        let targets = vec![target("a", "1"), target("b", "1")];
        let plan = plan(&scene.0, &Goal::Installed(Request { targets, force: false }));
        let installs = plan.steps.iter().filter(|step| matches!(step.action, Action::Install(_)));
        installs.map(|step| step.placement.chosen).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&scene), [None, None], "a program asks");
    scene.0.wishes.by_person = true;
    assert_eq!(chosen(&scene), [Some(5), Some(6)]);
    assert_eq!(scene.automatic().steps[1].placement.chosen, None, "not by name");
    // Another version takes over what was chosen, but not what the original installed.
    for (before, after) in [(Some(3), Some(3)), (Some(0), None)] {
        let scene = Scene::kernels(&["1"]).module("a/1", &[]).module("a/2", &[]);
        let scene = scene.state("a/1", "1", State::Installed, "now").with("a/1", "1", |known| known.chosen = before);
        assert_eq!(scene.automatic().steps[1].placement.chosen, after);
    }
}
