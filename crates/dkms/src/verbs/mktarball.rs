//! `dkms mktarball`: packs.

use anyhow::Result;

use crate::session::Session;

pub(super) fn run(_session: &Session) -> Result<()> {
    anyhow::bail!("tarballs cannot be made yet")
}
