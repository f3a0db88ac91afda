//! What is different where os-release says SUSE: the place of modules, and a program that links them into other kernels.

use anyhow::Result;

use super::Scenario;
use crate::transaction::package_manager::{Kernel, Package, PackageManager, TWIG, TWIG_NEXT};
use crate::transaction::rows::staying;

/// Debian has no suse-module-tools; this writes down how it is called.
const SETUP: &str = r#"
set -e
sed -i 's/^ID=.*/ID="opensuse-leap"\nID_LIKE="suse opensuse"/; s/^VERSION_ID=.*/VERSION_ID="15.6"/' /usr/lib/os-release
mkdir -p /usr/lib/module-init-tools
printf '#!/bin/bash\n{ echo "$@"; cat; } >> /srv/lent\n' > /usr/lib/module-init-tools/weak-modules2
chmod 0755 /usr/lib/module-init-tools/weak-modules2
"#;

/// A module comes and goes, and another one that is not to be lent.
pub(super) fn module(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    let older = scenario.release(Kernel::Older);
    scenario.prepare(SETUP)?;
    scenario.install(&[TWIG])?.builds(scenario, 1).depmods(scenario, &[older]);
    let place = format!("/lib/modules/{older}/updates/twig.ko");
    let lent = |wanted: &str| lent(scenario, wanted);
    lent(&format!("--add-kernel-modules {older}\n{place}\n"))?;
    scenario.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))?;
    scenario.remove(&[TWIG])?.builds(scenario, 0).depmods(scenario, &[older]);
    lent(&format!("--remove-kernel-modules {older}\n{place}\n"))?;
    scenario.prepare("echo 'NO_WEAK_MODULES=\"yes\"' > /etc/dkms/twig.conf")?;
    scenario.install(&[TWIG_NEXT])?.builds(scenario, 1);
    scenario.remove(&[TWIG_NEXT])?.builds(scenario, 0);
    lent("")?;
    scenario.gone("twig")
}

/// S31: what comes again was never gone, so nothing that is lent is taken back. What weak-modules2 does about a kernel is
/// between it and the scripts of the kernel's package.
pub(super) fn again(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    scenario.prepare(SETUP)?;
    let older = scenario.release(Kernel::Older);
    scenario.prepare(&scenario.environment.install(&[TWIG]))?;
    scenario.prepare("rm /srv/lent")?;
    for package in [TWIG, Package::Image(Kernel::Older)] {
        staying::transaction(scenario, &scenario.environment.again(&[package]))?.depmods(scenario, &[]);
        lent(scenario, "")?;
        scenario.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))?;
    }
    scenario.prepare(&scenario.environment.remove(&[TWIG]))
}

/// Expects what weak-modules2 was told since it was last asked.
fn lent(scenario: &Scenario, wanted: &str) -> Result<()> {
    let said = scenario.root.must("cat /srv/lent 2> /dev/null; rm -f /srv/lent")?.stdout.replace(".ko.xz", ".ko");
    scenario.expect(said == wanted, || format!("weak-modules2 was told\n{said}and not\n{wanted}"));
    Ok(())
}
