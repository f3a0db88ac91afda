//! Which kernel's modules another kernel could have as they are.
//!
//! Looked at only where a module is not built for a kernel. What is lent is what the registered source made, whole, and
//! every symbol version that it needs is there: the kernel's own, or that of a module that it depends on.

use std::collections::BTreeMap;

use super::links;
use super::symbol_versions::{Interface, Versions};
use crate::error::Error;
use crate::facts::condition::{Condition, Wholeness};
use crate::facts::tree::{BuiltTarget, Tree};
use crate::facts::{Configuration, Examined, Facts, Lender, Registration, State, kernels};
use crate::record::{self, BuildRecord, Manifest};
use crate::setup::Setup;
use crate::target::{KernelId, Target};

/// Notes what is on loan and what could be.
pub(in crate::facts) fn examine(setup: &Setup, tree: &Tree, facts: &mut Facts) -> Result<(), Error> {
    if !setup.distribution.has_weak_updates() {
        return Ok(());
    }
    for (target, from) in links::gather(setup, tree)? {
        facts.targets.entry(target).or_default().borrowed = Some(from);
    }
    if setup.no_weak_modules() {
        return Ok(());
    }
    let wanted: Vec<Target> = facts.targets.keys().cloned().collect();
    let mut market = Market::new(setup, tree);
    for target in &wanted {
        let lender = market.lender(facts, target)?;
        if let Some(known) = facts.targets.get_mut(target) {
            known.lender = lender;
        }
    }
    Ok(())
}

/// Compares modules with kernels; what a kernel offers is read once.
#[derive(Debug)]
pub struct Judge<'a> {
    setup: &'a Setup,
    interfaces: BTreeMap<String, Option<Interface>>,
}

impl<'a> Judge<'a> {
    /// Nothing is read yet.
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, interfaces: BTreeMap::new() }
    }

    /// Why the modules of `lender` do not work with another kernel, if they do not. `dependencies` are builds of modules
    /// that this kernel has.
    ///
    /// # Errors
    /// `Io`; `ModuleUnreadable`.
    pub fn objection(
        &mut self,
        lender: &Target,
        manifest: &Manifest,
        borrower: &KernelId,
        dependencies: &[Target],
    ) -> Result<Option<String>, Error> {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        let release = &borrower.release;
        if !self.interfaces.contains_key(release) {
            let directory = kernels::directory(self.setup, release);
            self.interfaces.insert(release.clone(), Interface::gather(root, &directory, release)?);
        }
        let Some(Some(interface)) = self.interfaces.get(release) else {
            return Ok(Some("nothing tells the versions of the kernel's symbols".into()));
        };
        let directory = kernels::directory(self.setup, release);
        let lent = links::lent_files(self.setup, &lender.module.name)?;
        for link in links::links(root, &directory)? {
            let is_others = root.canonical(&link).is_some_and(|end| !lent.contains(&end));
            if is_others && manifest.files.iter().any(|file| file.is_called_like(&link)) {
                return Ok(Some(format!("`{}` is somebody else's", link.display())));
            }
        }
        let table = |target: &Target| Versions::read(root, &layout.objects(target).join("Module.symvers"));
        let others: Vec<Versions> = std::iter::once(lender).chain(dependencies).map(table).collect();
        for file in &manifest.files {
            if let Some(objection) = interface.objection(root, &file.path, &others)? {
                return Ok(Some(objection));
            }
        }
        Ok(None)
    }
}

/// Finds a lender for each target.
struct Market<'a> {
    setup: &'a Setup,
    builds: BTreeMap<&'a Target, &'a BuiltTarget>,
    judge: Judge<'a>,
    found: BTreeMap<Target, Option<Lender>>,
}

impl<'a> Market<'a> {
    fn new(setup: &'a Setup, tree: &'a Tree) -> Self {
        let builds = tree.builds().map(|build| (&build.target, build)).collect();
        Self { setup, builds, judge: Judge::new(setup), found: BTreeMap::new() }
    }

    fn lender(&mut self, facts: &Facts, target: &Target) -> Result<Option<Lender>, Error> {
        if let Some(found) = self.found.get(target) {
            return Ok(found.clone());
        }
        // Who depends on himself gets nothing.
        self.found.insert(target.clone(), None);
        let lender = match borrowing(facts, target) {
            Some(examined) => self.find(facts, target, examined)?,
            None => None,
        };
        self.found.insert(target.clone(), lender.clone());
        Ok(lender)
    }

    fn find(&mut self, facts: &Facts, target: &Target, examined: &Examined) -> Result<Option<Lender>, Error> {
        let lenders = self.candidates(facts, target);
        if lenders.is_empty() {
            return Ok(None);
        }
        let mut dependencies = Vec::new();
        for name in &examined.config.build_depends {
            dependencies.extend(self.at_hand(facts, name, &target.kernel)?);
        }
        for lender in lenders {
            let source = Target::new(target.module.clone(), lender.kernel.clone());
            let Some(manifest) = self.whole(&source, examined) else { continue };
            match self.judge.objection(&source, &manifest, &target.kernel, &dependencies)? {
                None => return Ok(Some(lender)),
                Some(objection) => log::debug!("{source} is not lent to {}: {objection}", target.kernel.release),
            }
        }
        Ok(None)
    }

    /// Kernels that have the module, the best one first: the one whose modules are on loan already, then the newest. One
    /// that is gone lends to nobody else.
    fn candidates(&self, facts: &Facts, target: &Target) -> Vec<Lender> {
        let borrowed = facts.targets.get(target).and_then(|known| known.borrowed.as_ref());
        let of_module = self.builds.values().filter(|build| {
            let KernelId { release, arch } = &build.target.kernel;
            build.state == State::Installed
                && build.target.module == target.module
                && *arch == target.kernel.arch
                && *release != target.kernel.release
        });
        let mut lenders: Vec<Lender> = of_module
            .map(|build| {
                let kernel = build.target.kernel.clone();
                let is_gone = !kernels::has_image(self.setup, &kernels::directory(self.setup, &kernel.release));
                Lender { kernel, is_gone }
            })
            .filter(|lender| !lender.is_gone || borrowed == Some(&lender.kernel))
            .collect();
        lenders.sort_by(|one, other| {
            let rank = |lender: &Lender| (lender.is_gone, borrowed != Some(&lender.kernel));
            let newest = || dkms_conf::version::compare(&other.kernel.release, &one.kernel.release);
            rank(one).cmp(&rank(other)).then_with(newest)
        });
        lenders
    }

    /// What is installed of a build of the source as it is now, if that is all that this kernel is to have.
    fn whole(&self, lender: &Target, examined: &Examined) -> Option<Manifest> {
        let (root, layout) = (&self.setup.root, &self.setup.layout);
        let build = self.builds.get(lender)?;
        let record: BuildRecord = record::load(root, &layout.record(lender))?;
        let manifest: Manifest = record::load(root, &layout.manifest(lender))?;
        let mut wanted: Vec<&str> =
            examined.exclusion.built().map(|index| examined.config.records[index].dest_name.as_str()).collect();
        let mut placed: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        wanted.sort_unstable();
        placed.sort_unstable();
        let is_same = !record.custom && record.fingerprint.source.content == examined.fingerprint.source.content;
        let condition = Condition::of(self.setup, build, Some(&record.objects), Some(&manifest));
        (is_same && wanted == placed && condition.placed == Wholeness::Whole).then_some(manifest)
    }

    /// The build of a module that a kernel has or will have.
    fn at_hand(&mut self, facts: &Facts, name: &str, kernel: &KernelId) -> Result<Option<Target>, Error> {
        if let Some(module) = facts.installed_version(name, kernel) {
            return Ok(Some(Target::new(module.clone(), kernel.clone())));
        }
        let of_name = facts.modules.keys().filter(|module| module.name == name && !facts.retiring.contains(module));
        let highest = of_name.max_by(|one, other| dkms_conf::version::compare(&one.version, &other.version));
        let Some(module) = highest.cloned() else { return Ok(None) };
        let lender = self.lender(facts, &Target::new(module.clone(), kernel.clone()))?;
        Ok(lender.map(|lender| Target::new(module, lender.kernel)))
    }
}

/// What a target is to be, if it may be borrowed.
fn borrowing<'f>(facts: &'f Facts, target: &Target) -> Option<&'f Examined> {
    let known = facts.targets.get(target)?;
    let Configuration::Examined(examined) = &known.configuration else { return None };
    let may = known.state == State::Absent
        && facts.kernels.contains_key(&target.kernel)
        && facts.modules.get(&target.module) == Some(&Registration::Added)
        && !examined.config.no_weak_modules
        && examined.exclusion.package.is_none();
    may.then_some(examined)
}
