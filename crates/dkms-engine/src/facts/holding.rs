//! What an installed build has in its kernel's directory, what it left to other modules there, and by whose wish.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::condition;
use super::package;
use super::tree::{BuiltTarget, Tree};
use super::{Facts, TargetFacts, Wishes};
use crate::record::Manifest;
use crate::setup::{Options, Setup};
use crate::target::{KernelId, ModuleId};

/// What the original installed counts as older than anything that we saw a person install.
pub(crate) const BY_THE_ORIGINAL: u64 = 0;

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

/// What the options of the run wish for, and the choices that were made before it.
pub(super) fn wishes(setup: &Setup, tree: &Tree) -> Wishes {
    let Options { force, version_override, by_person, .. } = setup.options;
    let latest = || tree.builds().filter_map(|build| condition::manifest(setup, build)?.chosen).max();
    let latest_choice = if by_person { latest().unwrap_or_default() } else { 0 };
    Wishes { force, version_override, by_person, latest_choice }
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

/// The packages of modules that a person may want to choose among.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{self, Format};
    use crate::target::Target;
    use crate::testing;

    #[test]
    fn the_last_choice_is_looked_for_where_a_person_may_choose() {
        let (_directory, mut setup) = testing::setup();
        for (name, chosen) in [("a", Some(3)), ("b", None), ("c", Some(2))] {
            let kernel = KernelId::new("6.1", "x86_64").unwrap();
            let target = Target::new(ModuleId::new(name, "1").unwrap(), kernel);
            let object = setup.layout.objects(&target).join("x.ko");
            testing::write(&setup, object.to_str().unwrap(), "module");
            let link = setup.layout.active_link(name, &target.kernel);
            let root = setup.root.writable();
            root.symlink(std::path::Path::new("1/6.1/x86_64"), &link).unwrap();
            let manifest = Manifest { format: Format, chosen, ..Manifest::default() };
            record::store(&root, &setup.layout.manifest(&target), &manifest).unwrap();
        }
        let tree = Tree::gather(&setup).unwrap();
        assert_eq!(wishes(&setup, &tree), Wishes::default());
        setup.options = Options { by_person: true, force: true, ..Options::default() };
        let expected = Wishes { by_person: true, force: true, latest_choice: 3, ..Wishes::default() };
        assert_eq!(wishes(&setup, &tree), expected);
    }
}
