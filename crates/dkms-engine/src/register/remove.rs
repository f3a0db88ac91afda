//! Forgetting: one build, or a whole module version.
//!
//! What goes is renamed first and deleted then, so that a half-deleted build is never taken for one. Deleted is only
//! what the layout of the tree names; everything else is left where it is and handed back to be reported.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::{STAGED_PREFIX, WORK_PREFIX};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::{Kind, RootMut};
use crate::system::staged::{Staged, discard};
use crate::target::{ModuleId, Target};

/// What belongs to a module version beside its builds, what makes it registered first; the last ones are those of
/// features that are gone.
const PARTS: [&str; 6] = ["source", "build", "tarball", "driver_disk", "rpm", "deb"];
/// What belongs to a build.
const BUILD_PARTS: [&str; 2] = ["module", "log"];

/// Forgets a finished build, if there is one, and tells whether there was. It must not be installed.
///
/// # Errors
/// `Io`.
pub fn unbuild(setup: &Setup, guard: &Guard, target: &Target) -> Result<bool, Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    let built = layout.built(target);
    let of_release = layout.version(&target.module).join(&target.kernel.release);
    // The parts alone are a build from the time before architectures were told apart.
    let parts = if root.is_dir(&built) { vec![built] } else { BUILD_PARTS.map(|part| of_release.join(part)).into() };
    let found = parts.iter().any(|part| root.link_meta(part).is_some());
    parts.iter().try_for_each(|part| discard(root, part))?;
    root.remove_empty_parents(&of_release, &layout.version(&target.module));
    Ok(found)
}

/// Takes a module version out of the tree, with all that is not built. Gives what is left because it is not known what it
/// is; builds that are left keep the registration.
///
/// # Errors
/// `Io`.
pub fn deregister(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<Vec<PathBuf>, Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    let version = layout.version(module);
    let mut left = Vec::new();
    let mut built = false;
    for (name, kind) in root.list(&version)? {
        let path = version.join(&name);
        let text = name.to_string_lossy();
        if text.starts_with(STAGED_PREFIX) || text.starts_with(WORK_PREFIX) {
            root.remove_tree(&path)?;
        } else if !PARTS.contains(&&*text) {
            match kind {
                Kind::Directory => built |= clear_release(root, &path, &mut left)?,
                _ => left.push(path),
            }
        }
    }
    if built {
        return Ok(left);
    }
    // The link last: as long as it is there, the same command finishes what was cut off.
    for part in PARTS.iter().rev() {
        let path = version.join(part);
        match *part {
            "tarball" => clear_tarballs(root, &path, &mut left)?,
            "source" if left.is_empty() => discard(root, &version)?,
            _ => discard(root, &path)?,
        }
    }
    root.remove_empty_parents(&version, &layout.tree);
    root.remove_empty_parents(&layout.tree.join(&module.name), &layout.tree);
    Ok(left)
}

/// Takes from `T/M/V/K` what dead builds left; `true` if a finished build is in it.
fn clear_release(root: &RootMut, of_release: &Path, left: &mut Vec<PathBuf>) -> Result<bool, Error> {
    let mut built = false;
    for (name, kind) in root.list(of_release)? {
        let path = of_release.join(&name);
        let text = name.to_string_lossy();
        if text.starts_with(".tmp_") || text.starts_with(STAGED_PREFIX) {
            root.remove_tree(&path)?;
        } else if kind != Kind::Directory {
            left.push(path);
        } else if text == "module" || root.is_dir(&path.join("module")) {
            built = true;
        } else {
            // Logs of a build that came to nothing.
            discard(root, &path.join("log"))?;
            if root.list(&path)?.is_empty() { root.remove_dir(&path)? } else { left.push(path) }
        }
    }
    if root.list(of_release)?.is_empty() {
        root.remove_dir(of_release)?;
    }
    Ok(built)
}

fn clear_tarballs(root: &RootMut, directory: &Path, left: &mut Vec<PathBuf>) -> Result<(), Error> {
    for (name, kind) in root.list(directory)? {
        let path = directory.join(&name);
        if kind == Kind::File && name.to_string_lossy().contains(".dkms.tar") {
            root.remove_file(&path)?;
        } else {
            left.push(path);
        }
    }
    if root.list(directory)?.is_empty() { root.remove_dir(directory) } else { Ok(()) }
}

/// Leaves the log of a failed build where people look for it, `T/M/V/build/make.log`.
///
/// # Errors
/// `Io`.
pub fn link_failed_log(setup: &Setup, guard: &Guard, module: &ModuleId, log: &Path) -> Result<(), Error> {
    Staged::link(guard.root(), log, &setup.layout.build(module).join("make.log"))?.publish()
}
