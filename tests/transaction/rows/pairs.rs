//! Transactions of packages that need one another.

use anyhow::Result;

use crate::transaction::package_manager::{BOTH, LEAF, Package, PackageManager, TRUNK, TRUNK_NEXT, TWIG};
use crate::transaction::{Scenario, Step};

/// What the step that needs twig found, if all was well.
pub(crate) const FOUND: &str = "/var/log/eager";

/// S14
pub(crate) fn install<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let step = scenario.install(&[LEAF, TRUNK])?;
    step.builds(scenario, 4);
    handed_over(scenario, &step)
}

/// S15
pub(crate) fn upgrade<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let step = scenario.install(&[TRUNK_NEXT])?;
    step.builds(scenario, 4);
    scenario.works("trunk", "1.1", &BOTH)?;
    handed_over(scenario, &step)
}

/// S22: what needs a module is a step after ours.
pub(crate) fn needed_at_once<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.install(&[Package::Eager, TWIG])?.builds(scenario, 2);
    let found = scenario.root.bash(&format!("cat {FOUND}"))?.stdout;
    for kernel in BOTH {
        let release = scenario.release(kernel);
        scenario.expect(found.contains(release.as_str()), || format!("a later step did not find twig for {release}"));
    }
    scenario.works("twig", "1.0", &BOTH)
}

/// For each kernel trunk is built before leaf, which gets its symbols.
fn handed_over<E: PackageManager>(scenario: &Scenario<E>, step: &Step) -> Result<()> {
    for kernel in BOTH {
        let release = scenario.release(kernel);
        let of_kernel = step.counts.builds.iter().filter(|build| build.kernel == *release);
        let order: Vec<&str> = of_kernel.map(|build| build.module.as_str()).collect();
        scenario.expect(order == ["trunk", "leaf"], || format!("order of the builds for {release}: {order:?}"));
        let depends = scenario.root.bash(&format!("modinfo -k {release} -F depends leaf"))?.stdout;
        scenario.expect(depends.trim() == "trunk", || format!("leaf for {release} depends on `{depends}`"));
        scenario.holds(kernel, "trunk")?;
        scenario.holds(kernel, "leaf")?;
    }
    Ok(())
}
