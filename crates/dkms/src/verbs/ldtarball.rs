//! `dkms ldtarball`: registers the module version in an archive and takes the builds that it holds.

use std::path::Path;

use anyhow::Result;
use dkms_engine::archive::{self, LoadOptions, Loaded};
use dkms_engine::facts::kernel::Kernel;
use dkms_engine::install::Session as Installing;
use dkms_engine::run::{Observer, Progress, Writer};
use indicatif::MultiProgress;

use crate::arguments::Origin;
use crate::refusal::Refusal;
use crate::registration::{self, Registered};
use crate::session::Session;
use crate::verb::Verb;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let Some(Origin::Archive(path)) = &session.arguments.origin else {
        return Err(Refusal::ArchiveMissing { path: Default::default() }.into());
    };
    let mut watcher = Watcher::new(session, progress, false);
    let mut writer = Writer::default();
    match load(session, &mut watcher, &mut writer, path)? {
        Some(registered) => registration::conclude(&registered),
        // A package of rpm brings its own registration; what it registered is built as after any other installation.
        None => super::automatic(session, progress, &mut writer),
    }
}

/// Loads an archive and says what came of it; `None` if it was a package of rpm.
pub(crate) fn load(
    session: &Session,
    watcher: &mut Watcher<'_>,
    writer: &mut Writer,
    path: &Path,
) -> Result<Option<Registered>> {
    let arguments = &session.arguments;
    let kernel: Kernel = registration::kernel(session)?;
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
        log::warn!("the build of {target} is there already and was left out; --force replaces it");
    }
    Ok(Some(Registered { module, added: added.map(|added| *added) }))
}
