//! The notes that Debian's tools for updates leave and read when a restart is due: `/run/reboot-required`, and beside it
//! the packages that want it.
//!
//! A module that is in use stays what it was until it is loaded anew. Which kernel runs decides nothing but this note.

use std::io::Write;
use std::path::Path;

use dkms_engine::facts::package::owner;
use dkms_engine::layout::{LOADED_MODULES, REBOOT_REQUIRED};
use dkms_engine::module_file::compression::Compression;
use dkms_engine::report::{Done, Outcome, Report};
use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;

/// Notes the packages of modules that were replaced while the running kernel uses them.
pub(crate) fn note(setup: &Setup, report: &Report) {
    let running = |entry: &&dkms_engine::report::Entry| {
        entry.kernel.as_ref().is_some_and(|kernel| kernel.release == setup.machine.release)
    };
    for entry in report.entries.iter().filter(running) {
        let Outcome::Done(Done::Installed { files, .. }) = &entry.outcome else { continue };
        if files.iter().any(|file| is_loaded(setup, file)) {
            if let Err(error) = write(setup, &package(setup, &entry.module)) {
                dkms_hook::say(&format!("warning: cannot write `{}`: {error}", REBOOT_REQUIRED[1]));
            }
        }
    }
}

fn is_loaded(setup: &Setup, file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).and_then(Compression::of_file_name);
    name.is_some_and(|(name, _)| setup.root.is_dir(&Path::new(LOADED_MODULES).join(name.replace('-', "_"))))
}

/// The package that has the source, or the module's own name.
fn package(setup: &Setup, module: &ModuleId) -> String {
    let conf = setup.layout.source_tree(module).join("dkms.conf");
    owner(setup, &conf).map_or_else(|| module.name.clone(), |owner| owner.name)
}

fn write(setup: &Setup, package: &str) -> Result<(), Box<dyn std::error::Error>> {
    let [required, packages] = REBOOT_REQUIRED;
    let run = setup.root.writable_run();
    let known = setup.root.read_to_string(Path::new(packages)).unwrap_or_default();
    if !known.lines().any(|line| line == package) {
        let mut file = run.open_or_create(Path::new(packages), 0o644)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
        writeln!(file, "{package}")?;
    }
    let mut file = run.open_or_create(Path::new(required), 0o644)?;
    writeln!(file, "*** System restart required ***")?;
    Ok(())
}
