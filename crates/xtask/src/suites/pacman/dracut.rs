//! dracut in the place of mkinitcpio, without a hook of its own: what nobody else makes is for us to make.

use anyhow::Result;

use super::ground::Kernel::{Lts, Older};
use super::stage::Stage;
use super::{arch, image, made};
use crate::suites::transaction::door::Package;

const FILES: [(&str, &str); 1] = [("usr/bin/dracut", include_str!("files/dracut"))];

/// A module alone, headers alone.
pub(super) fn transactions(stage: &Stage) -> Result<()> {
    stage.prepare(&arch::pacman("-R mkinitcpio"))?;
    arch::write(&stage.root, &FILES)?;
    stage.prepare("chmod 0755 /usr/bin/dracut")?;
    let module = stage.upgrade(made::TWIG)?;
    module.builds(stage, 2).initramfs(stage, &[stage.ground.release(Older), stage.ground.release(Lts)]);
    for kernel in [Older, Lts] {
        image::holds(stage, kernel, "twig")?;
    }
    let headers = stage.install(&[Package::HeadersAgain])?;
    headers.builds(stage, 2).initramfs(stage, &[stage.ground.release(Older)]);
    image::holds(stage, Older, "twig")?;
    image::holds(stage, Older, "acpi_call")
}
