//! What was not built here is not installed unless its kernel would load it.

use std::path::{Path, PathBuf};

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::facts::fit::{self, Fit};
use crate::facts::kernel::Kernel;
use crate::target::Target;

/// Looks at the kept objects of a build without a record of ours. By force they are installed as they are.
///
/// # Errors
/// `ObjectUnfit`; `Io`; `ModuleUnreadable`.
pub(super) fn check(
    session: &mut Session<'_>,
    target: &Target,
    objects: &[(String, PathBuf)],
    kernel: &Kernel,
    force: bool,
) -> Result<(), Error> {
    let setup = session.setup;
    if setup.root.is_file(&setup.layout.record(target)) {
        return Ok(());
    }
    let paths: Vec<&Path> =
        objects.iter().map(|(_, path)| path.as_path()).filter(|path| setup.root.is_file(path)).collect();
    match fit::of(setup, kernel, target, &paths)? {
        Fit::Fits => {}
        Fit::Unknown => session.say(InstallEvent::FitUnknown { target: target.clone() }),
        Fit::Unfit { object, reason } if force => session.say(InstallEvent::Unfit { object, reason }),
        Fit::Unfit { object, reason } => {
            let object = object.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(Error::ObjectUnfit { target: target.clone(), object, reason });
        }
    }
    Ok(())
}
