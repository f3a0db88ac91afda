//! `dkms uninstall` and `dkms unbuild`: takes the objects of a module out of kernels, and keeps or drops what was built.

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::goal;
use crate::session::Session;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let module = goal::module(session)?;
    super::achieve(session, progress, &mut Writer::default(), &goal::of(session, module.as_ref())?)
}
