//! What will not work, and is told in the transaction that is the reason.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::transaction::Scenario;
use crate::transaction::package_manager::{
    BOTH, Kernel, Package, PackageManager, TWIG_CRACKED, TWIG_STILL_BROKEN, linux,
};

/// What a person and the next transaction can read.
const VERDICT: &str = "cd /var/lib/dkms/.dkms-rs; cat verdict.json motd";

/// S27
pub(crate) fn excluded_by_new<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let step = scenario.install(&linux(Kernel::Newer))?;
    let told = format!("fickle/1.0 will be missing on {newer}: ");
    step.builds(scenario, 0).reports(scenario, &[&told, "BUILD_EXCLUSIVE_KERNEL", scenario.release(Kernel::Older)]);
    scenario.expect_state("fickle", newer, None)?;
    let verdict = scenario.root.bash(VERDICT)?.stdout;
    scenario.expect(verdict.contains("\"excluded\""), || format!("the stored verdict does not tell it: {verdict}"));
    scenario
        .expect(!verdict.contains(&told), || format!("the message of the day tells what nobody can mend: {verdict}"));
    let again = scenario.again(&[Package::Headers(Kernel::Newer)])?;
    again.builds(scenario, 0);
    scenario.expect(!again.said.contains("will be missing"), || format!("it was told again\n{}", again.tail(20)));
    Ok(())
}

/// S29
pub(crate) fn fails_again<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    for (package, version, what) in
        [(TWIG_STILL_BROKEN, "1.3", "with the same error as before"), (TWIG_CRACKED, "1.4", "with another error")]
    {
        let step = scenario.install(&[package])?;
        let told = kernels.map(|kernel| format!("twig/{version} fails again on {kernel}, {what}: "));
        step.builds(scenario, 2).reports(scenario, &told.each_ref().map(String::as_str));
    }
    // What is known to fail is not tried, and that is said in a line.
    let known = scenario.again(&[TWIG_CRACKED])?;
    known.builds(scenario, 0).reports(scenario, &["twig/1.4 is known to fail on", kernels[0], kernels[1]]);
    // Some repeat the last words when all is over.
    let lines: BTreeSet<&str> = known.said.lines().filter(|line| line.contains("dkms: twig/1.4 ")).collect();
    scenario.expect(lines.len() == 1, || format!("{} lines about what is known\n{}", lines.len(), known.tail(20)));
    Ok(())
}
