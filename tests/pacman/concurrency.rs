//! S21: much at the same time.

use anyhow::Result;

use super::ground::Kernel::{Lts, Newer};
use super::stage::Stage;
use super::{image, made};

/// A kernel in the place of another, a module upgraded, two that need one another: all with every kernel that stays.
pub(super) fn full_upgrade(stage: &Stage) -> Result<()> {
    let packages = [made::TWIG_NEXT, made::TRUNK, made::LEAF].join(" ");
    let step = stage.upgrade(&format!("{} {packages}", stage.ground.linux(Newer)))?;
    let kernels = [stage.ground.release(Newer), stage.ground.release(Lts)];
    // Five modules for the new kernel; for the other one those that are new.
    step.builds(stage, 8).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in [Newer, Lts] {
        for module in ["acpi-call", "dm-writeboost", "trunk", "leaf"] {
            stage.expect_state(module, stage.ground.release(kernel), Some("installed"))?;
        }
        stage.expect_row(&format!("twig/1.1, {}, x86_64: installed", stage.ground.release(kernel)))?;
        image::holds(stage, kernel, "twig")?;
    }
    Ok(())
}
