//! Several at the same time, and much at the same time.

use anyhow::Result;

use crate::transaction::Scenario;
use crate::transaction::package_manager::{BOTH, Kernel, LEAF, PackageManager, TRUNK, TWIG, TWIG_NEXT, linux};

/// S24: a transaction, and a person who asks for one pair while its hook is at work.
pub(crate) fn at_once<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let transaction = scenario.environment.install(&[TWIG, TRUNK]);
    let step = scenario.run(&format!(
        "timeout 300 {transaction} & hook=$!
         while kill -0 $hook && ! [ -s /var/log/counted/make ]; do sleep 0.05; done 2> /dev/null
         timeout 300 dkms install twig/1.0 -k {older}; code=$?
         wait $hook && exit $code"
    ))?;
    step.builds(scenario, 4);
    scenario.expect(step.said.contains("wait"), || format!("nobody says that it waits\n{}", step.tail(20)));
    scenario.works("twig", "1.0", &BOTH)?;
    scenario.works("trunk", "1.0", &BOTH)
}

/// S21: another kernel, a module upgraded, two that need one another: all with every kernel.
pub(crate) fn full_upgrade<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let [image, headers] = linux(Kernel::Newer);
    // The archive's modules do not compile for every kernel that it has.
    let before = ["acpi-call", "dm-writeboost"].map(|module| scenario.state(module, scenario.release(Kernel::Older)));
    let step = scenario.install(&[image, headers, TWIG_NEXT, TRUNK, LEAF])?;
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    // Five modules for the new kernel; for the other one those that are new.
    step.builds(scenario, 8).depmods(scenario, &kernels);
    for (module, before) in ["acpi-call", "dm-writeboost"].into_iter().zip(before) {
        scenario.expect_state(module, scenario.release(Kernel::Newer), before?.as_deref())?;
    }
    for (module, version) in [("twig", "1.1"), ("trunk", "1.0"), ("leaf", "1.0")] {
        scenario.works(module, version, &BOTH)?;
    }
    Ok(())
}
