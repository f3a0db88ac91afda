//! dracut in the place of initramfs-tools.

use anyhow::Result;

use super::environment::Kernel::{Newer, Older};
use super::scenario::{Scenario, Step};
use super::test_packages;
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
pub(super) fn transactions(scenario: &Scenario) -> Result<()> {
    let (older, newer) = (scenario.environment.release(Older), scenario.environment.release(Newer));
    scenario.prepare(&format!("older={older}{}", SETUP.replace("SETTINGS", SETTINGS)))?;
    let module = scenario.apt(&format!("install {}", test_packages::TWIG))?;
    module.builds(scenario, 1).initramfs(scenario, &[older]);
    holds(scenario, older, &["twig"])?;
    let image = scenario.apt(&format!("install linux-image-{newer}"))?;
    image.builds(scenario, 0).initramfs(scenario, &[newer]);
    let headers = scenario.apt(&format!("install linux-headers-{newer}"))?;
    headers.builds(scenario, 2).initramfs(scenario, &[newer]);
    holds(scenario, newer, &["twig", "acpi_call"])?;
    let kernel: Step = scenario.apt(&format!("install --reinstall linux-image-{newer} linux-headers-{newer}"))?;
    kernel.builds(scenario, 0);
    holds(scenario, newer, &["twig", "acpi_call"])
}

fn holds(scenario: &Scenario, kernel: &str, objects: &[&str]) -> Result<()> {
    for object in objects {
        scenario.complain(&scenario.root.must(&format!("kernel={kernel} object={object}{HOLDS}"))?.stdout);
    }
    Ok(())
}
