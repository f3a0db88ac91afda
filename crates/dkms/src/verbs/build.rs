//! `dkms build` and `dkms install`: for kernels, registering a module first if needed.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::session::Session;
use crate::watch::Watcher;
use crate::{goal, registration};

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let mut writer = Writer::default();
    let mut watcher = Watcher::new(session, progress, false);
    match registration::ensure(session, &mut watcher, &mut writer)? {
        Some(module) => super::achieve(session, progress, &mut writer, &goal::of(session, Some(&module))?),
        None => super::automatic(session, progress, &mut writer),
    }
}
