//! Transactions of module packages that are not the same everywhere.

use anyhow::Result;

use super::Scenario;
use super::fedora::PACK;
use crate::transaction::package_manager::{BOTH, Kernel};

/// A package of the source of twig whose scripts install it for the kernel that is in use, and make the initramfs of that
/// one, as those of graphics drivers do.
const MAKES_IMAGE: &str = r#"
set -e
mkdir -p /srv/package
rpm2cpio /srv/repo/twig-dkms-1.0-1.rpm | cpio --quiet -idm -D /srv/package
PACK /srv/package stout-dkms 1.0 1 'Requires: dkms' '%post
dkms add -m twig -v 1.0 -q --rpm_safe_upgrade || :
dkms build -m twig -v 1.0 -k OLDER -q || :
dkms install -m twig -v 1.0 -k OLDER -q --force || :
%preun
dkms remove -m twig -v 1.0 -q --all --rpm_safe_upgrade || :
%posttrans
dracut --force /boot/initramfs-OLDER.img OLDER
'
rm -r /srv/package
"#;

/// S28: the image that the package makes has the module and is not made again; the other one is made at the end. A package that
/// makes images without having installed anything for their kernels makes them too early: its script comes before our trigger.
pub(super) fn makes_image(scenario: &Scenario) -> Result<()> {
    let (older, newer) = (scenario.release(Kernel::Older), scenario.release(Kernel::Newer));
    scenario.prepare(&MAKES_IMAGE.replace("PACK", PACK).replace("OLDER", older))?;
    let line = scenario.environment.tool().install(&[], &["/srv/repo/stout-dkms-1.0-1.rpm".to_owned()]);
    scenario.run(&line)?.builds(scenario, 2).depmods(scenario, &[older, newer]).initramfs(scenario, &[older, newer]);
    scenario.works("twig", "1.0", &BOTH)
}
