//! dracut in the place of initramfs-tools.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::made;
use super::stage::{Stage, Step};
use crate::transaction::dracut::SETTINGS;

/// A dracut that counts.
const SETUP: &str = r#"
set -e
cat > /etc/dracut.conf.d/counted.conf << 'END'
SETTINGSEND
dpkg-divert --quiet --local --rename --divert /usr/lib/counted/dracut --add /usr/bin/dracut
cat > /usr/bin/dracut << 'END'
#!/bin/sh
printf '%s\n' "$*" >> /var/log/counted/mkinitramfs
exec /usr/lib/counted/dracut "$@"
END
chmod 0755 /usr/bin/dracut
dracut --force /boot/initrd.img-$older $older
"#;

const HOLDS: &str = r#"
image=/boot/initrd.img-$kernel
lsinitrd "$image" | grep -q "/$object[.]ko" || echo "$image has no $object"
ls /boot/initramfs-*.img 2> /dev/null
true
"#;

/// A kernel with its headers, headers later, a module alone: each image is right, and is made again once where it is not.
pub(super) fn transactions(stage: &Stage) -> Result<()> {
    let (older, newer) = (stage.ground.release(Older), stage.ground.release(Newer));
    stage.prepare(&format!("older={older}{}", SETUP.replace("SETTINGS", SETTINGS)))?;
    let module = stage.apt(&format!("install {}", made::TWIG))?;
    module.builds(stage, 1).initramfs(stage, &[older]);
    holds(stage, older, &["twig"])?;
    let image = stage.apt(&format!("install linux-image-{newer}"))?;
    image.builds(stage, 0).initramfs(stage, &[newer]);
    let headers = stage.apt(&format!("install linux-headers-{newer}"))?;
    headers.builds(stage, 2).initramfs(stage, &[newer]);
    holds(stage, newer, &["twig", "acpi_call"])?;
    let kernel: Step = stage.apt(&format!("install --reinstall linux-image-{newer} linux-headers-{newer}"))?;
    kernel.builds(stage, 0);
    holds(stage, newer, &["twig", "acpi_call"])
}

fn holds(stage: &Stage, kernel: &str, objects: &[&str]) -> Result<()> {
    for object in objects {
        stage.complain(&stage.root.must(&format!("kernel={kernel} object={object}{HOLDS}"))?.stdout);
    }
    Ok(())
}
