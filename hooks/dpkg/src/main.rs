//! `/usr/lib/dkms/hook`: turns what dpkg, kernel packages and module packages say into events.
//!
//! ```text
//! hook triggered NAMES                        dkms-rs.postinst, at the end of a dpkg run
//! hook leaving                                dkms-rs.prerm, when our package is about to be removed
//! hook kernel-postinst|kernel-prerm|kernel-postrm|kernel-preinst RELEASE [IMAGE]   /etc/kernel/*.d/dkms
//! hook header-postinst RELEASE                /etc/kernel/header_postinst.d/dkms
//! hook kernel-install add|remove RELEASE      the plugin of kernel-install(8)
//! hook module-postinst NAME VERSION [DIRECTORY [ARCHITECTURE [OLD-VERSION]]]       common.postinst
//! ```
//!
//! What follows from an event is not decided here. dpkg configures a kernel before its headers, so what an event comes too
//! early for is left to the trigger at the end of the run.

mod database;
mod reboot;

use std::path::PathBuf;
use std::process::ExitCode;

use database::Database;
use dkms_engine::error::Error;
use dkms_engine::event::{Event, Touched};
use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;
use dkms_engine::tool::Tool;

/// The trigger of our package: activated, it is run at the end of the dpkg run.
const TRIGGER: &str = "dkms-reconcile";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    dkms_hook::run(words.first().unwrap_or(&"hook"), |setup| run(setup, &words))
}

/// Whether the hook is to fail.
fn run(setup: &Setup, words: &[&str]) -> Result<bool, Error> {
    let database = Database::new(setup);
    let event = event(setup, &database, words)?;
    if in_script(setup).is_some() && !matches!(event, Some(Event::Ended { .. } | Event::Leaving)) {
        // Whatever is left is seen to when everything is in place. Never from within the trigger: that would be a loop.
        Tool::new(setup, "dpkg-trigger")?.inherit(&setup.environment).args(["--no-await", TRIGGER]).require()?;
    }
    let Some(event) = event else { return Ok(false) };
    let response = dkms_hook::answer(setup, &event, &database)?;
    reboot::note(setup, &response.report);
    Ok(response.fails(setup))
}

/// The package whose script called us.
fn in_script(setup: &Setup) -> Option<&str> {
    setup.environment.get("DPKG_MAINTSCRIPT_PACKAGE").filter(|package| !package.is_empty())
}

fn event(setup: &Setup, database: &Database<'_>, words: &[&str]) -> Result<Option<Event>, Error> {
    Ok(match *words {
        ["triggered", ..] => Some(Event::Ended { touched: Touched::default() }),
        ["leaving"] => Some(Event::Leaving),
        // Kernels are configured before their headers: the initramfs has been made, so there is no hurry.
        ["header-postinst", ..] if in_script(setup).is_some() => None,
        ["kernel-postinst" | "header-postinst", release, ..] | ["kernel-install", "add", release, ..] => {
            Some(Event::KernelInstalled { release: release.to_owned() })
        }
        ["kernel-prerm", release, ..] | ["kernel-install", "remove", release, ..] => {
            Some(Event::KernelRemoved { release: release.to_owned() })
        }
        // Also called for the old package of an upgrade, when the new one's kernel is there already.
        ["kernel-postrm", release, ..] => match setup.environment.get("DEB_MAINT_PARAMS").unwrap_or_default() {
            parameters if parameters.starts_with("upgrade") => None,
            _ => Some(Event::KernelRemoved { release: release.to_owned() }),
        },
        ["module-postinst", name, version, ref others @ ..] => {
            let module = ModuleId::new(name, version)?;
            let archive =
                others.first().map(|directory| PathBuf::from(directory).join(module.dashed() + ".dkms.tar.gz"));
            let archive = archive.filter(|path| path.is_absolute() && setup.root.is_file(path));
            let at_once = in_script(setup).is_none_or(|package| database.is_awaited(package));
            Some(Event::ModuleInstalled { module, archive, at_once })
        }
        // Of `kernel-preinst` too: a kernel that is unpacked over itself may be the same, which the records will tell.
        _ => None,
    })
}
