//! S24: several at the same time; S21: much at the same time.

use anyhow::Result;

use super::arch::pacman;
use super::ground::Kernel::{Lts, Newer, Older};
use super::stage::Stage;
use super::{image, made};

/// pacman, and a person who asks for one pair while its hook is at work. pacman's own lock keeps a second pacman away.
pub(super) fn at_once(stage: &Stage) -> Result<()> {
    let older = stage.ground.release(Older);
    let transaction = pacman(&format!("-U {} {}", made::TWIG, made::TRUNK));
    let step = stage.run(&format!(
        "timeout 300 {transaction} & hook=$!
         while kill -0 $hook && ! [ -s /var/log/counted/make ]; do sleep 0.05; done 2> /dev/null
         timeout 300 dkms install twig/1.0 -k {older}; code=$?
         wait $hook && exit $code"
    ))?;
    step.builds(stage, 4);
    stage.expect(step.said.contains("wait"), || format!("nobody says that it waits\n{}", step.tail(20)));
    for kernel in [Older, Lts] {
        for module in ["twig", "trunk"] {
            stage.expect_state(module, stage.ground.release(kernel), Some("installed"))?;
        }
    }
    Ok(())
}

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
