//! The examination of modules: state, configuration, exclusion and fingerprint for one kernel after the other.
//!
//! Everything that is asked about is examined, dependencies first. Of the rest only the state is read, and the recorded
//! configuration of what is installed, because that tells which modules depend on which.

mod configuration;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use self::configuration::{Found, Remembered};
use super::condition::{self, Condition, Integrity};
use super::conf;
use super::fingerprint::{Ingredients, Measurer};
use super::gather::Signer;
use super::kernel::Kernel;
use super::tree::{BuiltTarget, Tree};
use super::{Configuration, Examined, Facts, Registration, State, TargetFacts};
use crate::error::Error;
use crate::record::{self, Signature};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId, Target};

/// Which module versions are examined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Modules {
    /// None: only states are read.
    #[default]
    None,
    /// These, and what depends on them.
    Named(BTreeSet<ModuleId>),
    /// All.
    All,
}

/// Goes through the modules of one kernel after the other.
pub(super) struct Examination<'a> {
    setup: &'a Setup,
    builds: BTreeMap<Target, &'a BuiltTarget>,
    measurer: Measurer<'a>,
    files: conf::Files,
    /// Names of modules of which a failure is remembered.
    failed: BTreeSet<OsString>,
    afresh: bool,
    signer: Signer,
}

/// One kernel's modules on the way.
struct Order<'f> {
    facts: &'f mut Facts,
    kernel: &'f Kernel,
    modules: &'f Modules,
    /// What signs for the kernel.
    signer: String,
    remembered: &'f BTreeMap<Target, Remembered>,
    /// Contents of the fingerprints of dependencies by name.
    contents: &'f mut BTreeMap<String, String>,
    /// Names from the first dependant to here; a name that comes again is a circle, which the plan reports.
    path: Vec<String>,
}

impl<'a> Examination<'a> {
    pub(super) fn new(setup: &'a Setup, tree: &'a Tree, afresh: bool, signer: Signer) -> Result<Self, Error> {
        let builds = tree.builds().map(|build| (build.target.clone(), build)).collect();
        let failed = setup.root.list(&setup.layout.failures())?.into_iter().map(|(name, _)| name).collect();
        let (measurer, files) = (Measurer::new(setup), conf::Files::default());
        Ok(Self { setup, builds, measurer, files, failed, afresh, signer })
    }

    /// Examines what is wanted for one kernel.
    pub(super) fn kernel(&mut self, facts: &mut Facts, kernel: &Kernel, modules: &Modules) -> Result<(), Error> {
        let targets: Vec<Target> =
            facts.modules.keys().map(|module| Target::new(module.clone(), kernel.id.clone())).collect();
        let mut remembered: BTreeMap<Target, Remembered> = BTreeMap::new();
        for target in &targets {
            let memory = self.remember(target);
            let known = facts.targets.entry(target.clone()).or_default();
            self.state(target, known, &memory);
            remembered.insert(target.clone(), memory);
        }
        let mut wanted: Vec<Target> = targets
            .into_iter()
            .filter(|target| match modules {
                Modules::None => false,
                Modules::All => !facts.retiring.contains(&target.module),
                Modules::Named(names) => names.contains(&target.module),
            })
            .collect();
        self.add_dependants(facts, &kernel.id, &mut wanted);
        // Dependencies first, because their fingerprints are inputs of those that depend on them.
        let mut contents: BTreeMap<String, String> = BTreeMap::new();
        let signer = (self.signer)(self.setup, kernel);
        let mut order = Order {
            facts,
            kernel,
            modules,
            signer,
            remembered: &remembered,
            contents: &mut contents,
            path: Vec::new(),
        };
        for target in &wanted {
            self.examine(&mut order, target)?;
        }
        Ok(())
    }

    fn remember(&self, target: &Target) -> Remembered {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        let built = self.builds.get(target).and_then(|build| record::load(root, &build.directory.join(".record.json")));
        let may_have_failed = self.failed.contains(OsStr::new(&target.module.name));
        let failed = may_have_failed.then(|| record::load(root, &layout.failed(target).join("record.json"))).flatten();
        Remembered { built, failed }
    }

    fn state(&self, target: &Target, known: &mut TargetFacts, memory: &Remembered) {
        known.half_installed = condition::is_half_done(self.setup, target);
        known.failed.clone_from(&memory.failed);
        if let Some(build) = self.builds.get(target) {
            let manifest = condition::manifest(self.setup, build);
            let recorded = memory.built.as_ref().map(|record| &*record.objects);
            let condition = Condition::of(self.setup, build, recorded, manifest.as_ref());
            known.objects_lost = condition.objects != Integrity::Whole;
            known.placed_lost = condition.placed != Integrity::Whole;
            known.note_placed(self.setup, build, manifest);
        }
        if let Some(record) = &memory.built {
            known.recorded = Some(record.fingerprint.clone());
            known.custom = record.custom;
            known.unsigned = match &record.signature {
                Signature::Failed { reason } => Some(reason.clone()),
                Signature::Signed { .. } | Signature::Unsigned { .. } => None,
            };
            known.configuration = Configuration::Recorded(Box::new(record.config.clone()));
        }
    }

    /// Adds the installed modules that depend on a wanted one, so that they can be rebuilt after it.
    fn add_dependants(&self, facts: &Facts, kernel: &KernelId, wanted: &mut Vec<Target>) {
        let mut place = 0;
        while let Some(target) = wanted.get(place).cloned() {
            place += 1;
            for (other, known) in facts.targets.iter().filter(|(other, _)| other.kernel == *kernel) {
                let depends = match known.config() {
                    Some(config) => config.build_depends.contains(&target.module.name),
                    None => self.noted_dependency(other, &target.module.name),
                };
                if depends && known.state == State::Installed && !wanted.contains(other) {
                    wanted.push(other.clone());
                }
            }
        }
    }

    /// Whether a build of the original, which keeps no record, notes the version of a module that it was built against.
    fn noted_dependency(&self, target: &Target, name: &str) -> bool {
        let note = |build: &&BuiltTarget| build.directory.join(format!(".dep_{name}"));
        self.builds.get(target).is_some_and(|build| self.setup.root.is_file(&note(build)))
    }

    /// Examines a target after the modules that it depends on; gives the content of its fingerprint.
    fn examine(&mut self, order: &mut Order<'_>, target: &Target) -> Result<Option<String>, Error> {
        let name = &target.module.name;
        if let Configuration::Examined(examined) = &order.facts.targets.entry(target.clone()).or_default().configuration
        {
            return Ok(Some(examined.fingerprint.content()));
        }
        if order.path.contains(name) || order.facts.modules.get(&target.module) == Some(&Registration::Broken) {
            return Ok(None);
        }
        let memory = order.remembered.get(target);
        let Found { config, part, named } = match self.configuration(order.kernel, target, memory) {
            Ok(found) => found,
            Err(Error::Conf { problems, .. }) => return Ok(self.bad(order, target, problems, false)),
            Err(error @ Error::ConfMissing { .. }) => return Ok(self.bad(order, target, error.to_string(), true)),
            Err(error) => return Err(error),
        };
        order.path.push(name.clone());
        let mut depends = BTreeMap::new();
        for dependency in &config.build_depends {
            if let Some(content) = self.dependency(order, dependency)? {
                depends.insert(dependency.clone(), content);
            }
        }
        order.path.pop();
        let previous = memory.and_then(|memory| {
            memory
                .built
                .as_ref()
                .map(|record| &record.fingerprint)
                .or(memory.failed.as_ref().map(|record| &record.fingerprint))
        });
        let exclusion = conf::exclusion(&config, order.kernel);
        let automatic = *order.modules == Modules::All;
        // What is excluded or does not install itself is not built, so its inputs are not measured.
        let fingerprint = if exclusion.package.is_some() || (automatic && !config.autoinstall && previous.is_none()) {
            previous.cloned().unwrap_or_default()
        } else {
            let (kernel, signer) = (order.kernel, &order.signer);
            let ingredients = Ingredients {
                target,
                kernel,
                config: &part,
                conf: named.as_deref(),
                depends: &depends,
                signer,
                previous,
            };
            self.measurer.measure(&ingredients)?
        };
        let content = fingerprint.content();
        let known = order.facts.targets.entry(target.clone()).or_default();
        known.configuration = Configuration::Examined(Box::new(Examined { config, exclusion, fingerprint }));
        Ok(Some(content))
    }

    fn bad(&self, order: &mut Order<'_>, target: &Target, problems: String, missing: bool) -> Option<String> {
        let known = order.facts.targets.entry(target.clone()).or_default();
        known.configuration = Configuration::Bad { problems, missing };
        None
    }

    /// Content of the fingerprint of a dependency, in the version that is installed after the run if all goes well: the
    /// one that the run is about, else the installed one, else the highest.
    fn dependency(&mut self, order: &mut Order<'_>, name: &str) -> Result<Option<String>, Error> {
        if let Some(content) = order.contents.get(name) {
            return Ok(Some(content.clone()));
        }
        let kernel = order.kernel.id.clone();
        let facts = &order.facts;
        let of_name = || facts.modules.keys().filter(|module| module.name == name && !facts.retiring.contains(module));
        let highest = || of_name().max_by(|one, other| dkms_conf::version::compare(&one.version, &other.version));
        let wanted = match order.modules {
            Modules::All => highest(),
            Modules::Named(names) => of_name().find(|module| names.contains(module)),
            Modules::None => None,
        };
        let installed = || facts.installed_version(name, &kernel);
        let Some(module) = wanted.or_else(installed).or_else(highest).cloned() else { return Ok(None) };
        let content = self.examine(order, &Target::new(module, kernel))?;
        if let Some(content) = &content {
            order.contents.insert(name.to_owned(), content.clone());
        }
        Ok(content)
    }
}
