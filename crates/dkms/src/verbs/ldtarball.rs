//! `dkms ldtarball`: loads an archive.

use std::path::Path;

use anyhow::Result;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::registration::Registered;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(_session: &Session, _progress: &MultiProgress) -> Result<()> {
    anyhow::bail!("tarballs cannot be loaded yet")
}

pub(crate) fn load(_s: &Session, _w: &mut Watcher<'_>, _writer: &mut Writer, _path: &Path) -> Result<Registered> {
    anyhow::bail!("tarballs cannot be loaded yet")
}
