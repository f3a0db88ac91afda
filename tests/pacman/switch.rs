//! Our package comes, in the place of the original or alone, and goes.

use anyhow::Result;

use super::arch::pacman;
use super::releases::Kernel::{Lts, Older};
use super::scenario::Scenario;
use super::{image, original, test_packages};
use crate::transaction::package_manager::BOTH;

/// Packages that conflict are replaced; the question is answered with yes.
fn replace(package: &str) -> String {
    pacman(&format!("--ask 4 -U {package}"))
}

/// S17
pub(super) fn there_and_back(scenario: &Scenario) -> Result<()> {
    scenario.prepare(&pacman(&format!(
        "-U {} {} {}",
        original::PACKAGE,
        test_packages::ACPI_CALL,
        test_packages::WRITEBOOST
    )))?;
    let files = "dkms status; find /usr/lib/modules/*/updates /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\\n' | sort";
    let before = scenario.root.must(files)?.stdout;
    scenario.expect(before.contains("installed"), || format!("the original installed nothing\n{before}"));
    if scenario.is_ours() {
        scenario
            .run(&replace(scenario.environment.dkms()))?
            .builds(scenario, 0)
            .depmods(scenario, &[])
            .initramfs(scenario, &[]);
        let there = scenario.root.must(files)?.stdout;
        scenario.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        scenario.run(&replace(original::PACKAGE))?.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
        let back = scenario.root.must(files)?.stdout;
        scenario.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    let kernel = scenario.environment.release(Older);
    scenario.run(&format!("dkms autoinstall -k {kernel}"))?.builds(scenario, 0);
    Ok(())
}

/// First installation, all in one transaction.
pub(super) fn first_installation(scenario: &Scenario) -> Result<()> {
    let environment = scenario.environment;
    let packages = [test_packages::ACPI_CALL, test_packages::TWIG, environment.dkms()].join(" ");
    let step = scenario.upgrade(&format!("{} {} {packages}", environment.linux(Older), environment.linux(Lts)))?;
    step.builds(scenario, 4).initramfs(scenario, &[environment.release(Older), environment.release(Lts)]);
    for kernel in [Older, Lts] {
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            scenario.expect_state(module, environment.release(kernel), Some("installed"))?;
            image::holds(scenario, kernel, object)?;
        }
    }
    Ok(())
}

/// Our package goes together with the modules: only hooks before the transaction are run.
pub(super) fn removal(scenario: &Scenario) -> Result<()> {
    let name = if scenario.is_ours() { "dkms-rs" } else { "dkms" };
    let kernels = [scenario.environment.release(Older), scenario.environment.release(Lts)];
    scenario.pacman(&format!("-R twig-dkms acpi-call-dkms {name}"))?.builds(scenario, 0).depmods(scenario, &kernels);
    for kernel in BOTH {
        scenario.is_bare(kernel)?;
    }
    scenario
        .complain(&scenario.root.must("ls -d /var/lib/dkms/twig /var/lib/dkms/acpi-call 2> /dev/null || true")?.stdout);
    Ok(())
}
