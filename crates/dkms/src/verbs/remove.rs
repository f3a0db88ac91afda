//! `dkms remove`: unbuilds a module, and forgets it when nothing built is left.
//!
//! The package that is about to be upgraded asks for it too: then the version goes when its successor is installed. One that
//! is removed may have its place taken by another: then the end of the dpkg run sees whether the version is still wanted.
//! Without `-k` and `--all` it is about the running kernel alone, as package scripts expect; a person is told what stays.

use anyhow::Result;
use dkms_engine::facts::State;
use dkms_engine::facts::tree::{BuiltTarget, Tree};
use dkms_engine::run::Writer;
use dkms_engine::target::ModuleId;
use dkms_engine::transaction::{self, Owner, Wish, maintainer_script, request_end};
use indicatif::MultiProgress;

use crate::goal;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let Some(module) = goal::module(session)? else { return Ok(()) };
    let mut writer = Writer::default();
    if session.arguments.line.rpm_safe_upgrade && belongs_to_upgrade(session, progress, &mut writer, &module)? {
        log::warn!("the package of {module} is being upgraded to the same version, so nothing is removed");
        return Ok(());
    }
    let goes = format!("{module} goes at the end of the transaction, if nothing takes its place");
    let stays = format!("{module} stays until its successor is installed");
    if transaction::is_for_the_end(&session.setup, &module) {
        return say_of_installed(session, &module, &goes);
    }
    let wish = if maintainer_script::is_upgrade(&session.setup) {
        Some((Wish::Upgrade, stays))
    } else {
        // Another package may bring the same version, and be configured after this one is gone.
        maintainer_script::removed_package(&session.setup)
            .filter(|_| session.arguments.line.all && request_end(&session.setup).is_ok())
            .map(|package| (Wish::Removal(package), goes))
    };
    if let Some((wish, words)) = wish {
        let mut watcher = Watcher::new(session, progress, false);
        let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
        transaction::retire(&session.setup, guard, &module, wish)?;
        return say_of_installed(session, &module, &words);
    }
    super::achieve(session, progress, &mut writer, &goal::of(session, Some(&module))?)?;
    say_what_stays(session, &module)
}

/// Whether the new package was here before this call of the old one.
fn belongs_to_upgrade(
    session: &Session,
    progress: &MultiProgress,
    writer: &mut Writer,
    module: &ModuleId,
) -> Result<bool> {
    let Some(owner) = Owner::of_caller() else { return Ok(false) };
    let mut watcher = Watcher::new(session, progress, false);
    let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
    Ok(transaction::take_upgrade_note(&session.setup, guard, module, owner)?)
}

/// Words that mean nothing where nothing is installed.
fn say_of_installed(session: &Session, module: &ModuleId, words: &str) -> Result<()> {
    let tree = Tree::gather_module(&session.setup, &module.name)?;
    let installed = |build: &BuiltTarget| build.target.module == *module && build.state == State::Installed;
    if tree.builds().any(installed) { Ok(session.output.line(words)?) } else { Ok(()) }
}

fn say_what_stays(session: &Session, module: &ModuleId) -> Result<()> {
    let tree = Tree::gather_module(&session.setup, &module.name)?;
    let left: Vec<&str> = tree
        .builds()
        .filter(|build| build.target.module == *module)
        .map(|build| build.target.kernel.release.as_str())
        .collect();
    if !left.is_empty() {
        let kernels = left.join(", ");
        session
            .output
            .line(&format!("{module} stays for {kernels}; `dkms remove {module} --all` removes it everywhere"))?;
    }
    Ok(())
}
