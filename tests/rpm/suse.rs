//! What is different where os-release says SUSE: the place of modules, and a program that links them into other kernels.

use anyhow::Result;

use super::Stage;
use crate::transaction::door::{Door, Kernel, Package, TWIG, TWIG_NEXT};
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
pub(super) fn module(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let older = stage.release(Kernel::Older);
    stage.prepare(SETUP)?;
    stage.install(&[TWIG])?.builds(stage, 1).depmods(stage, &[older]);
    let place = format!("/lib/modules/{older}/updates/twig.ko");
    let lent = |wanted: &str| lent(stage, wanted);
    lent(&format!("--add-kernel-modules {older}\n{place}\n"))?;
    stage.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))?;
    stage.remove(&[TWIG])?.builds(stage, 0).depmods(stage, &[older]);
    lent(&format!("--remove-kernel-modules {older}\n{place}\n"))?;
    stage.prepare("echo 'NO_WEAK_MODULES=\"yes\"' > /etc/dkms/twig.conf")?;
    stage.install(&[TWIG_NEXT])?.builds(stage, 1);
    stage.remove(&[TWIG_NEXT])?.builds(stage, 0);
    lent("")?;
    stage.gone("twig")
}

/// S31: what comes again was never gone, so nothing that is lent is taken back. What weak-modules2 does about a kernel is
/// between it and the scripts of the kernel's package.
pub(super) fn again(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    stage.prepare(SETUP)?;
    let older = stage.release(Kernel::Older);
    stage.prepare(&stage.ground.install(&[TWIG]))?;
    stage.prepare("rm /srv/lent")?;
    for package in [TWIG, Package::Image(Kernel::Older)] {
        staying::transaction(stage, &stage.ground.again(&[package]))?.depmods(stage, &[]);
        lent(stage, "")?;
        stage.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))?;
    }
    stage.prepare(&stage.ground.remove(&[TWIG]))
}

/// Expects what weak-modules2 was told since it was last asked.
fn lent(stage: &Stage, wanted: &str) -> Result<()> {
    let said = stage.root.must("cat /srv/lent 2> /dev/null; rm -f /srv/lent")?.stdout.replace(".ko.xz", ".ko");
    stage.expect(said == wanted, || format!("weak-modules2 was told\n{said}and not\n{wanted}"));
    Ok(())
}
