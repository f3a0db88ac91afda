//! Installing and removing in an empty root, with modules that are nothing but a description of themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dkms_conf::module_config::{ModuleConfig, Record};

use super::journal::{Journal, Removal};
use super::*;
use crate::module_file::info::tests::module;
use crate::record::{self, Format, Manifest};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::{KernelId, ModuleId};
use crate::testing;

mod depmod;
mod files;
mod recovery;
mod refusal;
mod replacement;
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

    fn try_install(&self, target: &Target, config: &ModuleConfig, placement: &Placement) -> Result<Installed, Error> {
        self.session(|session| {
            let objects = kept(&self.setup, target);
            install_objects(session, target, &objects, &self.kernel(), config, placement)
        })
        .0
    }

    fn install(&self, target: &Target) -> Installed {
        let names: Vec<String> = kept(&self.setup, target).into_iter().map(|(name, _)| name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.try_install(target, &config(&names), &Placement::default()).unwrap()
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
    let record = |name: &&str| Record { dest_location: "/kernel/drivers".into(), ..testing::record(name) };
    let records = names.iter().map(record).collect();
    ModuleConfig { records, autoinstall: false, ..testing::module_config() }
}
