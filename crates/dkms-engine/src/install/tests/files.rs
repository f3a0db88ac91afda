//! What is placed, and what a kernel had itself, there and back.

use super::*;

#[test]
fn there_and_back_leaves_the_kernel_as_it_was() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko.xz"), "the kernel's own");
    testing::write(&world.setup, &format!("{I}/extra/a.ko"), "another copy");
    let before = world.tree(I);
    let target = world.built("1", &[("a", &["version=1"]), ("b", &["version=1"])]);
    let installed = world.install(&target);
    assert_eq!(installed.files, [format!("{PLACE}/a.ko"), format!("{PLACE}/b.ko")].map(PathBuf::from));
    assert!(!world.exists(&format!("{I}/kernel/drivers/a.ko.xz")) && !world.exists(&format!("{I}/extra/a.ko")));
    let link = world.setup.layout.active_link("m", &target.kernel);
    assert_eq!(world.setup.root.read_link(&link).unwrap(), Path::new("1/6.1.0-9-amd64/x86_64"), "relative");
    let archive = world.setup.layout.originals("m", &target.kernel);
    assert!(world.setup.root.exists(&archive.join("a.ko")), "extra and kernel rank alike, the first path counts");
    assert!(world.setup.root.exists(&archive.join("collisions/kernel/drivers/a.ko.xz.origin")));

    let (done, _) = world.uninstall(&target);
    assert_eq!((done.removed.len(), done.restored.len(), done.left.len()), (2, 2, 0));
    assert_eq!(world.tree(I), before);
    assert_eq!(world.active(), None);
    let module = world.setup.layout.module("m");
    assert!(!world.setup.root.exists(&module.join("original_module")), "empty archives go");
    assert!(world.setup.root.is_dir(&world.setup.layout.objects(&target)), "the build stays");
    assert!(!crate::facts::condition::is_half_done(&world.setup, &target));
}

#[test]
fn an_original_at_our_own_place_comes_back_over_ours() {
    let world = World::new();
    testing::write(&world.setup, &format!("{PLACE}/a.ko"), "not ours");
    let target = world.built("1", &[("a", &["version=1"])]);
    world.install(&target);
    assert_ne!(world.setup.root.read(Path::new(&format!("{PLACE}/a.ko"))).unwrap(), b"not ours");
    let (done, _) = world.uninstall(&target);
    assert_eq!(world.setup.root.read(Path::new(&format!("{PLACE}/a.ko"))).unwrap(), b"not ours");
    assert!(done.removed.is_empty(), "replaced in one step, not removed first");
}

#[test]
fn exactly_the_recorded_files_are_removed() {
    let world = World::new();
    let target = world.built("1", &[("a", &["version=1"]), ("b", &["version=1"])]);
    world.install(&target);
    testing::write(&world.setup, &format!("{PLACE}/a.ko.bak"), "mine");
    testing::write(&world.setup, &format!("{PLACE}/a.ko.debug"), "mine");
    testing::write(&world.setup, &format!("{PLACE}/b.ko"), "signed by another");
    // The tree has another version by now: that must not hide what was placed.
    world.built("1", &[("a", &["version=2"]), ("b", &["version=2"])]);
    let (done, events) = world.uninstall(&target);
    assert_eq!(done.removed, [PathBuf::from(format!("{PLACE}/a.ko"))]);
    assert_eq!(done.left, [PathBuf::from(format!("{PLACE}/b.ko"))]);
    assert!(events.contains(&InstallEvent::Left { path: done.left[0].clone(), reason: LeftBecause::Changed }));
    let left: Vec<_> = world.tree(PLACE).into_keys().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(left, ["a.ko.bak", "a.ko.debug", "b.ko"]);
}

#[test]
fn the_kernels_newer_file_wins_over_the_archived_one() {
    let world = World::new();
    let own = format!("{I}/kernel/drivers/a.ko");
    testing::write(&world.setup, &own, "first release");
    let target = world.built("1", &[("a", &["version=1"])]);
    world.install(&target);
    testing::write(&world.setup, &own, "second release");
    let (_, events) = world.uninstall(&target);
    assert_eq!(world.setup.root.read(Path::new(&own)).unwrap(), b"second release");
    assert!(events.contains(&InstallEvent::Left { path: own.into(), reason: LeftBecause::Superseded }));
}

#[test]
fn what_a_kernel_had_itself_does_not_come_back_without_it() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), "the kernel's own");
    let target = world.built("1", &[("a", &["version=1"])]);
    world.install(&target);
    world.setup.root.writable().remove_tree(&Path::new(I).join("kernel")).unwrap();
    let (done, _) = world.uninstall(&target);
    assert_eq!((done.removed.len(), done.restored.len()), (1, 0));
    assert!(world.tree(I).is_empty());
    assert!(!world.setup.root.exists(&world.setup.layout.originals("m", &target.kernel)));
}

#[test]
fn links_instead_of_copies() {
    let world = World::new();
    let target = world.built("1", &[("a", &["version=1"])]);
    let linked = |session: &mut Session<'_>| {
        session.symlink = true;
        let objects = kept(&world.setup, &target);
        install_objects(session, &target, &objects, &world.kernel(), &config(&["a"]), &Placement::default()).map(drop)
    };
    world.session(linked).0.unwrap();
    let place = PathBuf::from(format!("{PLACE}/a.ko"));
    let object = world.setup.layout.objects(&target).join("a.ko");
    assert_eq!(world.setup.root.read_link(&place).unwrap(), object);
    let (done, _) = world.uninstall(&target);
    assert_eq!(done.removed, [place]);
    assert!(world.setup.root.exists(&object));
}

#[test]
fn directories_of_a_red_hat_kernel_stay() {
    let mut world = World::new();
    world.setup.distribution = crate::setup::distribution::Distribution::parse("ID=fedora");
    world.setup.root.writable().create_dir_all(&Path::new(I).join("extra")).unwrap();
    let before = world.tree(I);
    let target = world.built("1", &[("a", &[])]);
    world.install(&target);
    assert!(world.exists(&format!("{I}/extra/a.ko")));
    world.uninstall(&target);
    assert_eq!(world.tree(I), before);
}
