//! `dkms remove`: unbuilds a module, and forgets it when nothing built is left.
//!
//! The script of a package may ask for it too; when the version goes then is the engine's to decide.
//! Without `-k` and `--all` it is about the running kernel alone, as package scripts expect; it says what stays.

use anyhow::Result;
use dkms_engine::facts::State;
use dkms_engine::facts::tree::{BuiltTarget, Tree};
use dkms_engine::run::Writer;
use dkms_engine::target::ModuleId;
use dkms_engine::transaction::{Goes, Removal};
use indicatif::MultiProgress;

use crate::goal;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let Some(module) = goal::module(session)? else { return Ok(()) };
    let mut writer = Writer::default();
    let line = &session.arguments.line;
    let removal = Removal { module: &module, everywhere: line.all, rpm_safe_upgrade: line.rpm_safe_upgrade };
    let mut watcher = Watcher::new(session, progress, false);
    match session.caller.decide(&session.setup, removal, &mut writer, &mut watcher)? {
        Goes::Now => {}
        Goes::AtTheEnd => {
            let words = format!("{module} is removed at the end of the transaction unless something replaces it");
            return say_of_installed(session, &module, &words);
        }
        Goes::WithSuccessor => {
            return say_of_installed(session, &module, &format!("{module} stays until its successor is installed"));
        }
        Goes::Stays => {
            log::warn!("the package of {module} is being upgraded to the same version, so nothing is removed");
            return Ok(());
        }
    }
    super::achieve(session, progress, &mut writer, &goal::of(session, Some(&module))?)?;
    say_what_stays(session, &module)
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
