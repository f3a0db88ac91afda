//! The module version that a verb is about, registered: by name, from a directory, or from an archive.

use std::path::Path;

use anyhow::Result;
use dkms_engine::archive::{self, LoadOptions, Loaded};
use dkms_engine::error::Error;
use dkms_engine::facts::Registration;
use dkms_engine::facts::kernel::Kernel;
use dkms_engine::facts::tree;
use dkms_engine::install::Session as Installing;
use dkms_engine::register::{self, Added};
use dkms_engine::run::{Observer, Progress, Writer};
use dkms_engine::target::{KernelId, ModuleId};
use dkms_engine::transaction;

use crate::arguments::Origin;
use crate::exit::Reported;
use crate::kernels::Kernels;
use crate::preconditions;
use crate::problem;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::verb::Verb;
use crate::watch::Watcher;

/// What became of the arguments.
#[derive(Debug)]
pub(crate) struct Registered {
    /// The module version.
    pub(crate) module: ModuleId,
    /// What registering it came to; `None` if it was registered before, or came with an archive.
    pub(crate) added: Option<Added>,
}

/// Registers what the line names, unless it is registered. Building and installing begin with this. `None` if it was a
/// package of rpm, which has been installed.
///
/// # Errors
/// `NoModule`, and those of the engine's registering.
pub(crate) fn ensure(session: &Session, watcher: &mut Watcher<'_>, writer: &mut Writer) -> Result<Option<ModuleId>> {
    let Some(registered) = register(session, watcher, writer, false)? else { return Ok(None) };
    if let Some(status) = registered.failed_script() {
        log::warn!("POST_ADD of `{}` failed with status {status}", registered.module);
    }
    Ok(Some(registered.module))
}

/// Ends a verb that only registers: the module version stays registered, and a script that failed gives its status.
pub(crate) fn conclude(registered: &Registered) -> Result<()> {
    match registered.failed_script() {
        Some(status) => {
            log::error!("POST_ADD of `{}` failed with status {status}", registered.module);
            Err(Reported(u8::try_from(status).unwrap_or(1)).into())
        }
        None => Ok(()),
    }
}

impl Registered {
    /// The status of a POST_ADD that failed.
    fn failed_script(&self) -> Option<i32> {
        self.added.as_ref()?.post_add.filter(|status| *status != 0)
    }
}

/// Registers what the line names. `must_be_new`: it is an error if it is registered.
pub(crate) fn register(
    session: &Session,
    watcher: &mut Watcher<'_>,
    writer: &mut Writer,
    must_be_new: bool,
) -> Result<Option<Registered>> {
    match &session.arguments.origin {
        Some(Origin::Archive(path)) => load(session, watcher, writer, path),
        Some(Origin::Directory(path)) => {
            let setup = &session.setup;
            let kernel = kernel(session)?;
            let (guard, _) = writer.guard(setup, watcher)?;
            let mut tell = |event| watcher.progress(Progress::Installing(&event));
            let mut installing = Installing::new(setup, guard, &mut tell);
            let imported = register::import(&mut installing, path, &kernel, session.arguments.line.force)?;
            let copied =
                imported.copied.then(|| format!("copied `{}` to `{}`", path.display(), imported.source.display()));
            if let Some(copied) = copied {
                session.output.line(&copied)?;
            }
            by_name(session, watcher, writer, imported.module, must_be_new).map(Some)
        }
        None => {
            // An implied registration is what is missing then, so the hint speaks of that.
            let module = preconditions::module(&session.arguments)?.ok_or(Refusal::NoModule { verb: Verb::Add })?;
            by_name(session, watcher, writer, module, must_be_new).map(Some)
        }
    }
}

/// Registers the source that lies in the source tree.
pub(crate) fn by_name(
    session: &Session,
    watcher: &mut Watcher<'_>,
    writer: &mut Writer,
    module: ModuleId,
    must_be_new: bool,
) -> Result<Registered> {
    let setup = &session.setup;
    let usable = matches!(tree::registration(setup, &module), Some(Registration::Added | Registration::BinariesOnly));
    if usable && !must_be_new {
        return Ok(Registered { module, added: None });
    }
    let kernel = kernel(session)?;
    let named = kernel_of_build(session, &kernel);
    let (guard, _) = writer.guard(setup, watcher)?;
    if session.arguments.line.rpm_safe_upgrade {
        // Before the old package asks for the removal of the same version.
        transaction::note_upgrade(setup, guard, &module)?;
    }
    let mut tell = |event| watcher.progress(Progress::Installing(&event));
    let mut installing = Installing::new(setup, guard, &mut tell);
    let added = register::add(&mut installing, &module, &kernel, named)?;
    for warning in &added.warnings {
        log::warn!("{}", problem::of_diagnostic(warning));
    }
    session
        .output
        .line(&format!("added {module} with the source in `{}`", setup.layout.source_tree(&module).display()))?;
    Ok(Registered { module, added: Some(added) })
}

/// POST_ADD hears of the kernel only when it is registered in order to be built.
fn kernel_of_build<'k>(session: &Session, kernel: &'k Kernel) -> Option<&'k KernelId> {
    (session.arguments.verb != Verb::Add).then_some(&kernel.id)
}

/// Loads an archive and says what came of it; `None` if it was a package of rpm.
pub(crate) fn load(
    session: &Session,
    watcher: &mut Watcher<'_>,
    writer: &mut Writer,
    path: &Path,
) -> Result<Option<Registered>> {
    let arguments = &session.arguments;
    let kernel = kernel(session)?;
    let accept_same = matches!(arguments.verb, Verb::Build | Verb::Install);
    let options = LoadOptions { force: arguments.line.force, accept_same };
    let (guard, _) = writer.guard(&session.setup, watcher)?;
    let mut tell = |event| watcher.progress(Progress::Installing(&event));
    let mut installing = Installing::new(&session.setup, guard, &mut tell);
    let loaded = archive::load(&mut installing, path, &kernel, options)?;
    let Loaded::Module { module, added, loaded, skipped } = loaded else { return Ok(None) };
    session.output.line(&format!("registered {module} from `{}`", path.display()))?;
    for target in loaded {
        session.output.line(&format!("loaded the build of {target}"))?;
    }
    for target in skipped {
        log::warn!("skipped the build of {target}, which exists already; --force replaces it");
    }
    Ok(Some(Registered { module, added: added.map(|added| *added) }))
}

/// The first kernel of the line: the one that a configuration is evaluated for while nothing is built yet.
pub(crate) fn kernel(session: &Session) -> Result<Kernel> {
    let machine = &session.setup.machine;
    let id = match Kernels::of(&session.arguments, machine)? {
        Kernels::These(kernels) => kernels.into_iter().next(),
        Kernels::AllBuilt => None,
    };
    let id = id.map_or_else(|| KernelId::new(&machine.release, &machine.arch), Ok).map_err(Error::from)?;
    Ok(Kernel::gather(&session.setup, &id)?)
}
