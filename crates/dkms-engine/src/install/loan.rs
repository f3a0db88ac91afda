//! Lending modules to kernels of the same interface: links in a kernel's `weak-updates` to what is installed for another
//! one, as Red Hat's distributions have them.
//!
//! A link is made only where [`Judge`] has no objection, and goes with what it leads to. depmod looks at a kernel's own
//! modules first, so that what is installed for it always wins.

use std::path::{Path, PathBuf};

use dkms_conf::module_config::ModuleConfig;

use super::destination;
use super::event::InstallEvent;
use super::placed::active_version;
use super::session::Session;
use crate::error::Error;
use crate::facts::kernels;
use crate::facts::tree::Tree;
use crate::facts::weak::candidates::Judge;
use crate::facts::weak::links;
use crate::layout::WEAK_UPDATES;
use crate::record::{self, BuildRecord, Manifest, PlacedFile};
use crate::system::staged::Staged;
use crate::target::{KernelId, Target};

/// Links what is installed for `from` into the kernel of `target`; gives the links.
///
/// # Errors
/// `ObjectMissing` if nothing is; `DestinationInvalid`; `Io`.
pub fn borrow(session: &mut Session<'_>, target: &Target, from: &KernelId) -> Result<Vec<PathBuf>, Error> {
    let lender = Target::new(target.module.clone(), from.clone());
    let gone = || Error::ObjectMissing { target: lender.clone(), object: target.module.name.clone() };
    let manifest: Manifest = record::load(session.root(), &session.setup.layout.manifest(&lender)).ok_or_else(gone)?;
    let directory = kernels::directory(session.setup, &target.kernel.release);
    let lenders = kernels::directory(session.setup, &from.release);
    session.about_to_change(&target.kernel.release)?;
    let mut made = Vec::new();
    for file in &manifest.files {
        let link = place(&directory, &lenders, &file.path);
        if let Some(reason) = destination::link_within(session.root(), &directory, link.parent().unwrap_or(&directory))
        {
            let location = link.display().to_string();
            return Err(Error::DestinationInvalid { name: file.name.clone(), location, reason });
        }
        Staged::link(session.root(), &file.path, &link)?.publish(session.guard)?;
        session.say(InstallEvent::Placed { path: link.clone(), link: true });
        made.push(link);
    }
    // The module may have been on loan from somewhere else, under another name.
    let stale: Vec<PathBuf> = of_module(session, target, &manifest.files)?;
    let stale = |link: &Path| !made.iter().any(|path| path == link) && stale.iter().any(|path| path == link);
    remove_links(session, &target.kernel.release, &stale)?;
    Ok(made)
}

/// Removes the links of a kernel to what `lender` has; gives them.
///
/// # Errors
/// `Io`.
pub fn give_back(session: &mut Session<'_>, target: &Target, lender: &KernelId) -> Result<Vec<PathBuf>, Error> {
    let lender = Target::new(target.module.clone(), lender.clone());
    let manifest: Option<Manifest> = record::load(session.root(), &session.setup.layout.manifest(&lender));
    let files = manifest.map(|manifest| manifest.files).unwrap_or_default();
    remove_of_module(session, target, &files)
}

/// What is installed now is compared with every other kernel that has no module of its own: it is lent where it fits, and
/// taken back where it does not any more.
///
/// # Errors
/// `Io`; `ModuleUnreadable`.
pub fn lend(session: &mut Session<'_>, lender: &Target, config: &ModuleConfig) -> Result<(), Error> {
    let setup = session.setup;
    if !setup.distribution.has_weak_updates() || setup.no_weak_modules() || config.no_weak_modules {
        return Ok(());
    }
    let (root, layout) = (&setup.root, &setup.layout);
    let record: Option<BuildRecord> = record::load(root, &layout.record(lender));
    let manifest: Option<Manifest> = record::load(root, &layout.manifest(lender));
    let (Some(false), Some(manifest)) = (record.map(|record| record.custom), manifest) else { return Ok(()) };
    let loans = links::gather(setup, &Tree::gather_module(setup, &lender.module.name)?)?;
    let mut judge = Judge::new(setup);
    for kernel in kernels::installed(setup)?.into_iter().filter(|kernel| kernel.image) {
        let borrower = Target::new(lender.module.clone(), KernelId::new(&kernel.release, &lender.kernel.arch)?);
        if active_version(root, layout, &lender.module.name, &borrower.kernel).is_some() {
            continue;
        }
        let from = loans.get(&borrower).filter(|from| **from != lender.kernel);
        // Whoever has it on loan from elsewhere keeps it, unless that is all that is left of a kernel.
        if from.is_some_and(|from| kernels::has_image(setup, &kernels::directory(setup, &from.release))) {
            continue;
        }
        let dependencies = at_hand(session, &config.build_depends, &borrower.kernel)?;
        match judge.objection(lender, &manifest, &borrower.kernel, &dependencies)? {
            None if loans.get(&borrower) == Some(&lender.kernel) => {}
            None => drop(borrow(session, &borrower, &lender.kernel)?),
            Some(objection) => {
                log::debug!("{lender} is not lent to {}: {objection}", kernel.release);
                if from.is_none() {
                    remove_of_module(session, &borrower, &manifest.files)?;
                }
            }
        }
    }
    Ok(())
}

/// What a kernel has of its own it need not borrow.
pub(super) fn settle(session: &mut Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<(), Error> {
    if session.setup.distribution.has_weak_updates() {
        remove_of_module(session, target, files)?;
    }
    Ok(())
}

/// What is about to go is taken back from all who have it on loan.
pub(super) fn recall(session: &mut Session<'_>, lender: &Target, files: &[PlacedFile]) -> Result<(), Error> {
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
        if kernel.release != lender.kernel.release {
            remove_links(session, &kernel.release, &leads_here)?;
        }
    }
    Ok(())
}

/// Builds of the modules of these names that a kernel has, be it on loan.
fn at_hand(session: &Session<'_>, names: &[String], kernel: &KernelId) -> Result<Vec<Target>, Error> {
    let setup = session.setup;
    let mut found = Vec::new();
    for name in names {
        if let Some(module) = active_version(&setup.root, &setup.layout, name, kernel) {
            found.push(Target::new(module, kernel.clone()));
            continue;
        }
        let loans = links::gather(setup, &Tree::gather_module(setup, name)?)?;
        let on_loan = loans.into_iter().filter(|(target, _)| target.kernel == *kernel);
        found.extend(on_loan.map(|(target, from)| Target::new(target.module, from)));
    }
    Ok(found)
}

/// Links of a kernel that have the name of one of these files and lead to what is installed of the module, or nowhere. Those
/// that lead elsewhere are somebody else's.
fn of_module(session: &Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<Vec<PathBuf>, Error> {
    let setup = session.setup;
    let lent = links::lent_files(setup, &target.module.name)?;
    let mut links = links::links(&setup.root, &kernels::directory(setup, &target.kernel.release))?;
    links.retain(|link| {
        let is_ours = setup.root.canonical(link).is_none_or(|end| lent.contains(&end));
        is_ours && files.iter().any(|file| file.is_called_like(link))
    });
    Ok(links)
}

fn remove_of_module(session: &mut Session<'_>, target: &Target, files: &[PlacedFile]) -> Result<Vec<PathBuf>, Error> {
    let links = of_module(session, target, files)?;
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
fn place(directory: &Path, lenders: &Path, file: &Path) -> PathBuf {
    let inner = file.strip_prefix(lenders).unwrap_or(file);
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
