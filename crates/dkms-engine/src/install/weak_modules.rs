//! Lending modules to other kernels of the same interface, where the distribution has a program for that.
//!
//! Red Hat's `weak-modules` reads paths of modules, SUSE's `weak-modules2` a kernel release and paths. Neither can undo
//! an installation by failing: that is told and no more.

use dkms_conf::module_config::ModuleConfig;

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::facts::distribution::WeakModules;
use crate::layout::{SHELL, WEAK_MODULES, WEAK_MODULES_2};
use crate::record::PlacedFile;
use crate::target::Target;
use crate::tool::Tool;

/// Modules were placed.
pub(super) fn add(session: &mut Session<'_>, target: &Target, files: &[PlacedFile], config: Option<&ModuleConfig>) {
    run(session, target, files, config, ["--add-modules", "--add-kernel-modules"]);
}

/// Modules are about to be removed.
pub(super) fn remove(session: &mut Session<'_>, target: &Target, files: &[PlacedFile], config: Option<&ModuleConfig>) {
    run(session, target, files, config, ["--remove-modules", "--remove-kernel-modules"]);
}

fn run(
    session: &mut Session<'_>,
    target: &Target,
    files: &[PlacedFile],
    config: Option<&ModuleConfig>,
    [red_hat, suse]: [&str; 2],
) {
    if session.setup.no_weak_modules() || config.is_some_and(|config| config.no_weak_modules) || files.is_empty() {
        return;
    }
    let (program, arguments) = match session.setup.distribution.weak_modules() {
        Some(WeakModules::RedHat) => (WEAK_MODULES, vec!["--no-initramfs", red_hat]),
        Some(WeakModules::Suse) => (WEAK_MODULES_2, vec![suse, &target.kernel.release]),
        None => return,
    };
    if !session.root().is_executable(std::path::Path::new(program)) {
        return;
    }
    let paths: String = files.iter().map(|file| format!("{}\n", file.path.display())).collect();
    if let Err(error) = feed(session, program, &arguments, &paths) {
        session.say(InstallEvent::WeakModulesFailed { reason: error.to_string() });
    }
}

/// Children have an empty standard input; a shell puts there what is to be read.
fn feed(session: &Session<'_>, program: &str, arguments: &[&str], input: &str) -> Result<(), Error> {
    let setup = session.setup;
    Tool::new(setup, SHELL)?
        .inherit(&setup.environment)
        .env("PLACED_MODULES", input)
        .args(["-c", "printf %s \"$PLACED_MODULES\" | \"$@\"", "weak-modules", program])
        .args(arguments)
        .require()
        .map(drop)
}
