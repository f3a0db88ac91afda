//! `dkms add`: registers a module version by name, from a directory, or from an archive.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::registration;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let mut watcher = Watcher::new(session, progress, false);
    let mut writer = Writer::default();
    match registration::register(session, &mut watcher, &mut writer, true)? {
        Some(registered) => registration::conclude(&registered),
        None => super::automatic(session, progress, &mut writer),
    }
}
