//! `dkms autoinstall`: every registered module that wants it is built and installed, for one kernel or for all.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::goal;
use crate::session::Session;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    super::achieve(session, progress, &mut Writer::default(), &goal::of(session, None)?)
}
