//! Weak links: links in a kernel's `weak-updates` that lead to what is installed for another kernel.
//!
//! The links are all there is: made by us or by Red Hat's own `weak-modules`, they mean the same, and nothing else
//! remembers them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::facts::tree::{BuiltTarget, Tree};
use crate::facts::{State, kernels};
use crate::layout::WEAK_UPDATES;
use crate::module_file::compression::Compression;
use crate::record::{self, Manifest, PlacedFile};
use crate::setup::Setup;
use crate::system::root::{Kind, Root};
use crate::target::{KernelId, Target};

/// Every target that has weak links, and the kernel whose modules they lead to.
///
/// # Errors
/// `Io` for directories that cannot be listed.
pub fn gather(setup: &Setup, tree: &Tree) -> Result<BTreeMap<Target, KernelId>, Error> {
    let mut found = BTreeMap::new();
    if !setup.distribution.has_weak_updates() {
        return Ok(found);
    }
    let root = &setup.root;
    let mut ends: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for kernel in kernels::directories(setup)? {
        let ends_of = links(root, &kernel.directory)?;
        if !ends_of.is_empty() {
            ends.insert(kernel.release, ends_of.iter().filter_map(|link| root.canonical(link)).collect());
        }
    }
    for build in tree.builds().filter(|build| build.state == State::Installed && !ends.is_empty()) {
        let Some(manifest) = record::load::<Manifest>(root, &build.directory.join(".installed.json")) else { continue };
        let files: Option<Vec<PathBuf>> = manifest.files.iter().map(|file| root.canonical(&file.path)).collect();
        let Some(files) = files.filter(|files| !files.is_empty()) else { continue };
        let from = &build.target.kernel;
        for (release, _) in ends.iter().filter(|(_, ends)| files.iter().all(|file| ends.contains(file))) {
            if *release != from.release {
                let kernel = KernelId::new(release, &from.arch)?;
                found.insert(Target::new(build.target.module.clone(), kernel), from.clone());
            }
        }
    }
    Ok(found)
}

/// Real paths of what is installed of a module, in whatever version and for whatever kernel. Links that lead elsewhere are
/// those of others.
///
/// # Errors
/// `Io`.
pub fn installed_files(setup: &Setup, name: &str) -> Result<BTreeSet<PathBuf>, Error> {
    let tree = Tree::gather_module(setup, name)?;
    let manifest =
        |build: &BuiltTarget| record::load::<Manifest>(&setup.root, &build.directory.join(".installed.json"));
    let files = tree.builds().filter_map(manifest).flat_map(|manifest| manifest.files);
    Ok(files.filter_map(|file| setup.root.canonical(&file.path)).collect())
}

/// Links of a kernel that have the name of one of these files and lead to what is installed of the module, or nowhere. Those
/// that lead elsewhere are not ours.
///
/// # Errors
/// `Io`.
pub fn of_module(setup: &Setup, target: &Target, files: &[PlacedFile]) -> Result<Vec<PathBuf>, Error> {
    let own = installed_files(setup, &target.module.name)?;
    let mut found = links(&setup.root, &kernels::directory(setup, &target.kernel.release))?;
    found.retain(|link| {
        let is_ours = setup.root.canonical(link).is_none_or(|end| own.contains(&end));
        is_ours && files.iter().any(|file| file.is_called_like(link))
    });
    Ok(found)
}

/// The links of one kernel.
///
/// # Errors
/// `Io`.
pub fn links(root: &Root, kernel_directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    walk(root, &kernel_directory.join(WEAK_UPDATES), &mut found)?;
    Ok(found)
}

fn walk(root: &Root, directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for (name, kind) in root.list(directory)? {
        let path = directory.join(&name);
        match kind {
            Kind::Directory => walk(root, &path, found)?,
            Kind::Link if name.to_str().and_then(Compression::of_file_name).is_some() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}
