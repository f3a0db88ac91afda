//! Installing and removing in an empty root, with modules that are nothing but a description of themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dkms_conf::module_config::{ModuleConfig, Record, Scripts};

use super::journal::Journal;
use super::journal::Removal;
use super::*;
use crate::module_file::info::tests::module;
use crate::record::{self, FileRecord, Format, Manifest};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::{KernelId, ModuleId};
use crate::testing;

mod takeover;
mod weak_links;

const K: &str = "6.1.0-9-amd64";
const I: &str = "/lib/modules/6.1.0-9-amd64";
const PLACE: &str = "/lib/modules/6.1.0-9-amd64/updates/dkms";
const X86_64: object::elf::Machine = object::elf::EM_X86_64;

/// Paths and contents.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A root with one kernel.
struct World {
    _directory: tempfile::TempDir,
    setup: Setup,
    guard: Guard,
}

impl World {
    fn new() -> Self {
        let (directory, setup) = testing::setup();
        setup.root.writable().create_dir_all(&Path::new(I).join("kernel/drivers")).unwrap();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        Self { _directory: directory, setup, guard }
    }

    /// Builds version `version` of `m`, each object with the given `.modinfo`.
    fn built(&self, version: &str, objects: &[(&str, &[&str])]) -> Target {
        let target = Target::new(ModuleId::new("m", version).unwrap(), KernelId::new(K, "x86_64").unwrap());
        for (name, fields) in objects {
            let path = self.setup.layout.objects(&target).join(format!("{name}.ko"));
            testing::write(&self.setup, path.to_str().unwrap(), module(X86_64, fields));
        }
        target
    }

    fn kernel(&self) -> Kernel {
        Kernel::gather(&self.setup, &KernelId::new(K, "x86_64").unwrap()).unwrap()
    }

    fn session<T>(&self, act: impl FnOnce(&mut Session<'_>) -> T) -> (T, Vec<InstallEvent>) {
        let mut events = Vec::new();
        let mut listener = |event| events.push(event);
        let mut session = Session::new(&self.setup, &self.guard, &mut listener);
        let result = act(&mut session);
        (result, events)
    }

    fn try_install(&self, target: &Target, config: &ModuleConfig, options: InstallOptions) -> Result<Installed, Error> {
        self.session(|session| {
            let objects = kept(&self.setup, target);
            install_objects(session, target, &objects, &self.kernel(), config, &Claim::default(), options)
        })
        .0
    }

    fn install(&self, target: &Target) -> Installed {
        let names: Vec<String> = kept(&self.setup, target).into_iter().map(|(name, _)| name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.try_install(target, &config(&names), InstallOptions::default()).unwrap()
    }

    fn uninstall(&self, target: &Target) -> (Uninstalled, Vec<InstallEvent>) {
        let (result, events) = self.session(|session| uninstall(session, target, None));
        (result.unwrap(), events)
    }

    /// Every file and link below a directory, with its content or target.
    fn tree(&self, below: &str) -> Tree {
        let mut found = BTreeMap::new();
        walk(&self.setup.root, Path::new(below), &mut found);
        found
    }

    fn active(&self) -> Option<String> {
        let kernel = KernelId::new(K, "x86_64").unwrap();
        placed::active_version(&self.setup.root, &self.setup.layout, "m", &kernel).map(|module| module.version)
    }

    fn exists(&self, path: &str) -> bool {
        self.setup.root.link_meta(Path::new(path)).is_some()
    }
}

fn walk(root: &crate::system::root::Root, directory: &Path, found: &mut Tree) {
    for (name, kind) in root.list(directory).unwrap() {
        let path = directory.join(name);
        match kind {
            crate::system::root::Kind::Directory => {
                found.insert(path.clone(), Vec::new());
                walk(root, &path, found);
            }
            crate::system::root::Kind::Link => {
                let text = root.read_link(&path).unwrap().into_os_string().into_encoded_bytes();
                found.insert(path, text);
            }
            _ => {
                let content = root.read(&path).unwrap();
                found.insert(path, content);
            }
        }
    }
}

fn kept(setup: &Setup, target: &Target) -> Vec<(String, PathBuf)> {
    let objects = setup.layout.objects(target);
    let files = setup.root.list(&objects).unwrap().into_iter();
    files
        .map(|(file, _)| (file.to_str().unwrap().split(".ko").next().unwrap().to_owned(), objects.join(&file)))
        .collect()
}

fn config(names: &[&str]) -> ModuleConfig {
    let record = |name: &&str| Record {
        built_name: (*name).into(),
        built_location: String::new(),
        dest_name: (*name).into(),
        dest_location: "/kernel/drivers".into(),
        strip: true,
    };
    ModuleConfig {
        package_name: "m".into(),
        package_version: "1".into(),
        records: names.iter().map(record).collect(),
        make: BTreeMap::new(),
        patches: Vec::new(),
        scripts: Scripts::default(),
        build_depends: Vec::new(),
        build_depends_rebuild: false,
        exclusive: BTreeMap::new(),
        obsolete_by: None,
        autoinstall: false,
        no_weak_modules: false,
        exported: Vec::new(),
    }
}

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
    testing::write(&world.setup, &format!("{PLACE}/a.ko"), "somebody's");
    let target = world.built("1", &[("a", &["version=1"])]);
    world.install(&target);
    assert_ne!(world.setup.root.read(Path::new(&format!("{PLACE}/a.ko"))).unwrap(), b"somebody's");
    let (done, _) = world.uninstall(&target);
    assert_eq!(world.setup.root.read(Path::new(&format!("{PLACE}/a.ko"))).unwrap(), b"somebody's");
    assert!(done.removed.is_empty(), "replaced in one step, not removed first");
}

#[test]
fn exactly_the_recorded_files_are_removed() {
    let world = World::new();
    let target = world.built("1", &[("a", &["version=1"]), ("b", &["version=1"])]);
    world.install(&target);
    testing::write(&world.setup, &format!("{PLACE}/a.ko.bak"), "mine");
    testing::write(&world.setup, &format!("{PLACE}/a.ko.debug"), "mine");
    testing::write(&world.setup, &format!("{PLACE}/b.ko"), "signed by somebody else");
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
    let options = InstallOptions { symlink: true, ..InstallOptions::default() };
    world.try_install(&target, &config(&["a"]), options).unwrap();
    let place = PathBuf::from(format!("{PLACE}/a.ko"));
    let object = world.setup.layout.objects(&target).join("a.ko");
    assert_eq!(world.setup.root.read_link(&place).unwrap(), object);
    let (done, _) = world.uninstall(&target);
    assert_eq!(done.removed, [place]);
    assert!(world.setup.root.exists(&object));
}

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
    assert!(world.try_install(&old, &config(&["a"]), InstallOptions::default()).is_err());
    assert_eq!((world.tree("/lib"), world.active().as_deref()), (before, Some("2")));
    let options = InstallOptions { force: true, ..InstallOptions::default() };
    world.try_install(&old, &config(&["a"]), options).unwrap();
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
            &Claim::default(),
            InstallOptions::default(),
        )
        .unwrap();
        assert_eq!(session.changed_kernels().collect::<Vec<_>>(), [K]);
        depmod(session, K)
    });
    result.unwrap();
    assert!(events.contains(&InstallEvent::DepmodLeftOut { release: K.into() }));
    assert!(!world.setup.root.exists(&world.setup.layout.depmod_pending(K)));
}

/// The installation that `install` would do, as it is written down before anything happens.
fn begun(world: &World, target: &Target, names: &[&str]) -> Transaction {
    let transaction = world
        .session(|session| {
            let (config, kernel) = (config(names), world.kernel());
            let objects = kept(&world.setup, target);
            let chosen = choose::chosen(target, &objects, &kernel, &config).unwrap();
            choose::transaction(
                session,
                target,
                &chosen,
                &kernel,
                &config,
                &Claim::default(),
                InstallOptions::default(),
            )
            .unwrap()
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

#[test]
fn no_kernel_no_installation() {
    let world = World::new();
    let target = world.built("1", &[("a", &[])]);
    world.setup.root.writable().remove_tree(Path::new(I)).unwrap();
    let result = world.try_install(&target, &config(&["a"]), InstallOptions::default());
    assert!(matches!(result, Err(Error::KernelMissing { .. })));
    assert!(!world.exists(I));
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
