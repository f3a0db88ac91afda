//! `dkms mok`: the keys that sign on this machine. `status` tells where they stand with each kernel, `generate` makes a pair
//! where there is none, `enroll` has shim asked to trust it.

mod enroll;
pub mod status;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::firmware::Firmware;
use dkms_engine::facts::kernels::installed;
use dkms_engine::mok::Standing;
use dkms_engine::target::KernelId;
use indicatif::MultiProgress;
use rustix::process::geteuid;

use super::generate_mok;
use crate::kernels::Kernels;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::verb::Verb;

/// Does what the word behind the verb says; without one it is `status`.
///
/// # Errors
/// `VerbUnknown` for another word, `NeedsRoot`, and those of each.
pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let verb = session.arguments.verb;
    let action = session.arguments.name.as_deref();
    let writes = matches!(action, Some("generate" | "enroll"));
    match geteuid().is_root() {
        true => {}
        false if writes => return Err(Refusal::NeedsRoot { verb }.into()),
        false => log::warn!("without root neither all keys nor all that shim says can be seen"),
    }
    match action {
        None | Some("status") => status::run(session),
        Some("generate") => generate_mok::run(session, progress),
        Some("enroll") => enroll::run(session, progress),
        Some(word) => Err(Refusal::VerbUnknown { word: format!("{} {word}", Verb::Mok.name()) }.into()),
    }
}

/// The pairs that sign for the kernels of the line, else for all that are installed.
fn standings(session: &Session, firmware: &Firmware) -> Result<Vec<Standing>> {
    let setup = &session.setup;
    let named = match Kernels::of(&session.arguments, &setup.machine)? {
        Kernels::These(kernels) if !session.arguments.line.kernelver.is_empty() => kernels,
        _ => {
            let mut kernels = installed(setup)?;
            let any = kernels.iter().any(|kernel| kernel.image);
            // Headers alone are booted nowhere.
            kernels.retain(|kernel| kernel.image || !any);
            let ids = kernels.iter().map(|kernel| KernelId::new(&kernel.release, &setup.machine.arch));
            ids.collect::<Result<_, _>>().map_err(Error::from)?
        }
    };
    Ok(Standing::gather(setup, firmware, &named)?)
}
