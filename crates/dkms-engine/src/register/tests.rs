//! Adding, importing and forgetting in an empty root.

use std::path::Path;

use super::*;
use crate::error::Error;
use crate::facts::Registration;
use crate::facts::kernel::Kernel;
use crate::facts::tree::registration;
use crate::install::Session;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::tree_copy::is_same_tree;
use crate::target::{KernelId, ModuleId, Target};
use crate::testing::{self, write};

const CONF: &str = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=m\nDEST_MODULE_LOCATION=/extra\n";

struct World {
    _directory: tempfile::TempDir,
    setup: Setup,
    guard: Guard,
}

impl World {
    fn new() -> Self {
        let (directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        Self { _directory: directory, setup, guard }
    }

    fn session<T>(&self, act: impl FnOnce(&mut Session<'_>, &Kernel) -> T) -> T {
        let mut listener = |_| {};
        let kernel = Kernel::gather(&self.setup, &KernelId::new("6.1.0", "x86_64").unwrap()).unwrap();
        act(&mut Session::new(&self.setup, &self.guard, &mut listener), &kernel)
    }

    fn add(&self) -> Result<Added, Error> {
        self.session(|session, kernel| add(session, &id(), kernel, None))
    }

    fn import(&self, path: &str, force: bool) -> Result<Imported, Error> {
        self.session(|session, kernel| import(session, Path::new(path), kernel, force))
    }

    fn exists(&self, path: &str) -> bool {
        self.setup.root.link_meta(Path::new(path)).is_some()
    }
}

fn id() -> ModuleId {
    ModuleId::new("m", "1").unwrap()
}

#[test]
fn added_once() {
    let world = World::new();
    assert!(matches!(world.add(), Err(Error::SourceMissing { .. })));
    world.setup.root.writable().create_dir_all(Path::new("/usr/src/m-1")).unwrap();
    assert!(matches!(world.add(), Err(Error::ConfMissing { .. })));
    write(&world.setup, "/usr/src/m-1/dkms.conf", "PACKAGE_NAME=m\n");
    assert!(matches!(world.add(), Err(Error::Conf { .. })));
    assert!(!world.exists("/var/lib/dkms/m"), "nothing of a failed add stays");
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    assert_eq!(world.add().unwrap().config.records.len(), 1);
    assert_eq!(
        world.setup.root.read_link(&world.setup.layout.source_link(&id())).unwrap(),
        Path::new("/usr/src/m-1"),
        "absolute"
    );
    assert!(world.setup.root.is_dir(&world.setup.layout.build(&id())));
    assert!(matches!(world.add(), Err(Error::AlreadyAdded { .. })));
}

#[test]
fn a_broken_registration_is_mended() {
    let world = World::new();
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    world.setup.root.writable().remove_file(&world.setup.layout.source_link(&id())).unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Broken));
    world.add().unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Added));
}

#[test]
fn a_registration_of_binaries_becomes_one_with_source() {
    let world = World::new();
    write(&world.setup, "/tmp/dkms.conf", CONF);
    world.session(|session, _| register_binaries(session, &id(), Path::new("/tmp/dkms.conf"))).unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::BinariesOnly));
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Added));
}

#[test]
fn a_directory_replaces_the_source_and_is_not_merged_with_it() {
    let world = World::new();
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    write(&world.setup, "/usr/src/m-1/stale.c", "of long ago");
    write(&world.setup, "/home/m/dkms.conf", CONF);
    write(&world.setup, "/home/m/src/new.c", "new");
    world.setup.root.writable().set_mode(Path::new("/home/m/src/new.c"), 0o666).unwrap();
    world.setup.root.writable().symlink(Path::new("src/new.c"), Path::new("/home/m/link.c")).unwrap();
    let imported = world.import("/home/m/dkms.conf", false).unwrap();
    assert!(imported.copied && !imported.registered);
    assert!(!world.exists("/usr/src/m-1/stale.c"));
    assert!(is_same_tree(&world.setup.root, Path::new("/home/m"), Path::new("/usr/src/m-1")).unwrap());
    assert_eq!(world.setup.root.meta(Path::new("/usr/src/m-1/src/new.c")).unwrap().mode, 0o644);
    assert_eq!(world.setup.root.list(Path::new("/usr/src")).unwrap().len(), 1, "nothing staged stays");
}

#[test]
fn a_registered_source_is_replaced_by_force_only() {
    let world = World::new();
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    write(&world.setup, "/home/m/dkms.conf", CONF);
    let same = world.import("/home/m", false).unwrap();
    assert!(same.registered && !same.copied, "the same source once more is no conflict");
    write(&world.setup, "/home/m/m.c", "other");
    assert!(matches!(world.import("/home/m", false), Err(Error::AlreadyAdded { .. })));
    assert!(!world.exists("/usr/src/m-1/m.c"));
    assert!(world.import("/home/m", true).unwrap().copied);
    assert!(world.exists("/usr/src/m-1/m.c"));
}

#[test]
fn force_never_deletes_what_it_is_given() {
    let world = World::new();
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    for path in ["/usr/src/m-1", "/usr/src/m-1/", "/var/lib/dkms/m/1/source"] {
        assert!(!world.import(path, true).unwrap().copied, "{path}");
    }
    assert!(world.exists("/usr/src/m-1/dkms.conf"));
}

#[test]
fn what_cannot_be_imported_changes_nothing() {
    let world = World::new();
    write(&world.setup, "/home/plain/file", "");
    assert!(matches!(world.import("/home/plain", false), Err(Error::NoModuleSource { .. })));
    assert!(matches!(world.import("/home/none", false), Err(Error::NoModuleSource { .. })));
    write(&world.setup, "/home/bad/dkms.conf", CONF.replace("PACKAGE_VERSION=1", "PACKAGE_VERSION=../1"));
    assert!(matches!(world.import("/home/bad", false), Err(Error::NameInvalid(_))));
    write(&world.setup, "/usr/dkms.conf", CONF);
    assert!(world.import("/usr", false).is_err(), "would be copied into itself");
    assert!(!world.exists("/usr/src"));
}

#[test]
fn forgetting_takes_what_it_knows_and_reports_the_rest() {
    let world = World::new();
    let tree = "/var/lib/dkms/m/1";
    let root = &world.setup.root;
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    let target = Target::new(id(), KernelId::new("6.1.0", "x86_64").unwrap());
    write(&world.setup, &format!("{tree}/6.1.0/x86_64/module/m.ko"), "");
    write(&world.setup, &format!("{tree}/6.1.0/x86_64/log/make.log"), "");
    write(&world.setup, &format!("{tree}/6.5.0/.tmp_x86_64_ABCDEF/module/m.ko"), "");
    write(&world.setup, &format!("{tree}/6.6.0/x86_64/log/make.log"), "");
    write(&world.setup, &format!("{tree}/tarball/m-1-source-only.dkms.tar.gz"), "");
    assert_eq!(deregister(&world.setup, &world.guard, &id()).unwrap(), [""; 0].map(std::path::PathBuf::from));
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Added), "a build keeps it");
    assert!(!world.exists(&format!("{tree}/6.5.0")) && !world.exists(&format!("{tree}/6.6.0")));

    unbuild(&world.setup, &world.guard, &target).unwrap();
    assert!(!world.exists(&format!("{tree}/6.1.0")));
    unbuild(&world.setup, &world.guard, &target).unwrap();
    write(&world.setup, &format!("{tree}/notes.txt"), "mine");
    write(&world.setup, &format!("{tree}/thesis/chapter1.tex"), "mine");
    write(&world.setup, &format!("{tree}/tarball/thesis.tex"), "mine");
    let left = deregister(&world.setup, &world.guard, &id()).unwrap();
    let kept = ["notes.txt", "thesis/chapter1.tex", "tarball/thesis.tex"].map(|name| Path::new(tree).join(name));
    assert_eq!(left, kept);
    assert!(kept.iter().all(|path| root.is_file(path)));
    assert_eq!(root.list(Path::new(tree)).unwrap().len(), 3);
    assert!(world.exists("/usr/src/m-1/dkms.conf"));
}

#[test]
fn nothing_stays_of_a_clean_version() {
    let world = World::new();
    write(&world.setup, "/usr/src/m-1/dkms.conf", CONF);
    world.add().unwrap();
    write(&world.setup, "/var/lib/dkms/m/1/build/make.log", "");
    assert!(deregister(&world.setup, &world.guard, &id()).unwrap().is_empty());
    assert!(!world.exists("/var/lib/dkms/m") && world.exists("/var/lib/dkms/.dkms-rs/lock"));
}

#[test]
fn the_log_of_a_failure_is_where_people_look() {
    let world = World::new();
    write(&world.setup, "/var/lib/dkms/.dkms-rs/failed/m/1/k/a/make.log", "error");
    let log = Path::new("/var/lib/dkms/.dkms-rs/failed/m/1/k/a/make.log");
    link_failed_log(&world.setup, &world.guard, &id(), log).unwrap();
    assert_eq!(world.setup.root.read(Path::new("/var/lib/dkms/m/1/build/make.log")).unwrap(), b"error");
}
