//! Our package comes and goes.

use anyhow::Result;

use super::{Stage, original, ours};
use crate::transaction::door::{ACPI_CALL, BOTH, Door, Kernel, Package, TWIG, WRITEBOOST, linux};

/// S17: the original's package is replaced by ours, and ours by the original's.
pub(super) fn there_and_back(stage: &Stage) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let tool = stage.ground.tool();
    stage.prepare(&tool.install(&[], &[original::PACKAGE.to_owned()]))?;
    stage.prepare(&stage.ground.install(&[ACPI_CALL, WRITEBOOST]))?;
    stage.prepare(&format!("dkms autoinstall -k {older}"))?;
    let files = "dkms status; find /usr/lib/modules/*/extra /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\n' | sort";
    let before = stage.root.must(files)?.stdout;
    stage.expect(before.contains("installed"), || format!("the original installed nothing\n{before}"));
    if stage.is_ours() {
        stage.run(&tool.swap("dkms", ours::PACKAGE))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let there = stage.root.must(files)?.stdout;
        stage.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        let back = tool.swap(ours::NAME, original::PACKAGE);
        stage.run(&back)?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let back = stage.root.must(files)?.stdout;
        stage.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    stage.run(&format!("dkms autoinstall -k {older}"))?.builds(stage, 0);
    Ok(())
}

/// First installation, all in one transaction.
pub(super) fn first_installation(stage: &Stage) -> Result<()> {
    let packages: Vec<Package> = linux(Kernel::Older).into_iter().chain([ACPI_CALL, TWIG]).collect();
    let step = stage.run(&stage.ground.with_dkms(&packages))?;
    step.builds(stage, 2);
    stage.works("twig", "1.0", &[Kernel::Older])?;
    stage.expect_state("acpi-call", stage.release(Kernel::Older), Some("installed"))?;
    stage.holds(Kernel::Older, "acpi_call")
}

/// Our package goes together with the modules.
pub(super) fn removal(stage: &Stage) -> Result<()> {
    let dkms = if stage.is_ours() { ours::NAME } else { "dkms" };
    let names = ["twig-dkms", "acpi-call-dkms", dkms].map(str::to_owned);
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    stage.run(&stage.ground.tool().remove(&names))?.builds(stage, 0).depmods(stage, &kernels);
    for kernel in BOTH {
        stage.is_bare(kernel)?;
    }
    let left = "ls -d /var/lib/dkms/twig /var/lib/dkms/acpi-call 2> /dev/null || true";
    stage.complain(&stage.root.must(left)?.stdout);
    Ok(())
}
