//! SUSE's `weak-modules2`, which links modules into other kernels of the same interface where the distribution has it.
//!
//! It cannot undo an installation by failing: that is reported and no more. On Red Hat's distributions the same is done by
//! [`super::weak_links`], which compares what a kernel would compare.

use std::path::Path;

use dkms_conf::module_config::ModuleConfig;

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::layout::{SHELL, WEAK_MODULES_2};
use crate::record::PlacedFile;
use crate::setup::distribution::WeakModules;
use crate::target::Target;

/// Modules were placed.
pub(super) fn add(session: &mut Session<'_>, target: &Target, files: &[PlacedFile], config: Option<&ModuleConfig>) {
    run(session, target, files, config, "--add-kernel-modules");
}

/// Modules are about to be removed.
pub(super) fn remove(session: &mut Session<'_>, target: &Target, files: &[PlacedFile], config: Option<&ModuleConfig>) {
    run(session, target, files, config, "--remove-kernel-modules");
}

fn run(session: &mut Session<'_>, target: &Target, files: &[PlacedFile], config: Option<&ModuleConfig>, action: &str) {
    let unwanted = session.setup.no_weak_modules() || config.is_some_and(|config| config.no_weak_modules);
    let is_suse = session.setup.distribution.weak_modules() == Some(WeakModules::Suse);
    if unwanted || files.is_empty() || !is_suse || !session.root().is_executable(Path::new(WEAK_MODULES_2)) {
        return;
    }
    let paths: String = files.iter().map(|file| format!("{}\n", file.path.display())).collect();
    if let Err(error) = feed(session, &[WEAK_MODULES_2, action, &target.kernel.release], &paths) {
        session.say(InstallEvent::WeakModulesFailed { reason: error.to_string() });
    }
}

/// Children have an empty standard input; a shell puts there what is to be read.
fn feed(session: &Session<'_>, command: &[&str], input: &str) -> Result<(), Error> {
    let setup = session.setup;
    setup
        .tool(SHELL)?
        .inherit(&setup.environment)
        .env("PLACED_MODULES", input)
        .args(["-c", "printf %s \"$PLACED_MODULES\" | \"$@\"", "weak-modules"])
        .args(command)
        .require()
        .map(drop)
}
