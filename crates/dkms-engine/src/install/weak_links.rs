//! Weak links: links in a kernel's `weak-updates` to what is installed for another one of the same interface, as Red Hat's
//! distributions have them.
//!
//! The plan says where they are made and where they go; what is kept here is that none leads to what is not there, and that
//! none is left beside a module of the kernel's own. depmod looks at a kernel's own modules first, so that what is installed
//! for it always wins.

use std::path::{Path, PathBuf};

use super::destination;
use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::facts::kernels;
use crate::facts::weak::links;
use crate::layout::WEAK_UPDATES;
use crate::record::{self, Manifest, PlacedFile};
use crate::system::staged::Staged;
use crate::target::{KernelId, Target};

/// Links what is installed for `from` into the kernel of `target`; gives the links.
///
/// # Errors
/// `ObjectMissing` if nothing is; `DestinationInvalid`; `Io`.
pub fn link(session: &mut Session<'_>, target: &Target, from: &KernelId) -> Result<Vec<PathBuf>, Error> {
    let other = Target::new(target.module.clone(), from.clone());
    let gone = || Error::ObjectMissing { target: other.clone(), object: target.module.name.clone() };
    let manifest: Manifest = record::load(session.root(), &session.setup.layout.manifest(&other)).ok_or_else(gone)?;
    let directory = kernels::directory(session.setup, &target.kernel.release);
    let others = kernels::directory(session.setup, &from.release);
    session.about_to_change(&target.kernel.release)?;
    let mut made = Vec::new();
    for file in &manifest.files {
        let link = place(&directory, &others, &file.path);
        if let Some(reason) = destination::link_within(session.root(), &directory, link.parent().unwrap_or(&directory))
        {
            let location = link.display().to_string();
            return Err(Error::DestinationInvalid { name: file.name.clone(), location, reason });
        }
        Staged::link(session.root(), &file.path, &link)?.publish()?;
        session.say(InstallEvent::Placed { path: link.clone(), link: true });
        made.push(link);
    }
    // The links may have led somewhere else, under other names.
    let stale: Vec<PathBuf> = links::of_module(session.setup, target, &manifest.files)?;
    let stale = |link: &Path| !made.iter().any(|path| path == link) && stale.iter().any(|path| path == link);
    remove_links(session, &target.kernel.release, &stale)?;
    Ok(made)
}

/// Removes the links of a kernel to what is installed for `from`; gives them.
///
/// # Errors
/// `Io`.
pub fn unlink(session: &mut Session<'_>, target: &Target, from: &KernelId) -> Result<Vec<PathBuf>, Error> {
    let other = Target::new(target.module.clone(), from.clone());
    let manifest: Option<Manifest> = record::load(session.root(), &session.setup.layout.manifest(&other));
    let files = manifest.map(|manifest| manifest.files).unwrap_or_default();
    remove_of_module(session, target, &files)
}

/// What a kernel has of its own it needs no links for.
pub(super) fn unlink_own(session: &mut Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<(), Error> {
    if session.setup.distribution.has_weak_updates() {
        remove_of_module(session, target, files)?;
    }
    Ok(())
}

/// All links of other kernels to what is about to go are removed.
pub(super) fn unlink_all(session: &mut Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<(), Error> {
    if !session.setup.distribution.has_weak_updates() {
        return Ok(());
    }
    let root = session.setup.root.clone();
    // Of a removal that was cut off a file may be gone already.
    let leads_here = |link: &Path| {
        let (text, end) = (root.read_link(link), root.canonical(link));
        let is_it = |path: &Path| text.as_deref() == Some(path) || (end.is_some() && root.canonical(path) == end);
        files.iter().any(|file| is_it(&file.path))
    };
    for kernel in kernels::directories(session.setup)? {
        if kernel.release != target.kernel.release {
            remove_links(session, &kernel.release, &leads_here)?;
        }
    }
    Ok(())
}

fn remove_of_module(session: &mut Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<Vec<PathBuf>, Error> {
    let links = links::of_module(session.setup, target, files)?;
    remove_links(session, &target.kernel.release, &|link| links.iter().any(|path| path == link))
}

fn remove_links(
    session: &mut Session<'_>,
    release: &str,
    unwanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, Error> {
    let directory = kernels::directory(session.setup, release);
    let mut links = links::links(session.root(), &directory)?;
    links.retain(|link| unwanted(link));
    for link in &links {
        session.about_to_change(release)?;
        session.root().remove_file(link)?;
        if let Some(parent) = link.parent() {
            session.root().remove_empty_parents(parent, &directory.join(WEAK_UPDATES));
        }
        session.say(InstallEvent::Removed { path: link.clone() });
    }
    Ok(links)
}

/// Where the link to a file of another kernel is: below `weak-updates` as the file is below its own top directory.
fn place(directory: &Path, other: &Path, file: &Path) -> PathBuf {
    let inner = file.strip_prefix(other).unwrap_or(file);
    let below_top: PathBuf = inner.components().skip(1).collect();
    directory.join(WEAK_UPDATES).join(below_top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_where_red_hat_has_it() {
        let place = |file: &str| place(Path::new("/lib/modules/2"), Path::new("/lib/modules/1"), Path::new(file));
        assert_eq!(place("/lib/modules/1/extra/x.ko.xz"), Path::new("/lib/modules/2/weak-updates/x.ko.xz"));
        assert_eq!(place("/lib/modules/1/extra/kvdo/x.ko"), Path::new("/lib/modules/2/weak-updates/kvdo/x.ko"));
    }
}
