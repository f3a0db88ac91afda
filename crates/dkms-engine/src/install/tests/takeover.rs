//! Several modules that build an object of the same name: whichever comes and goes first, what the kernel had survives.

use super::*;
use crate::plan::{Rule, Yielded};

/// The kernel's own modules, at places of their own and at the place of ours.
const OWN: [&str; 3] = ["kernel/drivers/x.ko", "updates/dkms/x.ko", "kernel/drivers/y.ko"];

impl World {
    /// A build of `name` with these objects, none of which says a version.
    fn other(&self, name: &str, objects: &[&str]) -> Target {
        let target = Target::new(ModuleId::new(name, "1").unwrap(), KernelId::new(K, "x86_64").unwrap());
        for object in objects {
            let path = self.setup.layout.objects(&target).join(format!("{object}.ko"));
            let said = format!("srcversion={name}{object}");
            testing::write(&self.setup, path.to_str().unwrap(), module(X86_64, &[said.as_str()]));
        }
        target
    }

    fn claim(&self, target: &Target, placement: &Placement) -> Result<Installed, Error> {
        let objects = kept(&self.setup, target);
        let names: Vec<&str> = objects.iter().map(|(name, _)| name.as_str()).collect();
        let config = config(&names);
        let act =
            |session: &mut Session<'_>| install_objects(session, target, &objects, &self.kernel(), &config, placement);
        self.session(act).0
    }

    fn owns(&self) {
        for inner in OWN {
            testing::write(&self.setup, &format!("{I}/{inner}"), module(X86_64, &["srcversion=kernel", inner]));
        }
    }

    fn is_active(&self, target: &Target) -> bool {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        placed::active_version(root, layout, &target.module.name, &target.kernel).as_ref() == Some(&target.module)
    }

    fn content(&self, target: &Target, object: &str) -> Vec<u8> {
        self.setup.root.read(&self.setup.layout.objects(target).join(format!("{object}.ko"))).unwrap()
    }

    fn placed(&self, object: &str) -> Option<Vec<u8>> {
        self.setup.root.read(&Path::new(PLACE).join(format!("{object}.ko"))).ok()
    }

    fn manifest(&self, target: &Target) -> Option<Manifest> {
        record::load(&self.setup.root, &self.setup.layout.manifest(target))
    }
}

fn chosen(order: u64) -> Placement {
    Placement { chosen: Some(order), ..Placement::default() }
}

fn leaves(object: &str, to: &Target) -> Placement {
    let yields = vec![Yielded { object: object.into(), to: to.module.to_string(), by: Rule::Name }];
    Placement { yields, ..Placement::default() }
}

/// What was done to whom: installed or removed.
type Move = (bool, usize);

/// Every sequence of `length` moves of two modules: what is not installed is not removed, and nothing is installed twice in
/// a row.
fn sequences(length: usize) -> Vec<Vec<Move>> {
    let is_possible = |before: &[Move], next: &Move| {
        let last = before.iter().rev().find(|(_, which)| *which == next.1).is_some_and(|(installs, _)| *installs);
        if next.0 { before.last() != Some(next) } else { last }
    };
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let moves = [(true, 0), (true, 1), (false, 0), (false, 1)];
        let possible =
            |before: &Vec<Move>| moves.into_iter().filter(|next| is_possible(before, next)).collect::<Vec<_>>();
        let longer = |before: &Vec<Move>| {
            possible(before).into_iter().map(|next| [before.as_slice(), &[next]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn what_the_kernel_had_survives_every_order() {
    for sequence in sequences(4) {
        let world = World::new();
        world.owns();
        let before = world.tree(I);
        let both = [world.other("one", &["x", "y"]), world.other("two", &["x", "z"])];
        for (installs, which) in &sequence {
            if *installs {
                world.claim(&both[*which], &chosen(1)).unwrap();
                assert_eq!(world.placed("x"), Some(world.content(&both[*which], "x")), "{sequence:?}");
            } else {
                world.uninstall(&both[*which]);
            }
        }
        for target in &both {
            world.uninstall(target);
            assert!(!world.is_active(target), "{sequence:?}");
        }
        assert_eq!(world.tree(I), before, "{sequence:?}");
        let left: Vec<_> = world.tree("/var/lib/dkms").into_keys().collect();
        assert!(!left.iter().any(|path| path.to_string_lossy().contains("original_module")), "{sequence:?}: {left:?}");
    }
}

#[test]
fn the_one_that_loses_keeps_the_rest() {
    let world = World::new();
    let (one, two) = (world.other("one", &["x", "y"]), world.other("two", &["x"]));
    world.claim(&one, &Placement::default()).unwrap();
    world.claim(&two, &chosen(1)).unwrap();
    let left = world.manifest(&one).unwrap();
    assert_eq!(left.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["y"]);
    assert_eq!(left.refused[0].owner.as_ref(), Some(&two.module));
    assert_eq!((left.chosen, world.manifest(&two).unwrap().chosen), (None, Some(1)));
    assert!(world.is_active(&one) && world.is_active(&two));
    // Taken back, and then nothing is left of the other one.
    world.claim(&one, &chosen(2)).unwrap();
    assert_eq!(world.manifest(&one).unwrap().chosen, Some(2));
    assert!(!world.is_active(&two) && world.manifest(&two).is_none());
    assert_eq!(world.placed("x"), Some(world.content(&one, "x")));
}

#[test]
fn what_is_left_to_another_one_is_placed_only_where_that_has_nothing() {
    let world = World::new();
    let (one, two) = (world.other("one", &["x", "y"]), world.other("two", &["x"]));
    world.claim(&one, &leaves("x", &two)).unwrap();
    assert_eq!(world.placed("x"), Some(world.content(&one, "x")), "the other one is not there");
    world.claim(&two, &Placement::default()).unwrap();
    world.claim(&one, &leaves("x", &two)).unwrap();
    assert_eq!(world.placed("x"), Some(world.content(&two, "x")));
    assert_eq!(world.manifest(&one).unwrap().refused[0].owner.as_ref(), Some(&two.module));
    let held = |to: &Target| world.session(|session| held(session, &one, &leaves("x", to).yields)).0;
    assert_eq!(held(&two), ["x".to_owned()].into());
    assert!(held(&world.other("three", &["x"])).is_empty(), "that one is only built");
}

#[test]
fn an_installation_that_is_taken_back_gives_back_what_it_took() {
    let world = World::new();
    world.owns();
    let (one, two) = (world.other("one", &["x", "y"]), world.other("two", &["x"]));
    world.claim(&one, &Placement::default()).unwrap();
    let (kernel, tree) = (world.tree(I), world.tree("/var/lib/dkms/one"));
    let installed = world.claim(&two, &chosen(1)).unwrap();
    world.session(|session| roll_back(session, &installed));
    assert_eq!((world.tree(I), world.tree("/var/lib/dkms/one")), (kernel, tree));
    assert!(world.is_active(&one) && !world.is_active(&two));
}

#[test]
fn copies_that_the_original_archived_of_ours_are_none_of_the_kernels() {
    let world = World::new();
    let (one, two) = (world.other("one", &["x"]), world.other("two", &["x"]));
    world.claim(&two, &Placement::default()).unwrap();
    // As the original leaves it: both count as installed, the first one's file is in the second one's archive.
    let archive = format!("/var/lib/dkms/two/original_module/{K}/x86_64");
    testing::write(&world.setup, &format!("{archive}/x.ko"), world.content(&one, "x"));
    testing::write(&world.setup, &format!("{archive}/x.ko.origin"), format!("{PLACE}/x.ko\n"));
    world.claim(&one, &Placement::default()).unwrap();
    assert!(!world.exists("/var/lib/dkms/two/original_module"));
    world.uninstall(&one);
    assert_eq!(world.placed("x"), None);
}
