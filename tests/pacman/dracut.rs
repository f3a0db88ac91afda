//! dracut in the place of mkinitcpio, without a hook of its own: what nobody else makes is for us to make.

use anyhow::Result;

use super::arch::PACK;
use super::ground::Kernel::{Lts, Older};
use super::stage::Stage;
use super::{arch, image, made};
use crate::transaction::counting;
use crate::transaction::door::Package;

const FILES: [(&str, &str); 1] = [("usr/bin/dracut", include_str!("files/dracut"))];

/// A package with a hook that makes all images when twig comes or goes.
const HOOK: &str = r#"
set -e
mkdir -p /srv/images/usr/share/libalpm/{hooks,scripts}
cat > /srv/images/usr/share/libalpm/hooks/95-images.hook << 'END'
[Trigger]
Type = Path
Operation = Install
Operation = Upgrade
Operation = Remove
Target = usr/src/twig-*/dkms.conf

[Action]
When = PostTransaction
Exec = /usr/share/libalpm/scripts/dracut-images
END
cat > /srv/images/usr/share/libalpm/scripts/dracut-images << 'END'
#!/bin/bash
for base in /usr/lib/modules/*/pkgbase; do
    dracut --force "/boot/initramfs-$(< "$base").img" "$(basename "${base%/pkgbase}")"
done
END
chmod 0755 /srv/images/usr/share/libalpm/scripts/dracut-images
PACK /srv/images images 1-1
rm -r /srv/images
"#;

/// dracut takes the place of mkinitcpio.
fn prepare(stage: &Stage) -> Result<()> {
    stage.prepare(&arch::pacman("-R mkinitcpio"))?;
    counting::write(&stage.root, &FILES)?;
    stage.prepare("chmod 0755 /usr/bin/dracut")
}

/// S28: a package with a hook of its own, which comes after ours; who else makes the images is known by it.
pub(super) fn hook_of_its_own(stage: &Stage) -> Result<()> {
    prepare(stage)?;
    stage.prepare(&HOOK.replace("PACK", PACK))?;
    let kernels = [stage.ground.release(Older), stage.ground.release(Lts)];
    let both = stage.upgrade(&format!("/srv/pkgs/images-1-1-any.pkg.tar.zst {}", made::TWIG))?;
    both.builds(stage, 2).initramfs(stage, &kernels);
    // It is not for this one.
    let other = stage.upgrade(made::ACPI_CALL)?;
    other.builds(stage, 2).initramfs(stage, &kernels);
    for (kernel, object) in [(Older, "twig"), (Lts, "twig"), (Older, "acpi_call"), (Lts, "acpi_call")] {
        image::holds(stage, kernel, object)?;
    }
    stage.pacman("-R twig-dkms")?.builds(stage, 0).initramfs(stage, &kernels);
    Ok(())
}

/// A module alone, headers alone.
pub(super) fn transactions(stage: &Stage) -> Result<()> {
    prepare(stage)?;
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
