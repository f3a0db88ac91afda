//! One version in the place of another one, of ours or of the original's.

use super::*;

#[test]
fn another_version_takes_over_and_nothing_of_the_old_one_stays() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), "the kernel's own");
    let old = world.built("1", &[("a", &["version=1"]), ("gone", &["version=1"])]);
    let new = world.built("2", &[("a", &["version=2"]), ("b", &["version=2"])]);
    world.install(&old);
    let installed = world.install(&new);
    assert_eq!((installed.replaced.as_deref(), world.active().as_deref()), (Some("1"), Some("2")));
    let names: Vec<_> = world.tree(PLACE).into_keys().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.ko", "b.ko"]);
    assert!(!world.setup.root.exists(&world.setup.layout.manifest(&old)));
    assert!(
        !world.setup.root.exists(&world.setup.layout.originals("m", &new.kernel).join("gone.ko")),
        "ours is no original"
    );
    world.uninstall(&new);
    assert_eq!(world.setup.root.read(Path::new(&format!("{I}/kernel/drivers/a.ko"))).unwrap(), b"the kernel's own");
    assert!(!world.exists(PLACE));
}

#[test]
fn an_older_version_does_not_take_over_by_itself() {
    let world = World::new();
    let new = world.built("2", &[("a", &["version=2"])]);
    let old = world.built("1", &[("a", &["version=1"])]);
    world.install(&new);
    let before = world.tree("/lib");
    assert!(world.try_install(&old, &config(&["a"]), &Placement::default()).is_err());
    assert_eq!((world.tree("/lib"), world.active().as_deref()), (before, Some("2")));
    let overrides = Overrides { force: true, ..Overrides::default() };
    let placement = Placement { overrides, ..Placement::default() };
    world.try_install(&old, &config(&["a"]), &placement).unwrap();
    assert_eq!(world.active().as_deref(), Some("1"));
}

#[test]
fn a_refused_module_of_the_old_version_passes_to_the_new_one() {
    let world = World::new();
    let old = world.built("1", &[("a", &["version=5"]), ("b", &["version=1"])]);
    let new = world.built("2", &[("a", &["version=4"]), ("b", &["version=2"])]);
    world.install(&old);
    let installed = world.install(&new);
    assert_eq!(installed.refused.len(), 1);
    assert!(world.exists(&format!("{PLACE}/a.ko")), "the working module stays");
    world.uninstall(&new);
    assert!(!world.exists(PLACE));
}

#[test]
fn an_installation_of_the_original_is_taken_over() {
    let world = World::new();
    let old = world.built("1", &[("a", &["version=1"])]);
    let object = world.setup.layout.objects(&old).join("a.ko");
    let content = world.setup.root.read(&object).unwrap();
    testing::write(&world.setup, &format!("{PLACE}/a.ko"), content);
    world
        .setup
        .root
        .writable()
        .symlink(Path::new("1/6.1.0-9-amd64/x86_64"), &world.setup.layout.active_link("m", &old.kernel))
        .unwrap();
    let new = world.built("2", &[("b", &["version=2"])]);
    world.install(&new);
    assert!(!world.exists(&format!("{PLACE}/a.ko")) && world.exists(&format!("{PLACE}/b.ko")));
}

#[test]
fn an_installation_of_the_original_is_removed_by_version_too() {
    let world = World::new();
    let target = world.built("1", &[("a", &["version=1"])]);
    testing::write(&world.setup, &format!("{PLACE}/a.ko"), module(X86_64, &["version=1", "license=GPL"]));
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), module(X86_64, &["version=0"]));
    world
        .setup
        .root
        .writable()
        .symlink(Path::new("1/6.1.0-9-amd64/x86_64"), &world.setup.layout.active_link("m", &target.kernel))
        .unwrap();
    let (done, _) = world.uninstall(&target);
    assert_eq!(done.removed, [PathBuf::from(format!("{PLACE}/a.ko"))]);
    assert!(world.exists(&format!("{I}/kernel/drivers/a.ko")));
}
