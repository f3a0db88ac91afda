//! dracut in the place of mkinitcpio, without a hook of its own: what nobody else makes is for us to make.

use anyhow::Result;

use super::arch::PACK;
use super::releases::Kernel::{Lts, Older};
use super::scenario::Scenario;
use super::{arch, image, test_packages};
use crate::transaction::counting;
use crate::transaction::package_manager::Package;

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
fn prepare(scenario: &Scenario) -> Result<()> {
    scenario.prepare(&arch::pacman("-R mkinitcpio"))?;
    counting::write(&scenario.root, &FILES)?;
    scenario.prepare("chmod 0755 /usr/bin/dracut")
}

/// S28: a package with a hook of its own, which comes after ours; who else makes the images is known by it.
pub(super) fn hook_of_its_own(scenario: &Scenario) -> Result<()> {
    prepare(scenario)?;
    scenario.prepare(&HOOK.replace("PACK", PACK))?;
    let kernels = [scenario.environment.release(Older), scenario.environment.release(Lts)];
    let both = scenario.upgrade(&format!("/srv/pkgs/images-1-1-any.pkg.tar.zst {}", test_packages::TWIG))?;
    both.builds(scenario, 2).initramfs(scenario, &kernels);
    // It is not for this one.
    let other = scenario.upgrade(test_packages::ACPI_CALL)?;
    other.builds(scenario, 2).initramfs(scenario, &kernels);
    for (kernel, object) in [(Older, "twig"), (Lts, "twig"), (Older, "acpi_call"), (Lts, "acpi_call")] {
        image::holds(scenario, kernel, object)?;
    }
    scenario.pacman("-R twig-dkms")?.builds(scenario, 0).initramfs(scenario, &kernels);
    Ok(())
}

/// A module alone, headers alone.
pub(super) fn transactions(scenario: &Scenario) -> Result<()> {
    prepare(scenario)?;
    let module = scenario.upgrade(test_packages::TWIG)?;
    module
        .builds(scenario, 2)
        .initramfs(scenario, &[scenario.environment.release(Older), scenario.environment.release(Lts)]);
    for kernel in [Older, Lts] {
        image::holds(scenario, kernel, "twig")?;
    }
    let headers = scenario.install(&[Package::HeadersAgain])?;
    headers.builds(scenario, 2).initramfs(scenario, &[scenario.environment.release(Older)]);
    image::holds(scenario, Older, "twig")?;
    image::holds(scenario, Older, "acpi_call")
}
