//! Single steps below the kernel's directory and in the tree: one file of ours, one link, directories that became empty.

use std::path::{Path, PathBuf};

use super::event::{InstallEvent, LeftBecause};
use super::placed::{self, active_version};
use super::session::Session;
use crate::error::Error;
use crate::record::PlacedFile;
use crate::system::staged::Staged;
use crate::target::Target;

/// Links `kernel-K-A` to the version, in one step.
pub(super) fn make_active(session: &Session<'_>, target: &Target) -> Result<(), Error> {
    let Target { module, kernel } = target;
    let link = session.setup.layout.active_link(&module.name, kernel);
    let inner: PathBuf = [&module.version, &kernel.release, &kernel.arch].iter().collect();
    Staged::link(session.root(), &inner, &link)?.publish()
}

/// Removes the link if it is this version's, or leads nowhere.
pub(super) fn remove_link(session: &mut Session<'_>, target: &Target) -> Result<(), Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let link = layout.active_link(&target.module.name, &target.kernel);
    let ours = active_version(root, layout, &target.module.name, &target.kernel).as_ref() == Some(&target.module);
    if ours || (root.is_link(&link) && !root.exists(&link)) {
        root.remove_file(&link)?;
        session.say(InstallEvent::Deactivated { target: target.clone() });
    }
    Ok(())
}

/// Removes one of our files if it is what we placed; tells whether it is gone.
pub(super) fn remove_placed(
    session: &mut Session<'_>,
    kernel_directory: &Path,
    target: &Target,
    file: &PlacedFile,
) -> Result<bool, Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let path = file.path.clone();
    if root.link_meta(&path).is_none() {
        session.say(InstallEvent::Missing { path });
        return Ok(true);
    }
    if !placed::is_intact(root, layout, target, file) {
        session.say(InstallEvent::Left { path, reason: LeftBecause::Changed });
        return Ok(false);
    }
    root.remove_file(&path)?;
    session.forget(kernel_directory, &path);
    session.say(InstallEvent::Removed { path });
    Ok(true)
}

/// Brings back a file of an earlier version out of its own build.
pub(super) fn restore_previous(session: &mut Session<'_>, target: &Target, file: &PlacedFile) -> Result<bool, Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    if placed::is_intact(root, layout, target, file) {
        return Ok(true);
    }
    let object = placed::object_of(layout, target, &file.path);
    if !file.content.holds(root, &object) {
        return Ok(false);
    }
    let mode = root.meta(&object).map_or(0o644, |meta| meta.mode & 0o755);
    let staged = if file.link {
        Staged::link(root, &object, &file.path)?
    } else {
        Staged::copy(root, &object, &file.path, mode)?
    };
    staged.publish()?;
    session.say(InstallEvent::Restored { path: file.path.clone() });
    Ok(true)
}

/// Directories that became empty with a file go, up to the kernel's own. Red Hat's and SUSE's kernel packages own the
/// directories right below it, so those stay there.
pub(super) fn remove_empty_directories(session: &Session<'_>, kernel_directory: &Path, file: &PlacedFile) {
    let Some(directory) = file.path.parent() else { return };
    let inner = directory.strip_prefix(kernel_directory).ok().and_then(|inner| inner.components().next());
    match inner {
        Some(top) if session.setup.distribution.has_rpm() => {
            session.root().remove_empty_parents(directory, &kernel_directory.join(top));
        }
        Some(_) => session.root().remove_empty_parents(directory, kernel_directory),
        None => {}
    }
}

/// The archive of displaced modules goes when nothing is in it.
pub(super) fn remove_empty_archive(session: &Session<'_>, target: &Target) {
    let (root, layout) = (session.root(), &session.setup.layout);
    let archive = layout.originals(&target.module.name, &target.kernel);
    root.remove_empty_below(&archive);
    root.remove_empty_parents(&archive, &layout.module(&target.module.name));
}
