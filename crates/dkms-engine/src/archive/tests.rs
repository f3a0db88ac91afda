//! Archives made and loaded in an empty root.

use std::path::{Path, PathBuf};

use super::*;
use crate::error::Error;
use crate::facts::Registration;
use crate::facts::kernel::Kernel;
use crate::facts::tree::registration;
use crate::install::Session;
use crate::register;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::{KernelId, ModuleId, Target};
use crate::testing::{self, write};

const CONF: &str = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=m\nDEST_MODULE_LOCATION=/extra\n";
const SOURCE: &str = "/usr/src/m-1";

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

    /// `m/1` added, and built for two kernels.
    fn filled() -> Self {
        let world = Self::new();
        write(&world.setup, &format!("{SOURCE}/dkms.conf"), CONF);
        write(&world.setup, &format!("{SOURCE}/src/m.c"), "code");
        world.setup.root.writable().set_mode(Path::new(SOURCE).join("src/m.c").as_path(), 0o755).unwrap();
        world.setup.root.writable().symlink(Path::new("src/m.c"), &Path::new(SOURCE).join("link.c")).unwrap();
        world.session(|session, kernel| register::add(session, &id(), kernel, None)).unwrap();
        for target in targets() {
            let built = world.setup.layout.built(&target);
            for (file, content) in [
                ("module/m.ko.xz", target.kernel.release.as_str()),
                ("module/Module.symvers", "symbols"),
                ("log/make.log", "log"),
                (".record.json", "{}"),
                (".installed.json", "{}"),
                (".dep_other", "1"),
            ] {
                write(&world.setup, built.join(file).to_str().unwrap(), content);
            }
        }
        world
    }

    fn session<T>(&self, act: impl FnOnce(&mut Session<'_>, &Kernel) -> T) -> T {
        let mut listener = |_| {};
        let kernel = Kernel::gather(&self.setup, &KernelId::new("6.1.0", "x86_64").unwrap()).unwrap();
        act(&mut Session::new(&self.setup, &self.guard, &mut listener), &kernel)
    }

    /// Makes an archive and hands its bytes over.
    fn packed(&self, contents: Contents, name: &str) -> Vec<u8> {
        let targets = targets();
        let packed = pack(&self.setup, &id(), &targets, contents, Some(Path::new(name))).unwrap();
        self.setup.root.read(&packed.path).unwrap()
    }

    fn load(&self, archive: &[u8], options: LoadOptions) -> Result<Loaded, Error> {
        write(&self.setup, "/tmp/archive", archive);
        self.session(|session, kernel| load(session, Path::new("/tmp/archive"), kernel, options))
    }

    fn content(&self, target: &Target) -> Option<String> {
        self.setup.root.read_to_string(&self.setup.layout.objects(target).join("m.ko.xz")).ok()
    }

    /// Nothing but the lock is in the tree, and no source.
    fn is_untouched(&self) -> bool {
        let tree = self.setup.root.list(&self.setup.layout.tree).unwrap();
        let state: Vec<PathBuf> = self
            .setup
            .root
            .list(&self.setup.layout.state())
            .unwrap()
            .into_iter()
            .map(|(name, _)| name.into())
            .collect();
        tree.len() == 1 && state == [PathBuf::from("lock")] && !self.setup.root.exists(Path::new("/usr/src"))
    }
}

fn id() -> ModuleId {
    ModuleId::new("m", "1").unwrap()
}

fn targets() -> [Target; 2] {
    ["6.1.0", "6.5.0"].map(|release| Target::new(id(), KernelId::new(release, "x86_64").unwrap()))
}

#[test]
fn every_kernel_and_the_source_come_back() {
    for name in ["a.tar.gz", "a.tar.xz", "a.tar.zst", "a.tar"] {
        let archive = World::filled().packed(Contents::Everything, name);
        let world = World::new();
        let Loaded::Module { module, added, loaded, skipped } = world.load(&archive, LoadOptions::default()).unwrap()
        else {
            panic!("no package of rpm");
        };
        assert_eq!(
            (module, added.is_some(), loaded.as_slice(), skipped.len()),
            (id(), true, &targets()[..], 0),
            "{name}"
        );
        for target in targets() {
            assert_eq!(world.content(&target).as_deref(), Some(target.kernel.release.as_str()));
            let built = world.setup.layout.built(&target);
            assert!(world.setup.root.is_file(&built.join("log/make.log")));
            assert!(world.setup.root.is_file(&built.join(".dep_other")));
            assert!(!world.setup.root.exists(&world.setup.layout.record(&target)), "records are about another machine");
        }
        assert_eq!(registration(&world.setup, &id()), Some(Registration::Added));
        assert_eq!(world.setup.root.meta(&Path::new(SOURCE).join("src/m.c")).unwrap().mode, 0o755);
        assert_eq!(world.setup.root.read_link(&Path::new(SOURCE).join("link.c")).unwrap(), Path::new("src/m.c"));
        assert_eq!(world.setup.root.list(&world.setup.layout.state()).unwrap().len(), 1, "nothing unpacked stays");
    }
}

#[test]
fn the_same_content_gives_the_same_archive() {
    let world = World::filled();
    assert_eq!(world.packed(Contents::Everything, "a.tar"), world.packed(Contents::Everything, "b.tar"));
}

#[test]
fn where_archives_lie() {
    let world = World::filled();
    let targets = targets();
    let packed = pack(&world.setup, &id(), &targets[..1], Contents::Everything, None).unwrap();
    assert_eq!(packed.path, Path::new("/var/lib/dkms/m/1/tarball/m-1-kernel6.1.0-x86_64.dkms.tar.gz"));
    world.setup.root.writable().create_dir_all(Path::new("/home")).unwrap();
    let packed = pack(&world.setup, &id(), &[], Contents::Source, Some(Path::new("/home/x.tar"))).unwrap();
    assert_eq!((packed.path.as_path(), packed.targets.len()), (Path::new("/home/x.tar"), 0));
    let nowhere = pack(&world.setup, &id(), &[], Contents::Source, Some(Path::new("/none/x.tar")));
    assert!(matches!(nowhere, Err(Error::ArchiveDirectory { .. })));
    let missing = Target::new(id(), KernelId::new("7.0", "x86_64").unwrap());
    let unbuilt = pack(&world.setup, &id(), &[missing], Contents::Binaries, None);
    assert!(matches!(unbuilt, Err(Error::BuildMissing { .. })));
}

#[test]
fn binaries_alone_are_registered_without_source() {
    let archive = World::filled().packed(Contents::Binaries, "a.tar.gz");
    let world = World::new();
    world.load(&archive, LoadOptions::default()).unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::BinariesOnly));
    assert!(world.content(&targets()[1]).is_some());
    assert!(!world.setup.root.exists(Path::new("/usr/src")));
    assert!(matches!(world.load(&archive, LoadOptions::default()), Err(Error::ArchiveKnown { .. })));
}

#[test]
fn binaries_with_a_source_that_is_there() {
    let archive = World::filled().packed(Contents::Binaries, "a.tar.gz");
    let world = World::new();
    write(&world.setup, &format!("{SOURCE}/dkms.conf"), CONF);
    world.load(&archive, LoadOptions::default()).unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Added));
}

#[test]
fn what_is_registered_needs_force_or_the_same_source() {
    let archive = World::filled().packed(Contents::Everything, "a.tar.gz");
    let world = World::filled();
    write(&world.setup, world.setup.layout.objects(&targets()[0]).join("m.ko.xz").to_str().unwrap(), "newer");
    assert!(matches!(world.load(&archive, LoadOptions::default()), Err(Error::ArchiveKnown { .. })));
    let same = LoadOptions { accept_same: true, ..LoadOptions::default() };
    let Loaded::Module { loaded, skipped, added, .. } = world.load(&archive, same).unwrap() else { panic!() };
    assert_eq!((loaded.len(), skipped.len(), added.is_none()), (0, 2, true));
    assert_eq!(world.content(&targets()[0]).as_deref(), Some("newer"));

    let force = LoadOptions { force: true, ..LoadOptions::default() };
    world.load(&archive, force).unwrap();
    assert_eq!(world.content(&targets()[0]).as_deref(), Some("6.1.0"));
    assert!(world.setup.root.is_file(&world.setup.layout.manifest(&targets()[0])), "what is installed stays known");
    write(&world.setup, &format!("{SOURCE}/src/m.c"), "other code");
    assert!(world.load(&archive, same).is_err());
    world.load(&archive, force).unwrap();
    assert_eq!(world.setup.root.read(&Path::new(SOURCE).join("src/m.c")).unwrap(), b"code");
}

/// One entry of an archive made by hand, with whatever name and kind; the library would refuse to write some of them.
fn entry(name: &str, kind: tar::EntryType, link: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

#[test]
fn an_archive_of_a_plain_source_tree() {
    let world = World::new();
    let file = tar::EntryType::Regular;
    let entries = [
        entry("m-1/readme", file, "", 0o666, b""),
        entry("m-1/deep/dkms.conf", file, "", 0o666, CONF.as_bytes()),
        entry("m-1/deep/m.c", file, "", 0o777, b"code"),
    ];
    world.load(&archive(&entries), LoadOptions::default()).unwrap();
    assert_eq!(registration(&world.setup, &id()), Some(Registration::Added));
    assert_eq!(world.setup.root.meta(&Path::new(SOURCE).join("dkms.conf")).unwrap().mode, 0o644);
    assert_eq!(world.setup.root.meta(&Path::new(SOURCE).join("m.c")).unwrap().mode, 0o755);
}

#[test]
fn attacks_leave_no_trace() {
    use tar::EntryType::{Char, Fifo, Link, Regular, Symlink};
    let conf = entry("dkms_source_tree/dkms.conf", Regular, "", 0o644, CONF.as_bytes());
    let module = entry("dkms_main_tree/6.1.0/x86_64/module/m.ko", Regular, "", 0o644, b"module");
    for (what, bad) in [
        ("absolute name", vec![entry("/etc/cron.d/x", Regular, "", 0o644, b"evil")]),
        ("parent directory", vec![entry("dkms_source_tree/../../x", Regular, "", 0o644, b"evil")]),
        ("link that leaves", vec![entry("dkms_source_tree/x", Symlink, "../../..", 0o777, b"")]),
        ("absolute link", vec![entry("dkms_source_tree/x", Symlink, "/etc/passwd", 0o777, b"")]),
        ("file through a link", {
            let link = entry("dkms_source_tree/x", Symlink, "sub", 0o777, b"");
            vec![link, entry("dkms_source_tree/x/y", Regular, "", 0o644, b"evil")]
        }),
        ("hard link", vec![entry("dkms_source_tree/x", Link, "/etc/shadow", 0o644, b"")]),
        ("device", vec![entry("dkms_source_tree/x", Char, "", 0o666, b"")]),
        ("pipe", vec![entry("dkms_source_tree/x", Fifo, "", 0o666, b"")]),
        ("setuid", vec![entry("dkms_source_tree/x", Regular, "", 0o4755, b"evil")]),
        ("setgid", vec![entry("dkms_source_tree/x", Regular, "", 0o2755, b"evil")]),
        ("twice", vec![conf.clone()]),
        (
            "kernel with a slash in disguise",
            vec![entry("dkms_main_tree/a b/x86_64/module/m.ko", Regular, "", 0o644, b"")],
        ),
        ("build that is a link", vec![entry("dkms_main_tree/6.2.0", Symlink, "6.1.0", 0o777, b"")]),
        ("module that is a link", vec![entry("dkms_main_tree/6.1.0/x86_64/module/n.ko", Symlink, "m.ko", 0o777, b"")]),
        ("stranger in a build", vec![entry("dkms_main_tree/6.1.0/x86_64/module/run.sh", Regular, "", 0o755, b"")]),
    ] {
        let world = World::new();
        let mut entries = vec![conf.clone(), module.clone()];
        entries.extend(bad);
        let result = world.load(&archive(&entries), LoadOptions::default());
        assert!(matches!(result, Err(Error::ArchiveRefused { .. })), "{what}: {result:?}");
        assert!(world.is_untouched(), "{what}");
        assert!(!world.setup.root.exists(Path::new("/etc")), "{what}");
    }
}

#[test]
fn what_is_no_archive_of_a_module() {
    use tar::EntryType::Regular;
    let whole = World::filled().packed(Contents::Everything, "a.tar.gz");
    let file = |name: &str| archive(&[entry(name, Regular, "", 0o644, b"x")]);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("text", b"hello, world\n".repeat(100)),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("bzip2", b"BZh91AY&SY".to_vec()),
        ("no conf", file("readme")),
        ("no entries", vec![0; 1024]),
    ] {
        let world = World::new();
        let result = world.load(&bytes, LoadOptions::default());
        assert!(matches!(result, Err(Error::ArchiveRefused { .. })), "{what}: {result:?}");
        assert!(world.is_untouched(), "{what}");
    }
    let world = World::new();
    let only_builds = file("dkms_main_tree/6.1.0/x86_64/module/m.ko");
    assert!(matches!(world.load(&only_builds, LoadOptions::default()), Err(Error::ArchiveWithoutConf { .. })));
    let bad = archive(&[entry("dkms.conf", Regular, "", 0o644, b"PACKAGE_NAME=m\n")]);
    assert!(matches!(world.load(&bad, LoadOptions::default()), Err(Error::Conf { .. })));
    let missing =
        world.session(|session, kernel| load(session, Path::new("/none.tar"), kernel, LoadOptions::default()));
    assert!(matches!(missing, Err(Error::ArchiveMissing { .. })));
    assert!(world.is_untouched());
}

#[test]
fn a_damaged_archive_is_refused_whole() {
    for name in ["a.tar.gz", "a.tar.xz", "a.tar.zst", "a.tar"] {
        let whole = World::filled().packed(Contents::Everything, name);
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut archive = whole.clone();
            change(&mut archive);
            archive
        };
        let end = whole.len();
        let mut damaged = vec![
            ("cut in the middle", with(&|bytes| bytes.truncate(end / 2))),
            ("cut at the end", with(&|bytes| bytes.truncate(end - if name == "a.tar" { 1024 } else { 4 }))),
            ("something behind it", with(&|bytes| bytes.extend(b"rubbish, and more of it"))),
        ];
        if name == "a.tar.gz" {
            damaged.push(("another checksum", with(&|bytes| bytes[end - 8] ^= 1)));
        }
        for (what, archive) in damaged {
            let world = World::new();
            let error = world.load(&archive, LoadOptions::default());
            assert!(matches!(error, Err(Error::ArchiveRefused { .. })), "{name}: {what}: {error:?}");
            assert!(world.is_untouched(), "{name}: {what}");
        }
    }
}

#[test]
fn what_is_no_tarball_is_called_by_its_name() {
    for (first, word) in [(&b"PK\x03\x04rest"[..], "zip"), (b"!<arch>\n", "Debian"), (b"\xed\xab\xee\xdb\x03", "rpm")] {
        let error = World::new().load(first, LoadOptions::default()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
