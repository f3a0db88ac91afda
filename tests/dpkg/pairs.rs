//! Transactions of packages that need one another.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::stage::Stage;
use super::{image, made};

/// S14
pub(super) fn install(stage: &Stage) -> Result<()> {
    let step = stage.apt(&format!("install {} {}", made::LEAF, made::TRUNK))?;
    step.builds(stage, 4);
    in_order(stage, &step);
    handed_over(stage)
}

/// S15
pub(super) fn upgrade(stage: &Stage) -> Result<()> {
    let step = stage.apt(&format!("install {}", made::TRUNK_NEXT))?;
    step.builds(stage, 4);
    in_order(stage, &step);
    handed_over(stage)?;
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        stage.expect_row(&format!("trunk/1.1, {kernel}, x86_64: installed"))?;
    }
    Ok(())
}

/// S22
pub(super) fn needed_at_once(stage: &Stage) -> Result<()> {
    // Whether its post-install step found the module is the exit status of apt.
    stage.apt(&format!("install {} {}", made::EAGER, made::TWIG))?.builds(stage, 2);
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        stage.expect_state("twig", kernel, Some("installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    Ok(())
}

/// For each kernel, trunk is built before leaf.
fn in_order(stage: &Stage, step: &super::stage::Step) {
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        let of_kernel = step.counts.builds.iter().filter(|build| build.kernel == *kernel);
        let order: Vec<&str> = of_kernel.map(|build| build.module.as_str()).collect();
        stage.expect(order == ["trunk", "leaf"], || format!("order of the builds for {kernel}: {order:?}"));
    }
}

fn handed_over(stage: &Stage) -> Result<()> {
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        let depends = stage.root.bash(&format!("modinfo -k {kernel} -F depends leaf"))?.stdout;
        image::holds(stage, kernel, "trunk")?;
        image::holds(stage, kernel, "leaf")?;
        stage.expect(depends.trim() == "trunk", || format!("leaf for {kernel} depends on `{depends}`"));
    }
    Ok(())
}
