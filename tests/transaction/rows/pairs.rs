//! Transactions of packages that need one another.

use anyhow::Result;

use crate::transaction::door::{BOTH, Door, LEAF, Package, TRUNK, TRUNK_NEXT, TWIG};
use crate::transaction::{Stage, Step};

/// What the step that needs twig found, if all was well.
pub(crate) const FOUND: &str = "/var/log/eager";

/// S14
pub(crate) fn install<G: Door>(stage: &Stage<G>) -> Result<()> {
    let step = stage.install(&[LEAF, TRUNK])?;
    step.builds(stage, 4);
    handed_over(stage, &step)
}

/// S15
pub(crate) fn upgrade<G: Door>(stage: &Stage<G>) -> Result<()> {
    let step = stage.install(&[TRUNK_NEXT])?;
    step.builds(stage, 4);
    stage.works("trunk", "1.1", &BOTH)?;
    handed_over(stage, &step)
}

/// S22: what needs a module is a step after ours.
pub(crate) fn needed_at_once<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.install(&[Package::Eager, TWIG])?.builds(stage, 2);
    let found = stage.root.bash(&format!("cat {FOUND}"))?.stdout;
    for kernel in BOTH {
        let release = stage.release(kernel);
        stage.expect(found.contains(release.as_str()), || format!("a later step did not find twig for {release}"));
    }
    stage.works("twig", "1.0", &BOTH)
}

/// For each kernel trunk is built before leaf, which gets its symbols.
fn handed_over<G: Door>(stage: &Stage<G>, step: &Step) -> Result<()> {
    for kernel in BOTH {
        let release = stage.release(kernel);
        let of_kernel = step.counts.builds.iter().filter(|build| build.kernel == *release);
        let order: Vec<&str> = of_kernel.map(|build| build.module.as_str()).collect();
        stage.expect(order == ["trunk", "leaf"], || format!("order of the builds for {release}: {order:?}"));
        let depends = stage.root.bash(&format!("modinfo -k {release} -F depends leaf"))?.stdout;
        stage.expect(depends.trim() == "trunk", || format!("leaf for {release} depends on `{depends}`"));
        stage.holds(kernel, "trunk")?;
        stage.holds(kernel, "leaf")?;
    }
    Ok(())
}
