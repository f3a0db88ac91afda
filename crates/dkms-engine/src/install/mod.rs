//! Placing built and signed modules below a kernel's directory, and taking them away again.
//!
//! ```text
//! Signed -> choose (reads) -> transaction (journal, archive, stage, publish, link, manifest) -> Installed
//! ```
//!
//! Accepts only what was signed (or decided not to be), so that nothing reaches a kernel's directory by another way. At
//! each instant either the old modules are complete or the new ones are; a run that was cut off is finished or taken
//! back by [`recover`]. It does not know why something is installed, and it does not run depmod by itself: that is once
//! per kernel at the end of a run ([`Session::changed_kernels`], [`depmod`]).

mod choose;
mod depmod;
mod destination;
mod event;
mod fit;
mod journal;
mod kernel_files;
mod modprobe;
mod originals;
mod own_changes;
mod placed;
mod placement;
mod post_transaction;
mod recover;
pub(crate) mod session;
mod takeover;
mod transaction;
mod uninstall;
mod weak_links;
mod weak_modules;
mod words;

use std::path::PathBuf;

use dkms_conf::module_config::ModuleConfig;

pub use depmod::{depmod, forgo_depmod, is_depmod_pending, request_depmod};
pub use event::{InstallEvent, LeftBecause};
pub use modprobe::load_for_devices;
pub use post_transaction::post_transaction;
pub use recover::recover;
pub use session::Session;
pub use takeover::held;
pub use uninstall::{Uninstalled, uninstall};
pub use weak_links::{link, unlink};
pub use words::{Weight, words};

use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::plan::{Overrides, OverridingList, Placement};
use crate::record::{PlacedFile, Refusal};
use crate::sign::Signed;
use crate::target::Target;
use journal::Transaction;
use session::ScriptCall;

/// An installation.
#[derive(Clone, Debug)]
pub struct Installed {
    /// What is installed.
    pub target: Target,
    /// Placed files.
    pub files: Vec<PathBuf>,
    /// Objects that were not placed.
    pub refused: Vec<Refusal>,
    /// The version that was active before, if it was another one.
    pub replaced: Option<String>,
    transaction: Box<Transaction>,
}

/// Installs what was built and signed, over whatever version of the module is active.
///
/// # Errors
/// `KernelMissing`, `ObjectMissing`, `ObjectUnfit`, `PreInstallRefused`, `InstallRefused`, `DestinationInvalid`, `Io`, `Interrupted`; what
/// was installed before then still is.
pub fn install(
    session: &mut Session<'_>,
    signed: &Signed,
    kernel: &Kernel,
    config: &ModuleConfig,
    placement: &Placement,
) -> Result<Installed, Error> {
    let objects: Vec<(String, PathBuf)> =
        signed.objects.iter().map(|object| (object.name.clone(), object.path.clone())).collect();
    install_objects(session, &signed.target, &objects, kernel, config, placement)
}

/// Kept objects, each with its DEST_MODULE_NAME.
fn install_objects(
    session: &mut Session<'_>,
    target: &Target,
    objects: &[(String, PathBuf)],
    kernel: &Kernel,
    config: &ModuleConfig,
    placement: &Placement,
) -> Result<Installed, Error> {
    if !session.root().is_dir(&kernel.directory) {
        return Err(Error::KernelMissing { kernel: kernel.id.clone(), path: kernel.directory.clone() });
    }
    recover(session, target)?;
    let Overrides { force, lists, .. } = &placement.overrides;
    for OverridingList { path, versions_only } in lists.clone() {
        session.say(InstallEvent::ListForces { list: path, version_only: versions_only });
    }
    let chosen = choose::chosen(target, objects, config, placement)?;
    fit::check(session, target, objects, kernel, *force)?;
    pre_install(session, target, config, *force)?;
    let transaction = choose::transaction(session, target, &chosen, kernel, config, placement)?;
    let manifest = transaction.run(session)?;
    finish(session, target, &manifest.files, Some(config))?;
    let replaced = transaction.previous.as_ref().map(|previous| previous.version.clone());
    Ok(Installed {
        target: target.clone(),
        files: manifest.files.into_iter().map(|file| file.path).collect(),
        refused: manifest.refused,
        replaced: replaced.filter(|version| *version != target.module.version),
        transaction: Box::new(transaction),
    })
}

/// Takes an installation of this run back to built, because depmod failed. What it displaced or replaced comes back as
/// far as it still exists.
pub fn roll_back(session: &mut Session<'_>, installed: &Installed) {
    installed.transaction.take_back(session);
}

fn pre_install(session: &mut Session<'_>, target: &Target, config: &ModuleConfig, force: bool) -> Result<(), Error> {
    let Target { module, kernel } = target;
    let is_active = || placed::active_version(session.root(), &session.setup.layout, &module.name, kernel);
    if force && is_active().as_ref() == Some(module) {
        // By force an installation is made anew, and its scripts have always seen the old one go first.
        session.run_script(&ScriptCall::post_remove(module, config))?;
    }
    let value = config.scripts.pre_install.as_deref();
    match session.run_script(&ScriptCall::new("PRE_INSTALL", value, target, config))? {
        Some(status) if status != 0 && !force => Err(Error::PreInstallRefused { target: target.clone(), status }),
        _ => Ok(()),
    }
}

/// What follows when the files are in place: other kernels, POST_INSTALL, and the end of the journal.
fn finish(
    session: &mut Session<'_>,
    target: &Target,
    files: &[PlacedFile],
    config: Option<&ModuleConfig>,
) -> Result<(), Error> {
    weak_links::unlink_own(session, target, files)?;
    weak_modules::add(session, target, files, config);
    if let Some(config) = config {
        let value = config.scripts.post_install.as_deref();
        session.run_script(&ScriptCall::new("POST_INSTALL", value, target, config))?;
    }
    journal::clear(session, target)
}

#[cfg(test)]
mod tests;
