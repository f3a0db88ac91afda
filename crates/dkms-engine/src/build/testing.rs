//! A module, a kernel and a tree for tests that run real programs: the root is the running system's, because compilers
//! are there, and every tree lies in a directory of the test's own.
//!
//! The "kernel" is one Makefile. What it makes is no module that anything could load, but it has all that is looked at:
//! a relocatable object with `name` and `vermagic`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dkms_conf::module_config::{MakeCommand, ModuleConfig};

use crate::build::{BuildEvent, BuildOrder, Built, Failed};
use crate::facts::kernel::{Headers, Kernel, KernelConfig};
use crate::jobs::Jobs;
use crate::layout::Layout;
use crate::module_file::compression::Compression;
use crate::setup::Setup;
use crate::system::root::Root;
use crate::target::{KernelId, ModuleId, Target};
use crate::testing;

/// A setting; its directory goes with it.
pub(crate) struct Setting {
    pub(crate) setup: Setup,
    pub(crate) events: Mutex<Vec<BuildEvent>>,
    directory: tempfile::TempDir,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (_, mut setup) = testing::setup();
        setup.root = Root::open(Path::new("/")).unwrap();
        let inside = |name: &str| directory.path().join(name);
        setup.layout = Layout {
            tree: inside("tree"),
            source: inside("src"),
            install: inside("modules"),
            temporary: inside("tmp"),
        };
        let setting = Self { setup, events: Mutex::default(), directory };
        let make = "all:\n\t$(MAKE) -C $(M) KVER=$(KERNELRELEASE) objects\n";
        setting.write("modules/6.1.0/build/Makefile", make);
        setting.write("modules/6.1.0/build/include/config/kernel.release", "6.1.0\n");
        setting.module("m", "1", "6.1.0");
        setting
    }

    /// A registered module that compiles one object, for one release.
    pub(crate) fn module(&self, name: &str, version: &str, release: &str) {
        let source = format!("src/{name}-{version}");
        let file = |rest: &str| format!("{source}/{rest}");
        let module = format!(
            "#define INFO(n, t) static const char n[] __attribute__((section(\".modinfo\"), used)) = t\n\
             INFO(a, \"name={name}\");\nINFO(b, \"vermagic={release} SMP mod_unload \");\nint f(void) {{ return 1; }}\n"
        );
        self.write(&file(&format!("{name}.c")), &module);
        self.write(&file("Makefile"), &format!("objects: {name}.ko\n%.ko: %.c\n\tgcc -g -c -o $@ $<\n"));
        self.write(&file("dkms.conf"), "# not read here\n");
        let version_directory = self.path(&format!("tree/{name}/{version}"));
        self.setup.root.writable().create_dir_all(&version_directory).unwrap();
        self.setup.root.writable().symlink(&self.path(&source), &version_directory.join("source")).unwrap();
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, content: &str) {
        crate::testing::write(&self.setup, self.path(relative).to_str().unwrap(), content);
    }

    pub(crate) fn executable(&self, relative: &str, content: &str) {
        self.write(relative, content);
        self.setup.root.writable().set_mode(&self.path(relative), 0o755).unwrap();
    }

    pub(crate) fn text(&self, relative: &str) -> String {
        self.setup.root.read_to_string(&self.path(relative)).unwrap()
    }

    pub(crate) fn names(&self, relative: &str) -> Vec<String> {
        let entries = self.setup.root.list(&self.path(relative)).unwrap();
        entries.into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
    }

    pub(crate) fn kernel(&self, config: &str, compression: Compression) -> Kernel {
        let directory = self.path("modules/6.1.0");
        Kernel {
            id: KernelId::new("6.1.0", "x86_64").unwrap(),
            present: true,
            image: true,
            source_dir: directory.join("build"),
            headers: Headers::Complete,
            gaps: Vec::new(),
            config: KernelConfig::new(directory.join("build/.config"), config.into()),
            compression,
            directory,
        }
    }

    /// An order for `m/1` on `6.1.0`, with a MAKE of the test's own if there is one.
    pub(crate) fn order(&self, make: Option<&str>) -> BuildOrder {
        self.order_for("m", "1", make)
    }

    pub(crate) fn order_for(&self, name: &str, version: &str, make: Option<&str>) -> BuildOrder {
        let kernel = self.kernel("CONFIG_X86_64=y\n", Compression::None);
        let mut config = config(name, version);
        if let Some(command) = make {
            let command = MakeCommand { command: command.to_owned(), matching: String::new() };
            config.make.insert(0, command);
        }
        let target = Target::new(ModuleId::new(name, version).unwrap(), kernel.id.clone());
        BuildOrder { target, kernel: Arc::new(kernel), config, records: vec![0] }
    }

    pub(crate) fn jobs(&self) -> Jobs {
        Jobs::new(&self.setup, &self.setup.root.writable()).unwrap()
    }

    /// Builds with all that happens noted down.
    pub(crate) fn build(&self, order: BuildOrder) -> Result<Built, Box<Failed>> {
        self.build_with(order, &self.jobs())
    }

    pub(crate) fn build_with(&self, order: BuildOrder, jobs: &Jobs) -> Result<Built, Box<Failed>> {
        super::build(&self.setup, order, jobs, &|event| self.events.lock().unwrap().push(event))
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let warning = |event: &BuildEvent| match event {
            BuildEvent::Warning(text) => Some(text.clone()),
            _ => None,
        };
        events.iter().filter_map(warning).collect()
    }
}

/// A configuration with one record and nothing else.
pub(crate) fn config(name: &str, version: &str) -> ModuleConfig {
    ModuleConfig {
        package_name: name.into(),
        package_version: version.into(),
        records: vec![testing::record(name)],
        ..testing::module_config()
    }
}
