//! The real dracut, through its own plugin of kernel-install.

use anyhow::Result;

use super::Scenario;
use super::fedora::KEPT;
use crate::transaction::dracut::SETTINGS;
use crate::transaction::package_manager::{Kernel, Package, TWIG_NEXT, linux};

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
pub(super) fn transactions(scenario: &Scenario) -> Result<()> {
    let (older, newer) = (scenario.release(Kernel::Older), scenario.release(Kernel::Newer));
    scenario.prepare(&format!("older={older}{}", SETUP.replace("KEPT", KEPT).replace("SETTINGS", SETTINGS)))?;
    let image = scenario.install(&[Package::Image(Kernel::Newer)])?;
    image.builds(scenario, 0).initramfs(scenario, &[newer]);
    let headers = scenario.install(&[Package::Headers(Kernel::Newer)])?;
    headers.builds(scenario, 2).initramfs(scenario, &[newer]);
    holds(scenario, newer, &["twig", "acpi_call"])?;
    scenario.remove(&linux(Kernel::Newer))?.builds(scenario, 0);
    scenario.install(&linux(Kernel::Newer))?.builds(scenario, 2).initramfs(scenario, &[newer]);
    holds(scenario, newer, &["twig", "acpi_call"])?;
    scenario.install(&[TWIG_NEXT])?.builds(scenario, 2).initramfs(scenario, &[older, newer]);
    holds(scenario, older, &["twig"])?;
    holds(scenario, newer, &["twig"])
}

/// Expects the very objects in the image.
fn holds(scenario: &Scenario, kernel: &str, objects: &[&str]) -> Result<()> {
    for object in objects {
        let said = scenario.root.must(&format!(
            "image=$(ls /boot/*/{kernel}/initrd /boot/initramfs-{kernel}.img 2> /dev/null | head -n 1)
             inner=$(lsinitrd \"$image\" | grep -o 'usr/lib/modules/.*/{object}[.]ko[.a-z]*')
             [ -n \"$inner\" ] || {{ echo \"$image has no {object}\"; exit; }}
             here=$(echo /usr/lib/modules/{kernel}/extra/{object}.ko*)
             bytes() {{ case $1 in *.xz) xz -dc ;; *.zst) zstd -dcq ;; *) cat ;; esac; }}
             cmp -s <(lsinitrd \"$image\" \"$inner\" | bytes \"$inner\") <(bytes \"$here\" < \"$here\") || echo \"$image has another {object} than $here\""
        ))?;
        scenario.complain(&said.stdout);
    }
    Ok(())
}
