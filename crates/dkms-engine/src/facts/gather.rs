//! Finds the facts that a plan is made of.
//!
//! Everything that is asked about is *examined*: configuration, exclusion, fingerprint. Of the rest of the tree only the
//! state is read, and the recorded configuration of what is installed, because that tells who depends on whom. No shell
//! is started as long as a record says what the configuration was evaluated to and nothing that it depends on changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dkms_conf::{ModuleConfig, Strictness};

use super::condition::{self, Condition, Integrity};
use super::conf::{self, Evaluation, Wanted};
use super::fingerprint::{Ingredients, Measurer};
use super::force_lists;
use super::holding;
use super::kernel::Kernel;
use super::provided;
use super::retiring::retiring;
use super::signer::Signer;
use super::tree::{BuiltTarget, Tree};
use super::weak::candidates;
use super::{Configuration, Examined, Facts, Registration, State, TargetFacts};
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Part};
use crate::layout::NO_AUTOINSTALL;
use crate::record::{self, BuildRecord, FailureRecord, Signature};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId, Target};

/// What has to be known.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Kernels to look at.
    pub kernels: BTreeSet<KernelId>,
    /// Module versions to examine for these kernels.
    pub modules: Modules,
    /// A person wants it anew: a configuration that was named before counts only where a module has none of its own.
    pub afresh: bool,
}

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

/// How one kernel is looked at.
pub type Look = fn(&Setup, &KernelId) -> Result<Kernel, Error>;

/// Records of one build or failure.
#[derive(Default)]
struct Remembered {
    built: Option<BuildRecord>,
    failed: Option<FailureRecord>,
}

impl Facts {
    /// Looks.
    ///
    /// # Errors
    /// `Io` for what is there and cannot be read. What is wrong with one module is a fact about it, not an error.
    pub fn gather(setup: &Setup, scope: &Scope) -> Result<Self, Error> {
        Self::about(setup, scope, Kernel::gather)
    }

    /// The same for kernels that the caller looks at in a way of his own, or makes up.
    ///
    /// # Errors
    /// As [`Facts::gather`].
    pub fn about(setup: &Setup, scope: &Scope, look: Look) -> Result<Self, Error> {
        let tree = Tree::gather(setup)?;
        let no_autoinstall = setup.root.exists(Path::new(NO_AUTOINSTALL));
        let wishes = holding::wishes(setup, &tree);
        let force_lists = force_lists::gather(&setup.root)?;
        let mut facts = Facts { no_autoinstall, retiring: retiring(setup)?, wishes, force_lists, ..Facts::default() };
        for module in &tree.modules {
            facts.modules.insert(module.id.clone(), module.registration);
        }
        for build in tree.builds() {
            let state = TargetFacts { state: build.state, ..TargetFacts::default() };
            facts.targets.insert(build.target.clone(), state);
        }
        for kernel in &scope.kernels {
            facts.kernels.insert(kernel.clone(), Arc::new(look(setup, kernel)?));
        }
        let mut examination = Examination::new(setup, &tree, scope.afresh)?;
        for kernel in facts.kernels.values().cloned().collect::<Vec<_>>() {
            examination.kernel(&mut facts, &kernel, &scope.modules)?;
        }
        holding::spread_choices(setup, &tree, &mut facts);
        provided::examine(setup, &tree, &mut facts)?;
        candidates::examine(setup, &tree, &mut facts)?;
        Ok(facts)
    }
}

/// Goes through the modules of one kernel after the other.
struct Examination<'a> {
    setup: &'a Setup,
    builds: BTreeMap<Target, &'a BuiltTarget>,
    measurer: Measurer<'a>,
    files: conf::Files,
    /// Names of modules of which a failure is remembered.
    failed: BTreeSet<OsString>,
    afresh: bool,
}

/// A configuration as it was found.
struct Found {
    config: ModuleConfig,
    /// What stands for it in the fingerprint.
    part: Part,
    /// The file that a person named for it.
    named: Option<PathBuf>,
}

impl<'a> Examination<'a> {
    fn new(setup: &'a Setup, tree: &'a Tree, afresh: bool) -> Result<Self, Error> {
        let builds = tree.builds().map(|build| (build.target.clone(), build)).collect();
        let failed = setup.root.list(&setup.layout.failures())?.into_iter().map(|(name, _)| name).collect();
        Ok(Self { setup, builds, measurer: Measurer::new(setup), files: conf::Files::default(), failed, afresh })
    }

    fn kernel(&mut self, facts: &mut Facts, kernel: &Kernel, modules: &Modules) -> Result<(), Error> {
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
        let signer = Signer::find(self.setup, kernel).identity(&self.setup.root);
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

    /// Whoever depends on a wanted module and is installed, so that it can be rebuilt after it.
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
        // Nobody will build what is excluded or does not install itself, so nobody asks for its inputs either.
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

    /// The effective configuration: of the file that a person names, or named before, or of the module's own.
    fn configuration(&mut self, kernel: &Kernel, target: &Target, memory: Option<&Remembered>) -> Result<Found, Error> {
        let asked = self.setup.options.conf.clone();
        let own = self.setup.layout.source_link(&target.module).join("dkms.conf");
        let named = asked.clone().or_else(|| {
            let before = memory?.before().find_map(|(fingerprint, _)| fingerprint.conf.clone())?;
            (!self.afresh || !self.setup.root.is_file(&own)).then_some(before)
        });
        match (self.evaluated(kernel, target, memory, named.as_deref()), named) {
            (Err(error @ Error::ConfMissing { .. }), None) => {
                // One that was named for another kernel is better than none.
                let Some(named) = self.named_for_another_kernel(&target.module) else { return Err(error) };
                self.evaluated(kernel, target, memory, Some(&named)).map_err(gone)
            }
            // What it said is in the record, so what was built with it stays, and can be built again.
            (Err(error @ Error::ConfMissing { .. }), Some(named)) if asked.is_none() => {
                let known = memory.into_iter().flat_map(Remembered::before);
                let known = known.into_iter().find(|(fingerprint, _)| fingerprint.conf.as_ref() == Some(&named));
                let (fingerprint, config) = known.ok_or_else(|| gone(error))?;
                Ok(Found { config: config.clone(), part: fingerprint.config.clone(), named: Some(named) })
            }
            (found, _) => found,
        }
    }

    fn named_for_another_kernel(&self, module: &ModuleId) -> Option<PathBuf> {
        let builds = self.builds.values().filter(|build| build.target.module == *module);
        let records = builds.filter_map(|build| {
            record::load::<BuildRecord>(&self.setup.root, &self.setup.layout.record(&build.target))
        });
        records.filter_map(|record| record.fingerprint.conf).next()
    }

    fn evaluated(
        &mut self,
        kernel: &Kernel,
        target: &Target,
        memory: Option<&Remembered>,
        path: Option<&Path>,
    ) -> Result<Found, Error> {
        let module = Some(&target.module);
        let named = path.map(Path::to_owned);
        let wanted = Wanted { source: None, path, module, kernel, strictness: Strictness::Strict };
        let text = match conf::evaluate(self.setup, &self.files, &wanted)? {
            Evaluation::Native(effective) => {
                return Ok(Found { config: effective.config, part: Part::of_text(&effective.text), named });
            }
            Evaluation::NeedsShell { text, .. } => text,
        };
        let part = Part::of_text(&text);
        for (before, config) in memory.into_iter().flat_map(Remembered::before) {
            // It may have read anything beside itself.
            if before.config == part
                && self.measurer.source_part(&target.module, Some(&before.source))?.content == before.source.content
            {
                return Ok(Found { config: config.clone(), part, named });
            }
        }
        let effective = conf::evaluate_in_shell(self.setup, &self.files, &wanted)?;
        Ok(Found { config: effective.config, part: Part::of_text(&effective.text), named })
    }
}

/// A file that a person named is there no longer.
fn gone(error: Error) -> Error {
    let Error::ConfMissing { path } = error else { return error };
    let problems =
        format!("`{}`, which was given with -c, is missing: restore it or give another file", path.display());
    Error::Conf { path, problems }
}

impl Remembered {
    /// What a build, or the last failure, was made from.
    fn before(&self) -> impl Iterator<Item = (&Fingerprint, &ModuleConfig)> {
        let built = self.built.iter().map(|record| (&record.fingerprint, &record.config));
        built.chain(self.failed.iter().map(|record| (&record.fingerprint, &record.config)))
    }
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
