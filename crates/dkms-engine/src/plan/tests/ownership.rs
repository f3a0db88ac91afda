//! Objects that several modules build.

use super::*;

impl Scene {
    /// Says which objects a module builds.
    fn objects(self, text: &str, names: &[&str]) -> Self {
        let records: Vec<_> = names
            .iter()
            .map(|name| {
                let mut record = testing::module_config().records.remove(0);
                record.dest_name = (*name).to_owned();
                record
            })
            .collect();
        let releases: Vec<String> = self.0.kernels.keys().map(|kernel| kernel.release.clone()).collect();
        releases.iter().fold(self, |scene, release| {
            scene.examined(text, release, |examined| {
                examined.exclusion = Exclusion { package: None, records: vec![None; records.len()] };
                examined.config.records.clone_from(&records);
            })
        })
    }

    pub(super) fn builds(self, text: &str, names: &[&str], depends: &[&str]) -> Self {
        self.module(text, depends).objects(text, names)
    }

    /// Installed with these objects, and without those that others have.
    fn has(self, text: &str, placed: &[&str], yielded: &[(&str, &str)]) -> Self {
        self.state(text, "1", State::Installed, "now").with(text, "1", |known| {
            known.placed = placed.iter().map(|&name| name.to_owned()).collect();
            known.yielded = yielded.iter().map(|(name, to)| ((*name).to_owned(), module(to))).collect();
        })
    }

    fn chosen(self, text: &str, order: u64) -> Self {
        self.with(text, "1", |known| known.chosen = Some(order))
    }
}

/// Two modules that build `x`, none of them built.
fn two(one: &str, other: &str) -> Scene {
    Scene::kernels(&["1"]).builds(one, &["x"], &[]).builds(other, &["x"], &[])
}

/// `leaver: object to owner by rule` of everything in a plan.
fn left(plan: &Plan) -> Vec<String> {
    let line = |module: &ModuleId, yielded: &Yielded| {
        format!("{module}: {} to {} by {:?}", yielded.object, yielded.to, yielded.by)
    };
    let steps = plan
        .steps
        .iter()
        .flat_map(|step| step.placement.yields.iter().map(|yielded| line(step.action.module(), yielded)));
    let settled = plan.settled.iter().flat_map(|settled| match &settled.why {
        SkipReason::Conflict { objects } => objects.iter().map(|yielded| line(&settled.module, yielded)).collect(),
        _ => Vec::new(),
    });
    steps.chain(settled).collect()
}

#[test]
fn a_rule_decides_who_has_the_place() {
    for (scene, expected) in [
        (two("a/1", "b/1"), "b/1: x to a/1 by Name"),
        (two("a/1", "b/2"), "a/1: x to b/2 by Version"),
        (two("a/1", "b/2").chosen("a/1", 1), "b/2: x to a/1 by InstalledLater"),
        (two("a/1", "b/2").chosen("a/1", 1).chosen("b/2", 2), "a/1: x to b/2 by InstalledLater"),
        (
            Scene::kernels(&["1"]).builds("a/1", &["x"], &["b"]).builds("b/1", &["x"], &[]),
            "a/1: x to b/1 by DependedOn",
        ),
        (
            Scene::kernels(&["1"]).builds("a/3", &["x"], &["c"]).builds("c/1", &["y"], &["b"]).builds(
                "b/1",
                &["x"],
                &[],
            ),
            "a/3: x to b/1 by DependedOn",
        ),
    ] {
        assert_eq!(left(&scene.automatic()), [expected]);
    }
}

#[test]
fn the_first_run_builds_both_and_installs_the_second_where_the_first_fails() {
    let plan = two("a/1", "b/2").automatic();
    assert_eq!(steps(&plan), ["build a/1 1", "install a/1 1", "build b/2 1", "install b/2 1"]);
    assert_eq!((&plan.steps[1].waits, plan.steps[1].placement.yields.len()), (&vec![3], 1));
    assert!(plan.steps[3].waits.is_empty() && plan.steps[3].placement.yields.is_empty());
}

#[test]
fn what_is_settled_stays_settled() {
    let scene = two("a/1", "b/2").state("a/1", "1", State::Built, "now").has("b/2", &["x"], &[]);
    let plan = scene.automatic();
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert_eq!(left(&plan), ["a/1: x to b/2 by Version"]);
    assert_eq!(why(&plan, "b/2"), SkipReason::AlreadyInstalled);
    // Later still by hand: the other one, and then again nothing.
    let scene = two("a/1", "b/2").chosen("a/1", 4).has("a/1", &["x"], &[]).state("b/2", "1", State::Built, "now");
    assert!(scene.automatic().steps.is_empty());
    assert_eq!(left(&scene.automatic()), ["b/2: x to a/1 by InstalledLater"]);
    assert_eq!(steps(&scene.install("b/2", "1", false)), ["install b/2 1"]);
    let partly = scene.has("a/1", &["x"], &[]);
    assert!(left(&partly.install("b/2", "1", false)).is_empty(), "what is asked for leaves nothing");
}

#[test]
fn each_object_has_its_own_owner() {
    let scene = || Scene::kernels(&["1"]).builds("a/1", &["x", "y"], &[]).builds("b/2", &["y", "z"], &[]);
    let plan = scene().automatic();
    assert_eq!(steps(&plan).len(), 4);
    assert_eq!(left(&plan), ["a/1: y to b/2 by Version"]);
    let settled = || scene().has("a/1", &["x"], &[("y", "b/2")]).has("b/2", &["y", "z"], &[]);
    assert!(settled().automatic().steps.is_empty());
    assert_eq!(left(&settled().automatic()), ["a/1: y to b/2 by Version"]);
    // The other one goes: the place is given back first.
    let plan = plan_removal(&settled(), "b/2");
    assert_eq!(steps(&plan), ["uninstall b/2 1", "unbuild b/2 1", "remove b/2", "install a/1 1"]);
    assert_eq!(plan.steps[0].waits, [3]);
    assert_eq!(plan.steps[3].because, Because::TakesOver { object: "y".into(), from: "b/2".into() });
}

fn plan_removal(scene: &Scene, text: &str) -> Plan {
    let goal = Goal::Removed { module: module(text), targets: [target(text, "1")].into() };
    plan(&scene.0, &goal)
}

#[test]
fn whatever_takes_the_winner_away_brings_the_other_back() {
    let there = || two("a/1", "b/2").state("a/1", "1", State::Built, "now").has("b/2", &["x"], &[]);
    let brings_back = |plan: &Plan| steps(plan).contains(&"install a/1 1".to_owned());
    assert!(brings_back(&plan_removal(&there(), "b/2")));
    let uninstalled = plan(&there().0, &Goal::Uninstalled([target("b/2", "1")].into()));
    assert!(brings_back(&uninstalled) && uninstalled.steps[0].waits == [1]);
    let off = there().examined("b/2", "1", |examined| examined.config.autoinstall = false);
    assert!(brings_back(&off.automatic()));
    let directive = dkms_conf::directive::Directive::BuildExclusiveKernel;
    let reason = Reason { directive, index: 0, value: "^9".into(), found: "it is 1".into() };
    let excluded = there().examined("b/2", "1", |examined| examined.exclusion.package = Some(reason));
    assert!(brings_back(&excluded.automatic()));
    let failing = two("a/1", "b/2").with("b/2", "1", |known| known.failed = Some(failure()));
    let plan_failing = failing.automatic();
    assert_eq!(steps(&plan_failing), ["build a/1 1", "install a/1 1"]);
    assert!(left(&plan_failing).is_empty());
    let mut package_gone = there();
    package_gone.0.modules.insert(module("b/2"), Registration::Broken);
    package_gone.0.retiring.insert(module("b/2"));
    let goal = Goal::Reconciled { kernels: [kernel("1")].into(), waiting: BTreeSet::new() };
    let gone = plan(&package_gone.0, &goal);
    assert_eq!(steps(&gone), ["install a/1 1", "uninstall b/2 1", "unbuild b/2 1", "remove b/2"]);
    assert_eq!(gone.steps[1].waits, [0]);
    // Only where it is meant to be: not what is not wanted, and not for a kernel that goes.
    let unwanted = there().examined("a/1", "1", |examined| examined.config.autoinstall = false);
    assert!(!brings_back(&plan_removal(&unwanted, "b/2")));
    assert!(!brings_back(&plan(&there().0, &Goal::KernelGone { kernel: kernel("1"), autoinstalled_only: false })));
}

#[test]
fn one_that_is_built_against_comes_first_and_is_taken_over() {
    let scene = Scene::kernels(&["1"]).builds("a/1", &["x"], &["b"]).builds("b/1", &["x"], &[]).chosen("a/1", 1);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["build b/1 1", "install b/1 1", "build a/1 1", "install a/1 1"]);
    assert!(plan.steps.iter().all(|step| step.waits.is_empty() && step.placement.yields.is_empty()));
    // It stands aside then, and what depends on it has it all the same.
    let scene = Scene::kernels(&["1"])
        .builds("a/1", &["x"], &["b"])
        .builds("b/1", &["x"], &[])
        .builds("c/1", &["y"], &["b"])
        .has("a/1", &["x"], &[])
        .chosen("a/1", 1)
        .state("b/1", "1", State::Built, "now");
    assert_eq!(steps(&scene.automatic()), ["build c/1 1", "install c/1 1"]);
    assert_eq!(steps(&scene.install("c/1", "1", false)), ["build c/1 1", "install c/1 1"]);
}

#[test]
fn installations_of_the_original_that_cover_one_another_are_told_apart() {
    // Both count as installed; what the first one placed is the second one's file.
    let scene = two("a/1", "b/2").has("a/1", &["x"], &[]).chosen("a/1", 0).has("b/2", &["x"], &[]);
    let scene = scene.with("b/2", "1", |known| known.placed_lost = true);
    let plan = scene.automatic();
    assert_eq!(steps(&plan), ["install b/2 1", "install a/1 1"]);
    assert_eq!(left(&plan), ["b/2: x to a/1 by InstalledLater"]);
    assert_eq!(plan.steps[0].waits, [1]);
}

#[test]
fn a_circle_of_dependencies_has_an_owner_too() {
    let scene = Scene::kernels(&["1"]).builds("a/1", &["x"], &["b"]).builds("b/1", &["x"], &["a"]);
    let scene = scene.has("a/1", &["x"], &[]).has("b/1", &["x"], &[]);
    assert_eq!(steps(&scene.automatic()), ["install a/1 1"]);
}
