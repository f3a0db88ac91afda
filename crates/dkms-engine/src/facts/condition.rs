//! Whether the objects of a build are still what was built, and the placed files what was placed.
//!
//! For our own builds the records answer: one `stat` a file, and only a doubt makes it read. A build of the original
//! has no records; its objects are compared byte by byte with what lies where such modules are placed. No configuration
//! is evaluated for that: where an author's own directory counts, depmod's list of files says where the module is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::facts::State;
use crate::facts::kernels;
use crate::facts::tree::BuiltTarget;
use crate::module_file::compression::Compression;
use crate::record::{self, FileRecord, Manifest, ObjectRecord};
use crate::setup::Setup;
use crate::system::root::Root;
use crate::target::Target;

/// State of a set of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Integrity {
    /// All there, all as they should be.
    #[default]
    Whole,
    /// One is not what it should be.
    Altered,
    /// One is gone.
    Missing,
}

/// What has become of one build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The objects kept in the tree.
    pub objects: Integrity,
    /// The files placed in the kernel's module directory; `Whole` if it is not installed.
    pub placed: Integrity,
    /// At least one object was kept out by the rules of versions. It is not lost: nothing would be gained by installing
    /// again, but what is built and what is installed differ.
    pub refused: bool,
}

/// The part of a build's record that is needed here; the rest is passed over unread.
#[derive(Deserialize)]
struct Recorded {
    objects: Vec<ObjectRecord>,
}

impl Condition {
    /// Looks at the files of one build.
    pub fn gather(setup: &Setup, build: &BuiltTarget) -> Self {
        let recorded = record::load::<Recorded>(&setup.root, &build.directory.join(".record.json"));
        let manifest = manifest(setup, build);
        Self::of(setup, build, recorded.as_ref().map(|recorded| &*recorded.objects), manifest.as_ref())
    }

    /// The same for those who know what was recorded of the build.
    pub fn of(
        setup: &Setup,
        build: &BuiltTarget,
        recorded: Option<&[ObjectRecord]>,
        manifest: Option<&Manifest>,
    ) -> Self {
        let root = &setup.root;
        let directory = build.directory.join("module");
        let objects = match recorded {
            Some(recorded) => recorded_objects(root, &directory, recorded),
            // How many there should be is not known, but none is too few.
            None if found_objects(root, &directory).is_empty() => Integrity::Missing,
            None => Integrity::Whole,
        };
        if build.state != State::Installed {
            return Self { objects, ..Self::default() };
        }
        match (recorded, manifest) {
            (Some(recorded), Some(manifest)) => {
                Self { objects, placed: placed_by_us(root, recorded, manifest), refused: !manifest.refused.is_empty() }
            }
            _ => Self { objects, placed: placed_by_the_original(setup, build, &directory), refused: false },
        }
    }

    /// Whether `status` says that a built module is gone.
    pub fn is_missing_objects(&self) -> bool {
        self.objects == Integrity::Missing
    }

    /// Whether `status` says that built and installed modules differ.
    pub fn differs(&self) -> bool {
        !self.is_missing_objects()
            && (self.objects != Integrity::Whole || self.placed != Integrity::Whole || self.refused)
    }
}

/// Which files of an installed build are where; none of what is only built, or was installed by the original.
pub fn manifest(setup: &Setup, build: &BuiltTarget) -> Option<Manifest> {
    let installed = build.state == State::Installed;
    installed.then(|| record::load(&setup.root, &build.directory.join(".installed.json"))).flatten()
}

/// Names of the objects that are kept of a build.
pub fn kept(setup: &Setup, build: &BuiltTarget) -> Vec<String> {
    found_objects(&setup.root, &build.directory.join("module")).into_iter().map(|(name, _)| name).collect()
}

fn worst(states: impl Iterator<Item = Integrity>) -> Integrity {
    states.max().unwrap_or_default()
}

fn recorded_objects(root: &Root, directory: &Path, objects: &[ObjectRecord]) -> Integrity {
    worst(objects.iter().map(|object| compared(root, &directory.join(&object.file), &object.content)))
}

/// What was built has to be placed, and to be the same.
fn placed_by_us(root: &Root, objects: &[ObjectRecord], manifest: &Manifest) -> Integrity {
    worst(objects.iter().map(|object| {
        let Some(file) = manifest.files.iter().find(|file| file.name == object.name) else {
            let refused = manifest.refused.iter().any(|refusal| refusal.name == object.name);
            return if refused { Integrity::Whole } else { Integrity::Missing };
        };
        let now = compared(root, &file.path, &file.content);
        // Built again since, and not placed again.
        if file.content.sha256 == object.content.sha256 { now } else { now.max(Integrity::Altered) }
    }))
}

/// One `stat`, where that leaves no doubt.
fn compared(root: &Root, path: &Path, record: &FileRecord) -> Integrity {
    match root.meta(path) {
        None => Integrity::Missing,
        Some(meta) if record.untouched(&meta) || record.holds(root, path) => Integrity::Whole,
        Some(_) => Integrity::Altered,
    }
}

fn placed_by_the_original(setup: &Setup, build: &BuiltTarget, directory: &Path) -> Integrity {
    let root = &setup.root;
    let kernel = kernels::directory(setup, &build.target.kernel.release);
    worst(found_objects(root, directory).iter().map(|(name, file)| match placed_file(setup, &kernel, name) {
        None => Integrity::Missing,
        Some(placed) if root.is_same_content(&directory.join(file), &placed) => Integrity::Whole,
        Some(_) => Integrity::Altered,
    }))
}

/// Module names and file names of the objects in a directory.
fn found_objects(root: &Root, directory: &Path) -> Vec<(String, String)> {
    let entries = root.list(directory).unwrap_or_default();
    let names = entries.into_iter().filter_map(|(name, _)| name.into_string().ok());
    names.filter_map(|file| Some((Compression::of_file_name(&file)?.0.to_owned(), file.clone()))).collect()
}

/// Where a module of ours lies: in the directory that is imposed on all of them, else where depmod saw it.
pub fn placed_file(setup: &Setup, kernel: &Path, name: &str) -> Option<PathBuf> {
    let root = &setup.root;
    let imposed = setup.addon_directory.as_deref().or_else(|| setup.distribution.imposed_destination());
    let with_suffix = |stem: &Path| {
        Compression::ALL
            .into_iter()
            .map(|compression| PathBuf::from(format!("{}.ko{}", stem.display(), compression.suffix())))
            .find(|path| root.is_file(path))
    };
    if let Some(found) = imposed.and_then(|place| with_suffix(&kernel.join(place.trim_matches('/')).join(name))) {
        return Some(found);
    }
    let list = root.read_to_string(&kernel.join("modules.dep")).ok()?;
    let paths = list.lines().filter_map(|line| line.split_once(':').map(|(path, _)| path));
    let is_it = |path: &&str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        Compression::of_file_name(file).is_some_and(|(found, _)| found == name)
    };
    paths.filter(is_it).map(|path| kernel.join(path)).find(|path| root.is_file(path))
}

/// Whether a run was cut off in the middle of this target.
pub fn is_half_done(setup: &Setup, target: &Target) -> bool {
    setup.root.link_meta(&setup.layout.journal(target)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Format, PlacedFile, Refusal};
    use crate::setup::distribution::Distribution;
    use crate::target::{KernelId, ModuleId, Target};
    use crate::testing;

    const BUILT: &str = "/var/lib/dkms/m/1/6.1/x86_64/module/m.ko";
    const PLACED: &str = "/lib/modules/6.1/updates/dkms/m.ko";

    struct Scene {
        _directory: tempfile::TempDir,
        setup: Setup,
        build: BuiltTarget,
    }

    impl Scene {
        /// A build of the original, installed.
        fn new() -> Self {
            let (directory, setup) = testing::setup();
            testing::write(&setup, BUILT, "object");
            testing::write(&setup, PLACED, "object");
            let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
            let directory_built = setup.layout.built(&target);
            let build =
                BuiltTarget { target, directory: directory_built, state: State::Installed, original_exists: false };
            Self { _directory: directory, setup, build }
        }

        /// The same with records of ours.
        fn recorded() -> Self {
            let scene = Self::new();
            let measure = |path: &str| FileRecord::measure(&scene.setup.root, Path::new(path)).unwrap();
            let object = ObjectRecord { name: "m".into(), file: "m.ko".into(), content: measure(BUILT) };
            // Fields that are not needed here need not be understood.
            let record = serde_json::json!({ "format": Format, "future": 1, "objects": [object] });
            let placed = PlacedFile { name: "m".into(), path: PLACED.into(), link: false, content: measure(PLACED) };
            let manifest = Manifest { format: Format, files: vec![placed], ..Manifest::default() };
            let directory = "/var/lib/dkms/m/1/6.1/x86_64";
            testing::write(&scene.setup, &format!("{directory}/.record.json"), record.to_string());
            let manifest = serde_json::to_string(&manifest).unwrap();
            testing::write(&scene.setup, &format!("{directory}/.installed.json"), manifest);
            scene
        }

        fn condition(&self) -> (Integrity, Integrity) {
            let condition = Condition::gather(&self.setup, &self.build);
            (condition.objects, condition.placed)
        }

        fn write(&self, path: &str, content: &str) {
            testing::write(&self.setup, path, content);
        }

        fn remove(&self, path: &str) {
            self.setup.root.writable().remove_file(Path::new(path)).unwrap();
        }
    }

    #[test]
    fn with_and_without_records_the_same_is_seen() {
        use Integrity::{Altered, Missing, Whole};
        for make in [Scene::new, Scene::recorded] {
            let scene = make();
            assert_eq!(scene.condition(), (Whole, Whole));
            scene.write(PLACED, "other!");
            assert_eq!(scene.condition(), (Whole, Altered));
            scene.remove(PLACED);
            assert_eq!(scene.condition(), (Whole, Missing));
            let scene = make();
            scene.remove(BUILT);
            assert_eq!(scene.condition().0, Missing);
            let mut scene = make();
            scene.remove(PLACED);
            scene.build.state = State::Built;
            assert_eq!(scene.condition(), (Whole, Whole), "what is not installed needs no placed file");
        }
    }

    #[test]
    fn a_refused_object_is_not_lost_but_makes_a_difference() {
        let scene = Scene::recorded();
        let refused = vec![Refusal { name: "m".into(), reason: "older".into(), owner: None }];
        let manifest = Manifest { format: Format, refused, ..Manifest::default() };
        let manifest = serde_json::to_string(&manifest).unwrap();
        scene.write("/var/lib/dkms/m/1/6.1/x86_64/.installed.json", &manifest);
        let condition = Condition::gather(&scene.setup, &scene.build);
        assert_eq!((condition.placed, condition.refused, condition.differs()), (Integrity::Whole, true, true));
    }

    #[test]
    fn the_same_content_under_another_inode_is_whole() {
        let scene = Scene::recorded();
        scene.write(BUILT, "object");
        scene.write(PLACED, "object");
        assert_eq!(scene.condition(), (Integrity::Whole, Integrity::Whole));
        scene.write(BUILT, "object rebuilt");
        assert_eq!(scene.condition().0, Integrity::Altered);
    }

    #[test]
    fn a_module_in_its_own_directory_is_found_through_the_list_of_depmod() {
        let mut scene = Scene::new();
        scene.setup.distribution = Distribution::parse("ID=void");
        assert_eq!(scene.condition().1, Integrity::Missing);
        scene.write("/lib/modules/6.1/kernel/drivers/net/m.ko", "object");
        scene.write("/lib/modules/6.1/modules.dep", "kernel/fs/xm.ko:\nkernel/drivers/net/m.ko: kernel/fs/xm.ko\n");
        assert_eq!(scene.condition().1, Integrity::Whole);
    }
}
