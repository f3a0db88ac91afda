//! Our package comes and goes.

use anyhow::Result;

use super::{Scenario, original, ours};
use crate::transaction::package_manager::{ACPI_CALL, BOTH, Kernel, Package, PackageManager, TWIG, WRITEBOOST, linux};

/// S17: the original's package is replaced by ours, and ours by the original's.
pub(super) fn there_and_back(scenario: &Scenario) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let tool = scenario.environment.tool();
    scenario.prepare(&tool.install(&[], &[original::PACKAGE.to_owned()]))?;
    scenario.prepare(&scenario.environment.install(&[ACPI_CALL, WRITEBOOST]))?;
    scenario.prepare(&format!("dkms autoinstall -k {older}"))?;
    let files = "dkms status; find /usr/lib/modules/*/extra /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\n' | sort";
    let before = scenario.root.must(files)?.stdout;
    scenario.expect(before.contains("installed"), || format!("the original installed nothing\n{before}"));
    if scenario.is_ours() {
        scenario
            .run(&tool.swap("dkms", ours::PACKAGE))?
            .builds(scenario, 0)
            .depmods(scenario, &[])
            .initramfs(scenario, &[]);
        let there = scenario.root.must(files)?.stdout;
        scenario.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        let back = tool.swap(ours::NAME, original::PACKAGE);
        scenario.run(&back)?.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
        let back = scenario.root.must(files)?.stdout;
        scenario.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    scenario.run(&format!("dkms autoinstall -k {older}"))?.builds(scenario, 0);
    Ok(())
}

/// First installation, all in one transaction.
pub(super) fn first_installation(scenario: &Scenario) -> Result<()> {
    let packages: Vec<Package> = linux(Kernel::Older).into_iter().chain([ACPI_CALL, TWIG]).collect();
    let step = scenario.run(&scenario.environment.with_dkms(&packages))?;
    step.builds(scenario, 2);
    scenario.works("twig", "1.0", &[Kernel::Older])?;
    scenario.expect_state("acpi-call", scenario.release(Kernel::Older), Some("installed"))?;
    scenario.holds(Kernel::Older, "acpi_call")
}

/// Our package goes together with the modules.
pub(super) fn removal(scenario: &Scenario) -> Result<()> {
    let dkms = if scenario.is_ours() { ours::NAME } else { "dkms" };
    let names = ["twig-dkms", "acpi-call-dkms", dkms].map(str::to_owned);
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    scenario.run(&scenario.environment.tool().remove(&names))?.builds(scenario, 0).depmods(scenario, &kernels);
    for kernel in BOTH {
        scenario.is_bare(kernel)?;
    }
    let left = "ls -d /var/lib/dkms/twig /var/lib/dkms/acpi-call 2> /dev/null || true";
    scenario.complain(&scenario.root.must(left)?.stdout);
    Ok(())
}
