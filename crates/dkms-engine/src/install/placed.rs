//! Files of ours below a kernel's directory: which ones they are, and whether they still are what we put there.
//!
//! The manifest of an installation says it. An installation of the original has none: its files are then found where
//! it would have put them, and recognized by being a link into the build, by content or by version.

use std::path::{Path, PathBuf};

use dkms_conf::module_config::ModuleConfig;

use super::destination;
use super::session::Session;
use crate::error::Error;
use crate::layout::Layout;
use crate::module_file::compression::Compression;
use crate::module_file::info::ModuleInfo;
use crate::record::{self, FileRecord, Manifest, PlacedFile};
use crate::system::root::{Kind, Root};
use crate::target::{KernelId, ModuleId, Target};

/// Whether the file is what was placed.
pub(crate) fn is_intact(root: &Root, layout: &Layout, target: &Target, file: &PlacedFile) -> bool {
    if file.link {
        return root.read_link(&file.path).is_some_and(|text| text == object_of(layout, target, &file.path));
    }
    root.link_meta(&file.path).is_some_and(|meta| meta.kind == Kind::File) && file.content.holds(root, &file.path)
}

/// The kept object that a placed file was made of.
pub(crate) fn object_of(layout: &Layout, target: &Target, placed: &Path) -> PathBuf {
    layout.objects(target).join(placed.file_name().unwrap_or_default())
}

/// The version that is active for a kernel; links that lead elsewhere count as none.
pub(crate) fn active_version(root: &Root, layout: &Layout, name: &str, kernel: &KernelId) -> Option<ModuleId> {
    let link = layout.active_link(name, kernel);
    let leads_to = root.is_link(&link).then(|| root.canonical(&link)).flatten()?;
    let tree = root.canonical(&layout.module(name))?;
    let version = leads_to.strip_prefix(tree).ok()?.components().next()?.as_os_str().to_str()?.to_owned();
    let module = ModuleId::new(name, &version).ok()?;
    let built = root.canonical(&layout.built(&Target::new(module.clone(), kernel.clone())))?;
    (built == leads_to).then_some(module)
}

/// The files of an installation. `config` helps to find those of the original.
pub(super) fn files_of(
    session: &mut Session<'_>,
    target: &Target,
    kernel_directory: &Path,
    config: Option<&ModuleConfig>,
) -> Result<Vec<PlacedFile>, Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    if let Some(manifest) = record::load::<Manifest>(root, &layout.manifest(target)) {
        return Ok(manifest.files);
    }
    if active_version(root, layout, &target.module.name, &target.kernel).as_ref() != Some(&target.module) {
        return Ok(Vec::new());
    }
    let objects = layout.objects(target);
    let mut files = Vec::new();
    for (file, _) in root.list(&objects)? {
        let Some(name) = file.to_str().and_then(Compression::of_file_name).map(|(name, _)| name.to_owned()) else {
            continue;
        };
        let object = objects.join(&file);
        let places = destination::candidates(session.setup, kernel_directory, &name, config);
        let found = session.found(kernel_directory, &name)?;
        for path in found {
            let expected = path.parent().is_some_and(|parent| places.iter().any(|place| place == parent));
            if let Some(link) = made_of(root, &object, &path, expected) {
                let content = FileRecord::measure(root, &path)?;
                files.push(PlacedFile { name: name.clone(), path, link, content });
            }
        }
    }
    Ok(files)
}

/// Whether `path` was made of `object`: `Some(true)` for a link to it, `Some(false)` for a copy. The version is believed
/// only where the file was to be expected.
fn made_of(root: &Root, object: &Path, path: &Path, expected: bool) -> Option<bool> {
    if root.is_link(path) {
        let same = root.canonical(path).is_some_and(|real| Some(real) == root.canonical(object));
        return same.then_some(true);
    }
    let kept = FileRecord::measure(root, object).ok()?;
    if kept.holds(root, path) {
        return Some(false);
    }
    let version = |path: &Path| ModuleInfo::read(root, path).ok()?.version().map(str::to_owned);
    (expected && version(object).is_some() && version(object) == version(path)).then_some(false)
}
