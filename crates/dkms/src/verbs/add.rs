//! `dkms add`: registers a module version by name, from a directory, or from an archive.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::exit::Told;
use crate::registration;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let mut watcher = Watcher::new(session, progress, false);
    let registered = registration::register(session, &mut watcher, &mut Writer::default(), true)?;
    match registered.added.and_then(|added| added.post_add) {
        Some(status) if status != 0 => {
            // The registration stands; the script's status is the verb's.
            log::error!("POST_ADD of `{}` failed with status {status}", registered.module);
            Err(Told(u8::try_from(status).unwrap_or(1)).into())
        }
        _ => Ok(()),
    }
}
