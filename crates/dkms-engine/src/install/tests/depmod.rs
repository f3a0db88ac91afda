//! depmod after an installation: where it fails, and where it is left to the kernel's own.

use super::*;

#[test]
fn depmod_failed() {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), "the kernel's own");
    let old = world.built("1", &[("a", &["version=1"]), ("c", &["version=1"])]);
    world.install(&old);
    let before = world.tree("/lib");
    let new = world.built("2", &[("a", &["version=2"]), ("b", &["version=2"])]);
    let installed = world.install(&new);
    let (result, _) = world.session(|session| depmod(session, K));
    assert!(matches!(result, Err(Error::Depmod { .. })), "there is no depmod in this root");
    world.session(|session| roll_back(session, &installed));
    assert_eq!((world.tree("/lib"), world.active().as_deref()), (before, Some("1")));
    world.uninstall(&old);
    assert_eq!(world.tree(I).len(), 3, "kernel, drivers and the module");
}

#[test]
fn depmod_is_left_to_a_kernel_that_is_not_there_yet() {
    let world = World::new();
    world.setup.root.writable().remove_tree(&Path::new(I).join("kernel")).unwrap();
    let target = world.built("1", &[("a", &["version=1"])]);
    let (result, events) = world.session(|session| {
        install_objects(
            session,
            &target,
            &kept(&world.setup, &target),
            &world.kernel(),
            &config(&["a"]),
            &Placement::default(),
        )
        .unwrap();
        assert_eq!(session.changed_kernels().collect::<Vec<_>>(), [K]);
        depmod(session, K)
    });
    result.unwrap();
    assert!(events.contains(&InstallEvent::DepmodLeftOut { release: K.into() }));
    assert!(!world.setup.root.exists(&world.setup.layout.depmod_pending(K)));
}
