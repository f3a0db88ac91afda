//! Transactions of packages that need one another.

use anyhow::Result;

use super::bystander::{EAGER, FOUND};
use super::ground::Kernel::{Lts, Older};
use super::made;
use super::stage::{Stage, Step};

/// S14
pub(super) fn install(stage: &Stage) -> Result<()> {
    let step = stage.upgrade(&format!("{} {}", made::LEAF, made::TRUNK))?;
    step.builds(stage, 4);
    handed_over(stage, &step)
}

/// S15
pub(super) fn upgrade(stage: &Stage) -> Result<()> {
    let step = stage.upgrade(made::TRUNK_NEXT)?;
    step.builds(stage, 4);
    for kernel in [Older, Lts] {
        stage.expect_row(&format!("trunk/1.1, {}, x86_64: installed", stage.ground.release(kernel)))?;
    }
    handed_over(stage, &step)
}

/// S22: scriptlets of pacman run before all hooks, so what needs a module is a hook after ours.
pub(super) fn needed_at_once(stage: &Stage) -> Result<()> {
    stage.upgrade(&format!("{EAGER} {}", made::TWIG))?.builds(stage, 2);
    let found = stage.root.bash(&format!("cat {FOUND}"))?.stdout;
    for kernel in [Older, Lts] {
        let release = stage.ground.release(kernel);
        stage.expect(found.contains(release.as_str()), || format!("a later hook did not find twig for {release}"));
    }
    Ok(())
}

/// For each kernel trunk is built before leaf, which gets its symbols.
fn handed_over(stage: &Stage, step: &Step) -> Result<()> {
    for kernel in [Older, Lts] {
        let release = stage.ground.release(kernel);
        let of_kernel = step.counts.builds.iter().filter(|build| build.kernel == *release);
        let order: Vec<&str> = of_kernel.map(|build| build.module.as_str()).collect();
        stage.expect(order == ["trunk", "leaf"], || format!("order of the builds for {release}: {order:?}"));
        let depends = stage.root.bash(&format!("modinfo -k {release} -F depends leaf"))?.stdout;
        stage.expect(depends.trim() == "trunk", || format!("leaf for {release} depends on `{depends}`"));
    }
    Ok(())
}
