//! What is not installed, and the kernel's directory that stays as it was.

use super::*;

#[test]
fn a_newer_module_keeps_ours_out_until_somebody_insists() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), module(X86_64, &["version=2"]));
    let target = world.built("1", &[("a", &["version=1"]), ("b", &["version=1"])]);
    let before = world.tree(I);
    let alone = world.try_install(&target, &config(&["a"]), InstallOptions::default());
    assert!(matches!(alone, Err(Error::InstallRefused { ref reasons, .. }) if reasons[0].contains("version 2")));
    assert_eq!((world.tree(I), world.active()), (before, None));

    let partly = world.try_install(&target, &config(&["a", "b"]), InstallOptions::default()).unwrap();
    assert_eq!((partly.files.len(), partly.refused.len()), (1, 1));
    let manifest: Manifest = record::load(&world.setup.root, &world.setup.layout.manifest(&target)).unwrap();
    assert_eq!(manifest.refused[0].name, "a");

    let options = InstallOptions { version_override: true, ..InstallOptions::default() };
    assert_eq!(world.try_install(&target, &config(&["a", "b"]), options).unwrap().files.len(), 2);
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
    let refused = world.try_install(&target, &config(&["a"]), InstallOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("kernel/drivers/a.ko"), "{refused}");
}

#[test]
fn lists_of_the_distribution_force() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), module(X86_64, &["version=2"]));
    let target = world.built("1", &[("a", &["version=1"])]);
    testing::write(&world.setup, "/usr/share/dkms/modules_to_force_install/x", "other\n  m_version-override mm\n");
    world.install(&target);
}

#[test]
fn what_the_kernel_has_itself_by_now() {
    let world = World::new();
    let target = world.built("1", &[("a", &["version=1"])]);
    let obsolete = ModuleConfig { obsolete_by: Some("6.0".into()), ..config(&["a"]) };
    assert!(matches!(
        world.try_install(&target, &obsolete, InstallOptions::default()),
        Err(Error::InstallRefused { .. })
    ));
}

#[test]
fn a_kept_object_is_missing() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    let result = world.try_install(&target, &config(&["a", "b"]), InstallOptions::default());
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
    let result = world.try_install(&target, &config, InstallOptions::default());
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
        let error = world.try_install(&built, &config(&["a"]), InstallOptions::default()).unwrap_err().to_string();
        assert!(error.contains("updates` is a link to `") && error.contains(target), "{error}");
        assert!(root.list(Path::new("/etc")).unwrap().is_empty() && !world.exists(PLACE));
    }
}

#[test]
fn no_kernel_no_installation() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    world.setup.root.writable().remove_tree(Path::new(I)).unwrap();
    let result = world.try_install(&target, &config(&["a"]), InstallOptions::default());
    assert!(matches!(result, Err(Error::KernelMissing { .. })));
    assert!(!world.exists(I));
}
