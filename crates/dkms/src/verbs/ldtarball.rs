//! `dkms ldtarball`: registers the module version in an archive and takes the builds that it holds.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::arguments::Origin;
use crate::refusal::Refusal;
use crate::registration;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let Some(Origin::Archive(path)) = &session.arguments.origin else {
        return Err(Refusal::ArchiveMissing { path: Default::default() }.into());
    };
    let mut watcher = Watcher::new(session, progress, false);
    let mut writer = Writer::default();
    match registration::load(session, &mut watcher, &mut writer, path)? {
        Some(registered) => registration::conclude(&registered),
        // A package of rpm brings its own registration; what it registered is built as after any other installation.
        None => super::automatic(session, progress, &mut writer),
    }
}
