//! Which kernel's modules another kernel could have as they are: the candidates of weak links.
//!
//! Looked at only where a module is not built for a kernel. What is linked is what the registered source made, whole, and
//! every symbol version that it needs is there: the kernel's own, or that of a module that it depends on.

use std::collections::{BTreeMap, BTreeSet};

use super::links;
use super::symbol_versions::{Interface, Versions};
use crate::error::Error;
use crate::facts::condition::{Condition, Integrity};
use crate::facts::tree::{BuiltTarget, Tree};
use crate::facts::{Candidate, Configuration, Examined, Facts, Registration, State, kernels};
use crate::record::{self, BuildRecord, Manifest};
use crate::setup::Setup;
use crate::target::{KernelId, Target};

/// Notes what weak links there are, and which there could be.
pub(in crate::facts) fn examine(setup: &Setup, tree: &Tree, facts: &mut Facts) -> Result<(), Error> {
    if !setup.distribution.has_weak_updates() {
        return Ok(());
    }
    for (target, from) in links::gather(setup, tree)? {
        facts.targets.entry(target).or_default().weak_link = Some(from);
    }
    if setup.no_weak_modules() {
        return Ok(());
    }
    let wanted: Vec<Target> = facts.targets.keys().cloned().collect();
    let mut search = Search::new(setup, tree);
    for target in &wanted {
        let Found { candidate, unfit_links } = search.candidate(facts, target)?;
        if let Some(known) = facts.targets.get_mut(target) {
            known.candidate = candidate;
            known.unfit_links = unfit_links;
        }
    }
    Ok(())
}

/// What was found for one target.
#[derive(Clone, Default)]
struct Found {
    candidate: Option<Candidate>,
    unfit_links: BTreeSet<KernelId>,
}

/// Compares modules with kernels; what a kernel offers is read once.
struct Search<'a> {
    setup: &'a Setup,
    builds: BTreeMap<&'a Target, &'a BuiltTarget>,
    interfaces: BTreeMap<String, Option<Interface>>,
    found: BTreeMap<Target, Found>,
}

impl<'a> Search<'a> {
    fn new(setup: &'a Setup, tree: &'a Tree) -> Self {
        let builds = tree.builds().map(|build| (&build.target, build)).collect();
        Self { setup, builds, interfaces: BTreeMap::new(), found: BTreeMap::new() }
    }

    fn candidate(&mut self, facts: &Facts, target: &Target) -> Result<Found, Error> {
        if let Some(found) = self.found.get(target) {
            return Ok(found.clone());
        }
        // A module that depends on itself has none.
        self.found.insert(target.clone(), Found::default());
        let found = match eligible(facts, target) {
            Some(examined) => self.find(facts, target, examined)?,
            None => Found::default(),
        };
        self.found.insert(target.clone(), found.clone());
        Ok(found)
    }

    fn find(&mut self, facts: &Facts, target: &Target, examined: &Examined) -> Result<Found, Error> {
        let mut found = Found::default();
        let candidates = self.candidates(facts, target);
        if candidates.is_empty() {
            return Ok(found);
        }
        let mut dependencies = Vec::new();
        for name in &examined.config.build_depends {
            dependencies.extend(self.at_hand(facts, name, &target.kernel)?);
        }
        for candidate in candidates {
            let source = Target::new(target.module.clone(), candidate.kernel.clone());
            let Some(manifest) = self.whole(&source, examined) else { continue };
            let Some(objection) = self.objection(&source, &manifest, &target.kernel, &dependencies)? else {
                found.candidate = Some(candidate);
                return Ok(found);
            };
            log::debug!("{source} is not linked into {}: {objection}", target.kernel.release);
            if !links::of_module(self.setup, target, &manifest.files)?.is_empty() {
                found.unfit_links.insert(candidate.kernel);
            }
        }
        Ok(found)
    }

    /// Why the modules of `source` do not work with another kernel, if they do not. `dependencies` are builds of modules
    /// that this kernel has.
    fn objection(
        &mut self,
        source: &Target,
        manifest: &Manifest,
        kernel: &KernelId,
        dependencies: &[Target],
    ) -> Result<Option<String>, Error> {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        let release = &kernel.release;
        if !self.interfaces.contains_key(release) {
            let directory = kernels::directory(self.setup, release);
            self.interfaces.insert(release.clone(), Interface::gather(root, &directory, release)?);
        }
        let Some(Some(interface)) = self.interfaces.get(release) else {
            return Ok(Some("the versions of the kernel's symbols are unknown".into()));
        };
        let directory = kernels::directory(self.setup, release);
        let own = links::installed_files(self.setup, &source.module.name)?;
        for link in links::links(root, &directory)? {
            let is_others = root.canonical(&link).is_some_and(|end| !own.contains(&end));
            if is_others && manifest.files.iter().any(|file| file.is_called_like(&link)) {
                return Ok(Some(format!("`{}` does not belong to dkms", link.display())));
            }
        }
        let table = |target: &Target| Versions::read(root, &layout.objects(target).join("Module.symvers"));
        let others: Vec<Versions> = std::iter::once(source).chain(dependencies).map(table).collect();
        for file in &manifest.files {
            if let Some(objection) = interface.objection(root, &file.path, &others)? {
                return Ok(Some(objection));
            }
        }
        Ok(None)
    }

    /// Kernels that have the module, the best one first: the one that weak links lead to already, then the newest. To
    /// one that is gone no new ones are made.
    fn candidates(&self, facts: &Facts, target: &Target) -> Vec<Candidate> {
        let linked = facts.targets.get(target).and_then(|known| known.weak_link.as_ref());
        let of_module = self.builds.values().filter(|build| {
            let KernelId { release, arch } = &build.target.kernel;
            build.state == State::Installed
                && build.target.module == target.module
                && *arch == target.kernel.arch
                && *release != target.kernel.release
        });
        let mut candidates: Vec<Candidate> = of_module
            .map(|build| {
                let kernel = build.target.kernel.clone();
                let is_gone = !kernels::has_image(self.setup, &kernels::directory(self.setup, &kernel.release));
                Candidate { kernel, is_gone }
            })
            .filter(|candidate| !candidate.is_gone || linked == Some(&candidate.kernel))
            .collect();
        candidates.sort_by(|one, other| {
            let rank = |candidate: &Candidate| (candidate.is_gone, linked != Some(&candidate.kernel));
            let newest = || dkms_conf::version::compare(&other.kernel.release, &one.kernel.release);
            rank(one).cmp(&rank(other)).then_with(newest)
        });
        candidates
    }

    /// What is installed of a build of the source as it is now, if that is all that this kernel is to have.
    fn whole(&self, source: &Target, examined: &Examined) -> Option<Manifest> {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        let build = self.builds.get(source)?;
        let record: BuildRecord = record::load(root, &layout.record(source))?;
        let manifest: Manifest = record::load(root, &layout.manifest(source))?;
        let mut wanted: Vec<&str> =
            examined.exclusion.built().map(|index| examined.config.records[index].dest_name.as_str()).collect();
        let mut placed: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        wanted.sort_unstable();
        placed.sort_unstable();
        let is_same = !record.custom && record.fingerprint.source.content == examined.fingerprint.source.content;
        let condition = Condition::of(self.setup, build, Some(&record.objects), Some(&manifest));
        (is_same && wanted == placed && condition.placed == Integrity::Whole).then_some(manifest)
    }

    /// The build of a module that a kernel has or will have.
    fn at_hand(&mut self, facts: &Facts, name: &str, kernel: &KernelId) -> Result<Option<Target>, Error> {
        if let Some(module) = facts.installed_version(name, kernel) {
            return Ok(Some(Target::new(module.clone(), kernel.clone())));
        }
        let of_name = facts.modules.keys().filter(|module| module.name == name && !facts.retiring.contains(module));
        let highest = of_name.max_by(|one, other| dkms_conf::version::compare(&one.version, &other.version));
        let Some(module) = highest.cloned() else { return Ok(None) };
        let found = self.candidate(facts, &Target::new(module.clone(), kernel.clone()))?;
        Ok(found.candidate.map(|candidate| Target::new(module, candidate.kernel)))
    }
}

/// What a target is to be, if weak links may stand for it.
fn eligible<'f>(facts: &'f Facts, target: &Target) -> Option<&'f Examined> {
    let known = facts.targets.get(target)?;
    let Configuration::Examined(examined) = &known.configuration else { return None };
    let may = known.state == State::Absent
        && facts.kernels.contains_key(&target.kernel)
        && facts.modules.get(&target.module) == Some(&Registration::Added)
        && !examined.config.no_weak_modules
        && examined.exclusion.package.is_none();
    may.then_some(examined)
}
