//! What is not installed, and the kernel's directory that stays as it was.

use super::*;
use crate::plan::{Refused, RefusedBecause};

#[test]
fn a_newer_module_keeps_ours_out_unless_forced() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), module(X86_64, &["version=2"]));
    let target = world.built("1", &[("a", &["version=1"]), ("b", &["version=1"])]);
    let before = world.tree(I);
    let alone = world.try_install(&target, &config(&["a"]), &Placement::default());
    assert!(matches!(alone, Err(Error::InstallRefused { ref reasons, .. }) if reasons[0].contains("version 2")));
    assert_eq!((world.tree(I), world.active()), (before, None));

    let partly = world.try_install(&target, &config(&["a", "b"]), &Placement::default()).unwrap();
    assert_eq!((partly.files.len(), partly.refused.len()), (1, 1));
    let manifest: Manifest = record::load(&world.setup.root, &world.setup.layout.manifest(&target)).unwrap();
    assert_eq!(manifest.refused[0].name, "a");

    let placement = Placement { replaces_own: true, ..Placement::default() };
    assert_eq!(world.try_install(&target, &config(&["a", "b"]), &placement).unwrap().files.len(), 2);
}

#[test]
fn the_module_that_would_be_loaded_is_the_one_compared() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), module(X86_64, &["version=9"]));
    testing::write(&world.setup, &format!("{I}/updates/a.ko"), module(X86_64, &["version=0"]));
    let target = world.built("1", &[("a", &["version=1"])]);
    world.install(&target);
    world.uninstall(&target);
    testing::write(&world.setup, "/etc/depmod.d/x.conf", "search built-in updates\n");
    let refused = world.try_install(&target, &config(&["a"]), &Placement::default()).unwrap_err();
    assert!(refused.to_string().contains("kernel/drivers/a.ko"), "{refused}");
}

#[test]
fn a_kept_object_is_missing() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    let result = world.try_install(&target, &config(&["a", "b"]), &Placement::default());
    assert!(matches!(result, Err(Error::ObjectMissing { ref object, .. }) if object == "b"));
    assert!(!world.exists(PLACE));
}

#[test]
fn a_destination_that_leads_elsewhere() {
    let mut world = World::new();
    world.setup.distribution = crate::setup::distribution::Distribution::parse("ID=void");
    let target = world.built("1", &[("a", &[])]);
    let mut config = config(&["a"]);
    config.records[0].dest_location = "/kernel/../../../../etc".into();
    let result = world.try_install(&target, &config, &Placement::default());
    assert!(matches!(result, Err(Error::DestinationInvalid { .. })), "{result:?}");
}

#[test]
fn a_directory_that_is_a_link() {
    for target in ["/etc", "../other"] {
        let world = World::new();
        let built = world.built("1", &[("a", &[])]);
        let root = &world.setup.root;
        root.writable().create_dir_all(Path::new("/etc")).unwrap();
        root.writable().symlink(Path::new(target), &Path::new(I).join("updates")).unwrap();
        let error = world.try_install(&built, &config(&["a"]), &Placement::default()).unwrap_err().to_string();
        assert!(error.contains("updates` is a link to `") && error.contains(target), "{error}");
        assert!(root.list(Path::new("/etc")).unwrap().is_empty() && !world.exists(PLACE));
    }
}

#[test]
fn no_kernel_no_installation() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    world.setup.root.writable().remove_tree(Path::new(I)).unwrap();
    let result = world.try_install(&target, &config(&["a"]), &Placement::default());
    assert!(matches!(result, Err(Error::KernelMissing { .. })));
    assert!(!world.exists(I));
}

fn refuses(object: &str, because: RefusedBecause) -> Placement {
    Placement { refused: vec![Refused { object: object.into(), because }], ..Placement::default() }
}

fn obsolete(object: &str) -> Placement {
    refuses(object, RefusedBecause::Obsolete { since: "6.0".into() })
}

#[test]
fn nothing_of_it_may_be_placed() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    let before = world.tree(I);
    let refused = |placement: &Placement| match world.try_install(&target, &config(&["a"]), placement) {
        Err(Error::InstallRefused { reasons, .. }) => reasons,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&obsolete("a")), ["the kernel has it itself since 6.0 (OBSOLETE_BY)"]);
    let excluded = Placement { excluded: Some("not for it".into()), ..Placement::default() };
    assert_eq!(refused(&excluded), ["not for it"]);
    assert_eq!((world.tree(I), world.active()), (before, None));
}

#[test]
fn what_is_not_meant_for_the_kernel_needs_no_object() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    let placement = Placement { left_out: [1].into(), ..Placement::default() };
    let installed = world.try_install(&target, &config(&["a", "b"]), &placement).unwrap();
    assert_eq!((installed.files.len(), installed.refused.len()), (1, 0));
}

/// What the kernel has by now changes nothing about what lies there; the file of another package is the one that counts.
#[test]
fn an_earlier_file_stays_unless_a_package_has_one() {
    let provided = RefusedBecause::Provided { package: "p".into() };
    for (placement, stays) in [(obsolete("a"), true), (refuses("a", provided), false)] {
        let world = World::new();
        let target = world.built("1", &[("a", &[]), ("b", &[])]);
        world.install(&target);
        let installed = world.try_install(&target, &config(&["a", "b"]), &placement).unwrap();
        assert_eq!(installed.refused[0].name, "a");
        assert_eq!(world.exists(&format!("{PLACE}/a.ko")), stays, "{placement:?}");
    }
}

#[test]
fn the_list_that_forces_is_told() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    let lists = vec![OverridingList { path: "/list".into(), versions_only: true }];
    let overrides = Overrides { lists, ..Overrides::default() };
    let placement = Placement { overrides, ..Placement::default() };
    let install = |session: &mut Session<'_>| {
        let objects = kept(&world.setup, &target);
        install_objects(session, &target, &objects, &world.kernel(), &config(&["a"]), &placement).map(drop)
    };
    let (result, events) = world.session(install);
    result.unwrap();
    assert!(events.contains(&InstallEvent::ListForces { list: "/list".into(), version_only: true }));
}
