//! An installation or a removal that was cut off, recovered from its journal.

use super::*;
use crate::record::FileRecord;

/// The installation that `install` would do, as it is written down before anything happens.
fn begun(world: &World, target: &Target, names: &[&str]) -> Transaction {
    let transaction = world
        .session(|session| {
            let (config, kernel) = (config(names), world.kernel());
            let objects = kept(&world.setup, target);
            let placement = Placement::default();
            let chosen = choose::chosen(target, &objects, &config, &placement).unwrap();
            choose::transaction(session, target, &chosen, &kernel, &config, &placement).unwrap()
        })
        .0;
    world.session(|session| journal::store(session, &Journal::Installing(transaction.clone()))).0.unwrap();
    transaction
}

/// Cut off at every step, then recovered: the same as if nothing had happened.
#[test]
fn an_installation_that_was_cut_off_is_finished() {
    let expected = {
        let world = upgraded();
        world.install(&target_of("2"));
        outcome(&world)
    };
    for steps in 0_usize..6 {
        let world = upgraded();
        let transaction = begun(&world, &target_of("2"), &["a", "b"]);
        let root = world.guard.root();
        if steps > 0 {
            transaction.displaced.iter().for_each(|displaced| displaced.archive(root).unwrap());
        }
        for file in transaction.files.iter().take(steps.saturating_sub(1)) {
            let object = placed::object_of(&world.setup.layout, &transaction.target, &file.path);
            crate::system::staged::Staged::copy(root, &object, &file.path, 0o644).unwrap().publish().unwrap();
        }
        if steps > 3 {
            world.session(|session| placement::make_active(session, &transaction.target)).0.unwrap();
        }
        if steps > 4 {
            transaction.displaced.iter().for_each(|displaced| assert!(displaced.remove(root).unwrap()));
        }
        testing::write(&world.setup, &format!("{PLACE}/.dkms-rs-staged-999999999-1"), "half a module");
        let (recovered, events) = world.session(|session| recover(session, &target_of("2")));
        assert!(recovered.unwrap());
        assert!(events.contains(&InstallEvent::Recovered { target: target_of("2"), finished: true }));
        assert_eq!(outcome(&world), expected, "after {steps} steps");
    }
}

#[test]
fn an_installation_whose_objects_are_gone_is_taken_back() {
    for published in [false, true] {
        let world = upgraded();
        let before = outcome(&world);
        let target = target_of("2");
        let transaction = begun(&world, &target, &["a", "b"]);
        if published {
            world.session(|session| transaction.carry_out(session)).0.unwrap();
        }
        let object = world.setup.layout.objects(&target).join("b.ko");
        testing::write(&world.setup, object.to_str().unwrap(), "built anew");
        let (_, events) = world.session(|session| recover(session, &target).unwrap());
        assert!(events.contains(&InstallEvent::Recovered { target: target.clone(), finished: false }));
        assert_eq!(outcome(&world), before, "published: {published}");
    }
}

#[test]
fn a_removal_that_was_cut_off_is_finished() {
    for removed in 0..3 {
        let world = upgraded();
        let target = target_of("1");
        let manifest: Manifest = record::load(&world.setup.root, &world.setup.layout.manifest(&target)).unwrap();
        let removal = Removal {
            format: Format,
            target: target.clone(),
            kernel_directory: I.into(),
            files: manifest.files.clone(),
        };
        world.session(|session| journal::store(session, &Journal::Removing(removal))).0.unwrap();
        for file in manifest.files.iter().take(removed) {
            world.setup.root.writable().remove_file(&file.path).unwrap();
        }
        assert!(world.session(|session| recover(session, &target)).0.unwrap());
        assert_eq!(world.active(), None);
        assert!(!world.exists(PLACE));
        assert_eq!(world.setup.root.read(Path::new(&format!("{I}/kernel/drivers/b.ko"))).unwrap(), b"b of the kernel");
    }
}

#[test]
fn a_journal_that_cannot_be_read_blocks_nothing() {
    let world = upgraded();
    let journal = world.setup.layout.journal(&target_of("2"));
    testing::write(&world.setup, journal.to_str().unwrap(), "{\"installing\": {");
    world.install(&target_of("2"));
    assert_eq!(world.active().as_deref(), Some("2"));
}

/// Version 1 installed, version 2 built; both displace something.
fn upgraded() -> World {
    let world = World::new();
    testing::write(&world.setup, &format!("{I}/kernel/drivers/a.ko"), "a of the kernel");
    testing::write(&world.setup, &format!("{I}/kernel/drivers/b.ko"), "b of the kernel");
    let old = world.built("1", &[("a", &["version=1"]), ("old", &["version=1"])]);
    world.built("2", &[("a", &["version=2"]), ("b", &["version=2"])]);
    world.install(&old);
    world
}

fn target_of(version: &str) -> Target {
    Target::new(ModuleId::new("m", version).unwrap(), KernelId::new(K, "x86_64").unwrap())
}

/// Everything that counts afterwards: the kernel's directory, the archive, the link.
fn outcome(world: &World) -> (Tree, Tree, Option<String>) {
    (world.tree(I), world.tree("/var/lib/dkms/m/original_module"), world.active())
}

#[test]
fn a_full_disk_changes_nothing() {
    let world = upgraded();
    let before = outcome(&world);
    let target = target_of("2");
    let mut transaction = begun(&world, &target, &["a", "b"]);
    // What does not fit looks like an object whose copy is not what it should be.
    transaction.files[1].content = FileRecord { sha256: "0".into(), ..transaction.files[1].content.clone() };
    let (result, _) = world.session(|session| transaction.run(session));
    assert!(result.is_err());
    assert_eq!(outcome(&world), before);
    assert!(!crate::facts::condition::is_half_done(&world.setup, &target));
}
