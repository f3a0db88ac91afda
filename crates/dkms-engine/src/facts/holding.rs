//! What an installed build has in its kernel's directory, what it left to other modules there, and by whose wish.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::condition;
use super::package;
use super::tree::{BuiltTarget, Tree};
use super::{Facts, TargetFacts};
use crate::record::Manifest;
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};

/// What the original installed counts as older than anything that we saw a person install.
const BY_THE_ORIGINAL: u64 = 0;

impl TargetFacts {
    /// Takes note of an installation. One of the original keeps no list: all that was built is taken for placed, and the
    /// module that has its files there is the one that was installed last.
    pub(super) fn note_placed(&mut self, setup: &Setup, build: &BuiltTarget, manifest: Option<Manifest>) {
        match manifest {
            Some(manifest) => {
                self.placed = manifest.files.into_iter().map(|file| file.name).collect();
                let yielded = manifest.refused.into_iter().filter_map(|refusal| Some((refusal.name, refusal.owner?)));
                self.yielded = yielded.collect();
                self.chosen = manifest.chosen;
            }
            None if build.state == super::State::Installed => {
                self.placed = condition::kept(setup, build).into_iter().collect();
                self.chosen = (!self.placed_lost).then_some(BY_THE_ORIGINAL);
            }
            None => {}
        }
    }
}

/// Which module has the place of an object: by kernel and name of the object.
pub type Owners = BTreeMap<(KernelId, String), ModuleId>;

/// The owners of everything that was installed by us.
pub fn owners(setup: &Setup, tree: &Tree) -> Owners {
    let mut owners = Owners::new();
    for build in tree.builds() {
        let files = condition::manifest(setup, build).map(|manifest| manifest.files).unwrap_or_default();
        for file in files {
            owners.insert((build.target.kernel.clone(), file.name), build.target.module.clone());
        }
    }
    owners
}

/// Objects of a build whose places other modules have.
pub fn lost(setup: &Setup, build: &BuiltTarget, owners: &Owners) -> Vec<(String, ModuleId)> {
    let owner = |object: &String| owners.get(&(build.target.kernel.clone(), object.clone())).cloned();
    let lost = condition::kept(setup, build).into_iter().filter_map(|object| Some((owner(&object)?, object)));
    lost.filter(|(owner, _)| owner.name != build.target.module.name).map(|(owner, object)| (object, owner)).collect()
}

/// The packages of modules that somebody may want to choose among.
fn packages(setup: &Setup, facts: &Facts, names: &BTreeSet<String>) -> BTreeMap<ModuleId, String> {
    let modules = facts.modules.keys().filter(|module| names.contains(&module.name));
    let conf = |module: &ModuleId| setup.root.canonical(&setup.layout.source_link(module).join("dkms.conf"));
    let paths: BTreeMap<PathBuf, &ModuleId> = modules.filter_map(|module| Some((conf(module)?, module))).collect();
    if paths.is_empty() {
        return BTreeMap::new();
    }
    let owners = package::owners(setup, &paths.keys().cloned().collect());
    owners.into_iter().map(|(path, package)| (paths[&path].clone(), package.name)).collect()
}

/// A person's choice of one module over another holds for every version of it, and for kernels for which none was made.
/// Looked at only where two modules build an object of the same name.
pub(super) fn spread_choices(setup: &Setup, tree: &Tree, facts: &mut Facts) {
    let contested = contested(facts);
    facts.packages = packages(setup, facts, &contested);
    for name in contested {
        let manifests = tree.builds().filter(|build| build.target.module.name == name);
        let latest = manifests.filter_map(|build| condition::manifest(setup, build)?.chosen).max();
        let own: BTreeMap<KernelId, u64> = facts
            .targets
            .iter()
            .filter(|(target, _)| target.module.name == name)
            .filter_map(|(target, known)| Some((target.kernel.clone(), known.chosen?)))
            .collect();
        for (target, known) in facts.targets.iter_mut().filter(|(target, _)| target.module.name == name) {
            known.chosen = own.get(&target.kernel).copied().or(latest);
        }
    }
}

/// Names of modules that build, for a kernel that is looked at, what another one builds too.
fn contested(facts: &Facts) -> BTreeSet<String> {
    let mut builders: BTreeMap<(&KernelId, &str), BTreeSet<&str>> = BTreeMap::new();
    for (target, known) in facts.targets.iter().filter(|(target, _)| facts.kernels.contains_key(&target.kernel)) {
        for object in known.objects() {
            builders.entry((&target.kernel, object)).or_default().insert(&target.module.name);
        }
    }
    let several = builders.into_values().filter(|modules| modules.len() > 1);
    several.flatten().map(str::to_owned).collect()
}
