//! The facts that a plan is made of, as plain data: tests write them down, [`super::gather`] finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dkms_conf::exclusion::Exclusion;
use dkms_conf::module_config::{ModuleConfig, Record};

use super::force_lists::ForceList;
use crate::facts::kernel::Kernel;
use crate::fingerprint::{Change, Fingerprint};
use crate::record::FailureRecord;
use crate::setup::machine::kernels_name;
use crate::target::{KernelId, ModuleId, Target};

/// Everything that planning looks at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Registered module versions.
    pub modules: BTreeMap<ModuleId, Registration>,
    /// Kernels that were asked about.
    pub kernels: BTreeMap<KernelId, Arc<Kernel>>,
    /// Every target that is built, that failed, or that was asked about.
    pub targets: BTreeMap<Target, TargetFacts>,
    /// Module versions whose package asked for their removal during an upgrade: they go when a successor is installed.
    pub retiring: BTreeSet<ModuleId>,
    /// The administrator switched automatic builds off.
    pub no_autoinstall: bool,
    /// Packages that brought the sources of modules which build an object of the same name, as far as one did.
    pub packages: BTreeMap<ModuleId, String>,
    /// What is wished for in this run.
    pub wishes: Wishes,
    /// Lists of the distribution that force installations.
    pub force_lists: Vec<ForceList>,
}

/// What is wished for in a run, by options of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Install whatever speaks against it.
    pub force: bool,
    /// Install whatever the versions say.
    pub version_override: bool,
    /// A person asks, who chooses what is installed by name over other modules that build the same.
    pub by_person: bool,
    /// The last choice of that kind; known only where a person asks.
    pub latest_choice: u64,
}

impl Facts {
    /// The version of a module that is installed for a kernel.
    pub fn installed_version(&self, name: &str, kernel: &KernelId) -> Option<&ModuleId> {
        self.targets
            .iter()
            .find(|(target, facts)| {
                target.module.name == name && target.kernel == *kernel && facts.state == State::Installed
            })
            .map(|(target, _)| &target.module)
    }

    /// Whether a target is installed under another name of its architecture, as the original does it that takes every name
    /// for another architecture.
    pub fn is_installed_under_other_name(&self, target: &Target) -> bool {
        self.targets.iter().any(|(other, known)| {
            let (one, two) = (&other.kernel, &target.kernel);
            known.state == State::Installed
                && other.module == target.module
                && one.release == two.release
                && one.arch != two.arch
                && kernels_name(&one.arch) == kernels_name(&two.arch)
        })
    }

    /// Whether a module is built for a kernel and has nothing there because others have the places of all its objects.
    pub fn stands_aside(&self, name: &str, kernel: &KernelId) -> bool {
        let here = |target: &Target| target.kernel == *kernel;
        let is_placed = |object: &str| {
            let mut others = self.targets.iter().filter(|(other, _)| here(other) && other.module.name != name);
            others.any(|(_, known)| known.state == State::Installed && known.placed.contains(object))
        };
        self.targets.iter().any(|(target, known)| {
            let objects = known.objects();
            here(target)
                && target.module.name == name
                && known.state == State::Built
                && !known.objects_lost
                && !objects.is_empty()
                && objects.into_iter().all(is_placed)
        })
    }

    /// The version of a module that weak links of a kernel lead to.
    pub fn weakly_linked_version(&self, name: &str, kernel: &KernelId) -> Option<&ModuleId> {
        let is_it = |(target, known): &(&Target, &TargetFacts)| {
            target.module.name == name && target.kernel == *kernel && known.weak_link.is_some()
        };
        self.targets.iter().find(is_it).map(|(target, _)| &target.module)
    }

    /// Kernels with weak links to the modules of a target.
    pub fn weakly_linked_kernels<'a>(&'a self, to: &'a Target) -> impl Iterator<Item = &'a KernelId> {
        self.targets
            .iter()
            .filter(|(target, known)| target.module == to.module && known.weak_link.as_ref() == Some(&to.kernel))
            .map(|(target, _)| &target.kernel)
    }

    /// Whether any version of a module is registered.
    pub fn registers(&self, name: &str) -> bool {
        self.modules.keys().any(|module| module.name == name)
    }

    /// Targets of one module version that are at least built.
    pub fn built_of<'a>(&'a self, module: &'a ModuleId) -> impl Iterator<Item = &'a Target> {
        self.targets
            .iter()
            .filter(move |(target, facts)| target.module == *module && facts.state != State::Absent)
            .map(|(target, _)| target)
    }
}

/// How a module version is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Its source is there.
    Added,
    /// Its source, or the link to it, is gone.
    Broken,
    /// Only built objects were imported; there is no source to build from.
    BinariesOnly,
}

/// How far a target has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Not built.
    #[default]
    Absent,
    /// Built.
    Built,
    /// Built, and the active version of its kernel.
    Installed,
}

/// What is known of one target.
#[derive(Clone, Debug, Default)]
pub struct TargetFacts {
    /// How far it has come.
    pub state: State,
    /// A kept object is gone or is not what was built.
    pub objects_lost: bool,
    /// A placed file is gone or is not what was placed.
    pub placed_lost: bool,
    /// An installation of it was begun and not finished.
    pub half_installed: bool,
    /// Names of the objects that it has in the kernel's directory.
    pub placed: BTreeSet<String>,
    /// Names of objects that it left to another module, and to which one.
    pub yielded: BTreeMap<String, ModuleId>,
    /// A person installed it there: the higher, the later.
    pub chosen: Option<u64>,
    /// Names of objects that another package provides for the kernel, finished, and which one.
    pub provided: BTreeMap<String, String>,
    /// Inputs of the build that is there; `None` if it is the original's, which keeps no record.
    pub recorded: Option<Fingerprint>,
    /// The build was made with options of a person that replace inputs, so that only its source is compared.
    pub custom: bool,
    /// Why its objects bear no signature although they were meant to.
    pub unsigned: Option<String>,
    /// The last attempt failed.
    pub failed: Option<FailureRecord>,
    /// Weak links lead to what is installed for this kernel.
    pub weak_link: Option<KernelId>,
    /// The kernel whose modules fit as they are, where nothing is built for this one.
    pub candidate: Option<Candidate>,
    /// Kernels whose modules do not fit, although there are weak links of their names.
    pub unfit_links: BTreeSet<KernelId>,
    /// The configuration.
    pub configuration: Configuration,
}

/// A kernel whose modules fit another one, so that weak links may lead to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which kernel.
    pub kernel: KernelId,
    /// Nothing is left of it but our modules: links to them stay as long as there is no better way.
    pub is_gone: bool,
}

/// What is known of a target's configuration.
#[derive(Clone, Debug, Default)]
pub enum Configuration {
    /// It was not looked at.
    #[default]
    Unknown,
    /// From the record of the build; enough to know what it depends on.
    Recorded(Box<ModuleConfig>),
    /// Evaluated for this run, with all that follows from it.
    Examined(Box<Examined>),
    /// It cannot be used.
    Bad {
        /// Diagnostics with line and caret.
        problems: String,
        /// There is no dkms.conf at all.
        missing: bool,
    },
}

/// A target that could be built.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// The effective configuration.
    pub config: ModuleConfig,
    /// Which of its modules are meant for the kernel.
    pub exclusion: Exclusion,
    /// The inputs that a build would have now.
    pub fingerprint: Fingerprint,
}

impl TargetFacts {
    /// The configuration, evaluated or recorded.
    pub fn config(&self) -> Option<&ModuleConfig> {
        match &self.configuration {
            Configuration::Recorded(config) => Some(config),
            Configuration::Examined(examined) => Some(&examined.config),
            Configuration::Unknown | Configuration::Bad { .. } => None,
        }
    }

    /// The package that provides all of its objects for the kernel, or the first one if there are several.
    pub fn provider(&self) -> Option<&str> {
        let objects = self.objects();
        let all = !objects.is_empty() && objects.iter().all(|object| self.provided.contains_key(*object));
        self.provided.values().next().filter(|_| all).map(String::as_str)
    }

    /// Names of the objects that it has, or would have, for its kernel.
    pub fn objects(&self) -> BTreeSet<&str> {
        fn name(record: &Record) -> &str {
            &record.dest_name
        }
        match &self.configuration {
            Configuration::Examined(examined) => {
                let records = &examined.config.records;
                examined.exclusion.built().filter_map(|index| records.get(index)).map(name).collect()
            }
            Configuration::Recorded(config) => config.records.iter().map(name).collect(),
            Configuration::Unknown | Configuration::Bad { .. } => self.placed.iter().map(String::as_str).collect(),
        }
    }

    /// The input that is not what it was when the build was made; `None` also for a build of the original.
    pub fn change(&self) -> Option<Change> {
        let Configuration::Examined(examined) = &self.configuration else { return None };
        let change = self.recorded.as_ref()?.difference(&examined.fingerprint)?;
        (!self.custom || change == Change::Source).then_some(change)
    }

    /// The last failure, if the inputs are still the same.
    pub fn failed_before(&self) -> Option<&FailureRecord> {
        let Configuration::Examined(examined) = &self.configuration else { return None };
        self.failed.as_ref().filter(|failure| failure.fingerprint.difference(&examined.fingerprint).is_none())
    }
}
