//! What our own run changed in the source of a module is not news to the next one.
//!
//! Scripts of a module run in its source (POST_ADD, PRE_INSTALL, POST_INSTALL, POST_REMOVE) and may write there; so may a
//! build, where it cannot have mounts of its own. The source is looked at right before and right after. A build that was
//! made of exactly the source before is recorded with the source after. Whatever else changes, at any other time, makes the
//! source another one than the one before or the one recorded, so that a person's edit is never taken for ours.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Error;
use crate::facts::fingerprint::SourceTree;
use crate::facts::tree::Tree;
use crate::fingerprint::{Fingerprint, Part};
use crate::record::{self, BuildRecord, FailureRecord};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::ModuleId;

/// The changes of one run, in their order.
#[derive(Debug, Default)]
pub(super) struct OwnChanges {
    sources: Vec<(ModuleId, String, Part)>,
    /// Contents of whole fingerprints, which those who depend on a module have recorded: before and after.
    contents: BTreeMap<String, String>,
}

impl OwnChanges {
    /// A source had this stamp, and is this since. Everything that is recorded of it follows.
    pub(super) fn note(&mut self, setup: &Setup, guard: &Guard, module: &ModuleId, before: &str, after: Part) {
        self.sources.push((module.clone(), before.to_owned(), after));
        if let Err(error) = self.carry_over(setup, guard, module) {
            // Costs a build that would not be needed.
            log::warn!("what the build of {module} changed in its source will count as a change: {error}");
        }
    }

    /// Takes a fingerprint of before to what it is after all changes.
    pub(super) fn apply(&self, module: &ModuleId, fingerprint: &mut Fingerprint) {
        for (whose, before, after) in &self.sources {
            if whose == module && fingerprint.source.stamp == *before {
                fingerprint.source = after.clone();
            }
        }
        for content in fingerprint.depends.values_mut() {
            // As often as it changed, and no circle.
            for _ in 0..self.contents.len() {
                match self.contents.get(content) {
                    Some(after) => content.clone_from(after),
                    None => break,
                }
            }
        }
    }

    fn carry_over(&mut self, setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
        let root = guard.root();
        let tree = Tree::gather(setup)?;
        let (own, others): (Vec<_>, Vec<_>) = tree.builds().partition(|build| build.target.module == *module);
        // First its own, whose contents the others may have recorded.
        for build in own.into_iter().chain(others) {
            let path = build.directory.join(".record.json");
            let Some(mut record) = record::load::<BuildRecord>(root, &path) else { continue };
            let before = record.fingerprint.clone();
            self.apply(&build.target.module, &mut record.fingerprint);
            if record.fingerprint != before {
                self.note_content(&before, &record.fingerprint);
                record::store(root, &path, &record)?;
            }
        }
        self.failures(setup, guard, &setup.layout.failed_module(module), module, 0)
    }

    fn failures(
        &mut self,
        setup: &Setup,
        guard: &Guard,
        directory: &Path,
        module: &ModuleId,
        depth: usize,
    ) -> Result<(), Error> {
        let path = directory.join("record.json");
        if setup.root.is_file(&path) {
            let Some(mut record) = record::load::<FailureRecord>(&setup.root, &path) else { return Ok(()) };
            let before = record.fingerprint.clone();
            self.apply(module, &mut record.fingerprint);
            if record.fingerprint != before {
                record::store(guard.root(), &path, &record)?;
            }
        } else if depth < 2 {
            // Kernel and architecture.
            for (name, _) in setup.root.list(directory)? {
                self.failures(setup, guard, &directory.join(name), module, depth + 1)?;
            }
        }
        Ok(())
    }

    fn note_content(&mut self, before: &Fingerprint, after: &Fingerprint) {
        let (before, after) = (before.content(), after.content());
        if before != after {
            self.contents.insert(before, after);
        }
    }
}

/// Does something that may change the source of a module; gives the change, if there was one.
pub(super) fn watched<T>(setup: &Setup, module: &ModuleId, act: impl FnOnce() -> T) -> (T, Option<(String, Part)>) {
    let before = SourceTree::look(setup, module);
    let result = act();
    let change = || {
        let (before, after) = (before.ok()?, SourceTree::look(setup, module).ok()?);
        (before.stamp() != after.stamp()).then_some(())?;
        // One that is being changed right now is left to the next run.
        Some((before.stamp().to_owned(), after.part(&setup.root).ok()?))
    };
    (result, change())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{KernelId, Target};
    use crate::testing;

    fn target(name: &str) -> Target {
        Target::new(ModuleId::new(name, "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap())
    }

    fn fingerprint(stamp: &str) -> Fingerprint {
        let source = Part { stamp: stamp.into(), content: format!("content of {stamp}") };
        Fingerprint { source, ..Fingerprint::default() }
    }

    struct Scene {
        _directory: tempfile::TempDir,
        setup: Setup,
        guard: Guard,
    }

    impl Scene {
        fn new() -> Self {
            let (directory, setup) = testing::setup();
            let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
            Self { _directory: directory, setup, guard }
        }

        fn record(&self, name: &str, fingerprint: Fingerprint) {
            let record = testing::build_record(fingerprint, testing::module_config());
            let target = target(name);
            self.setup.root.writable().create_dir_all(&self.setup.layout.objects(&target)).unwrap();
            record::store(&self.setup.root.writable(), &self.setup.layout.record(&target), &record).unwrap();
        }

        fn recorded(&self, name: &str) -> Fingerprint {
            let path = self.setup.layout.record(&target(name));
            record::load::<BuildRecord>(&self.setup.root, &path).unwrap().fingerprint
        }

        fn note(&self, changes: &mut OwnChanges, before: &str, after: &str) {
            let after = fingerprint(after).source;
            changes.note(&self.setup, &self.guard, &target("m").module, before, after);
        }
    }

    #[test]
    fn what_is_recorded_follows_with_those_who_depend_on_it() {
        let scene = Scene::new();
        scene.record("m", fingerprint("1"));
        let mut dependant = fingerprint("d");
        dependant.depends.insert("m".into(), fingerprint("1").content());
        scene.record("a", dependant.clone());
        let mut changes = OwnChanges::default();
        scene.note(&mut changes, "1", "2");
        scene.note(&mut changes, "2", "3");
        assert_eq!(scene.recorded("m"), fingerprint("3"));
        assert_eq!(scene.recorded("a").depends["m"], fingerprint("3").content());
        changes.apply(&target("a").module, &mut dependant);
        assert_eq!(dependant, scene.recorded("a"));
    }

    #[test]
    fn an_edit_in_between_is_not_taken_for_ours() {
        let scene = Scene::new();
        scene.record("m", fingerprint("1"));
        let mut changes = OwnChanges::default();
        scene.note(&mut changes, "edited", "2");
        assert_eq!(scene.recorded("m"), fingerprint("1"));
        scene.note(&mut changes, "1", "2");
        scene.note(&mut changes, "edited after that", "3");
        assert_eq!(scene.recorded("m"), fingerprint("2"));
    }

    #[test]
    fn only_a_change_while_it_is_watched_is_one() {
        let scene = Scene::new();
        let (setup, module) = (&scene.setup, target("m").module);
        testing::write(setup, "/usr/src/m-1/m.c", "1");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        assert!(watched(setup, &module, || testing::write(setup, "/usr/src/m-1/m.c~", "x")).1.is_none());
        let before = SourceTree::look(setup, &module).unwrap();
        let (_, change) = watched(setup, &module, || testing::write(setup, "/usr/src/m-1/m.c", "22"));
        let after = SourceTree::look(setup, &module).unwrap().part(&setup.root).unwrap();
        assert_eq!(change, Some((before.stamp().to_owned(), after)));
    }
}
