//! The real dracut, through its own plugin of kernel-install.

use anyhow::Result;

use super::Stage;
use super::fedora::KEPT;
use crate::transaction::door::{Kernel, Package, TWIG_NEXT, linux};
use crate::transaction::dracut::SETTINGS;

/// A dracut that counts.
const SETUP: &str = r#"
set -e
mkdir -p /etc/dracut.conf.d
cat > /etc/dracut.conf.d/counted.conf << 'END'
SETTINGSEND
cat > /usr/bin/dracut << 'END'
#!/bin/sh
printf '%s\n' "$*" >> /var/log/counted/mkinitramfs
exec KEPT/dracut "$@"
END
# Debian's plugin leaves the image to the one that writes entries for boot loaders.
echo layout=bls > /etc/kernel/install.conf
cp KEPT/50-dracut.install /usr/lib/kernel/install.d/50-dracut.install
dracut --force /boot/initramfs-$older.img $older
"#;

/// A kernel with its headers, headers later, an upgrade of a module: each image has what is installed.
pub(super) fn transactions(stage: &Stage) -> Result<()> {
    let (older, newer) = (stage.release(Kernel::Older), stage.release(Kernel::Newer));
    stage.prepare(&format!("older={older}{}", SETUP.replace("KEPT", KEPT).replace("SETTINGS", SETTINGS)))?;
    let image = stage.install(&[Package::Image(Kernel::Newer)])?;
    image.builds(stage, 0).initramfs(stage, &[newer]);
    let headers = stage.install(&[Package::Headers(Kernel::Newer)])?;
    headers.builds(stage, 2).initramfs(stage, &[newer]);
    holds(stage, newer, &["twig", "acpi_call"])?;
    stage.remove(&linux(Kernel::Newer))?.builds(stage, 0);
    stage.install(&linux(Kernel::Newer))?.builds(stage, 2).initramfs(stage, &[newer]);
    holds(stage, newer, &["twig", "acpi_call"])?;
    stage.install(&[TWIG_NEXT])?.builds(stage, 2).initramfs(stage, &[older, newer]);
    holds(stage, older, &["twig"])?;
    holds(stage, newer, &["twig"])
}

/// Expects the very objects in the image.
fn holds(stage: &Stage, kernel: &str, objects: &[&str]) -> Result<()> {
    for object in objects {
        let said = stage.root.must(&format!(
            "image=$(ls /boot/*/{kernel}/initrd /boot/initramfs-{kernel}.img 2> /dev/null | head -n 1)
             inner=$(lsinitrd \"$image\" | grep -o 'usr/lib/modules/.*/{object}[.]ko[.a-z]*')
             [ -n \"$inner\" ] || {{ echo \"$image has no {object}\"; exit; }}
             here=$(echo /usr/lib/modules/{kernel}/extra/{object}.ko*)
             bytes() {{ case $1 in *.xz) xz -dc ;; *.zst) zstd -dcq ;; *) cat ;; esac; }}
             cmp -s <(lsinitrd \"$image\" \"$inner\" | bytes \"$inner\") <(bytes \"$here\" < \"$here\") || echo \"$image has another {object} than $here\""
        ))?;
        stage.complain(&said.stdout);
    }
    Ok(())
}
