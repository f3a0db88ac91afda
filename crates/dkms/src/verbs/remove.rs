//! `dkms remove`: unbuilds a module, and forgets it when nothing built is left.
//!
//! The package that is about to be upgraded asks for it too: then the version goes when its successor is installed.
//! Without `-k` and `--all` it is about the running kernel alone, as package scripts expect; a person is told what stays.

use anyhow::Result;
use dkms_engine::facts::tree::Tree;
use dkms_engine::register;
use dkms_engine::run::Writer;
use dkms_engine::target::ModuleId;
use indicatif::MultiProgress;

use crate::session::Session;
use crate::watch::Watcher;
use crate::{goal, maintainer_script};

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let Some(module) = goal::module(session)? else { return Ok(()) };
    let mut writer = Writer::default();
    if session.arguments.line.rpm_safe_upgrade && belongs_to_upgrade(session, progress, &mut writer, &module)? {
        log::warn!("the package of {module} is being upgraded to the same version, so nothing is removed");
        return Ok(());
    }
    if register::is_for_the_end(&session.setup, &module) {
        return Ok(session
            .output
            .line(&format!("{module} goes at the end of the transaction, if nothing takes its place"))?);
    }
    if maintainer_script::is_upgrade(&session.setup) {
        let mut watcher = Watcher::new(session, progress, false);
        let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
        register::retire(&session.setup, guard, &module, None)?;
        return Ok(session.output.line(&format!("{module} stays until its successor is installed"))?);
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
    let Some(asker) = register::asker() else { return Ok(false) };
    let mut watcher = Watcher::new(session, progress, false);
    let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
    Ok(register::take_upgrade_note(&session.setup, guard, module, asker)?)
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
