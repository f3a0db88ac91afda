//! The source of a module comes.

use std::path::Path;

use crate::archive::{self, LoadOptions};
use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::facts::retiring::retiring;
use crate::facts::tree::registration;
use crate::facts::{Registration, kernels};
use crate::install::Session;
use crate::register;
use crate::run::{Observer, Progress, Writer};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};

/// Registers what a package brought, unless it is registered.
pub(super) fn register(
    setup: &Setup,
    module: &ModuleId,
    archive: Option<&Path>,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let retires = retiring(setup)?.contains(module);
    if archive.is_none() && !retires && registration(setup, module) == Some(Registration::Added) {
        return Ok(());
    }
    // Its configuration may ask for a kernel; any will do.
    let any = kernels::served(setup)?.into_iter().next_back();
    let kernel = Kernel::gather(setup, &any.map_or_else(|| KernelId::new("none", &setup.machine.arch), Ok)?)?;
    let (guard, _) = writer.guard(setup, observer)?;
    let mut listener = |event| observer.progress(Progress::Installing(&event));
    let mut session = Session::new(setup, guard, &mut listener);
    match archive {
        Some(archive) => {
            // Packages are installed again with the archive that they brought before.
            archive::load(&mut session, archive, &kernel, LoadOptions { force: true, accept_same: true })?;
        }
        None => {
            let added = register::add(&mut session, module, &kernel, None)?;
            if let Some(status) = added.post_add.filter(|status| *status != 0) {
                log::warn!("POST_ADD of `{module}` failed with status {status}");
            }
        }
    }
    register::reinstate(setup, guard, module)
}
