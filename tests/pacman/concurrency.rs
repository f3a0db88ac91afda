//! S21: much at the same time.

use anyhow::Result;

use super::releases::Kernel::{Lts, Newer};
use super::scenario::Scenario;
use super::{image, test_packages};

/// A kernel in the place of another, a module upgraded, two that need one another: all with every kernel that stays.
pub(super) fn full_upgrade(scenario: &Scenario) -> Result<()> {
    let packages = [test_packages::TWIG_NEXT, test_packages::TRUNK, test_packages::LEAF].join(" ");
    let step = scenario.upgrade(&format!("{} {packages}", scenario.environment.linux(Newer)))?;
    let kernels = [scenario.environment.release(Newer), scenario.environment.release(Lts)];
    // Five modules for the new kernel; for the other one those that are new.
    step.builds(scenario, 8).depmods(scenario, &kernels).initramfs(scenario, &kernels);
    for kernel in [Newer, Lts] {
        for module in ["acpi-call", "dm-writeboost", "trunk", "leaf"] {
            scenario.expect_state(module, scenario.environment.release(kernel), Some("installed"))?;
        }
        scenario.expect_row(&format!("twig/1.1, {}, x86_64: installed", scenario.environment.release(kernel)))?;
        image::holds(scenario, kernel, "twig")?;
    }
    Ok(())
}
