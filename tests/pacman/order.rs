//! The order of hooks: what pacman says that it ran, and what the stand-ins saw when they were run.

use anyhow::Result;

use super::releases::Kernel::{Lts, Older};
use super::scenario::{Scenario, Step};
use super::test_packages;

/// The hooks after the transaction, in their order.
const AFTER: [&str; 3] = ["60-depmod.hook", "70-dkms-install.hook", "90-mkinitcpio-install.hook"];

/// A kernel with its headers and a module: indexed, built and indexed, put into an image.
pub(super) fn seen(scenario: &Scenario) -> Result<()> {
    scenario.prepare("rm -f /var/log/pacman.log")?;
    let step = scenario.upgrade(&format!("{} {}", scenario.environment.linux(Lts), test_packages::TWIG))?;
    step.builds(scenario, 3);
    let log = scenario.root.must("cat /var/log/pacman.log")?.stdout;
    let ran: Vec<&str> =
        log.lines().filter_map(|line| line.split('\'').nth(1)).filter(|name| name.ends_with(".hook")).collect();
    scenario.expect(ran == AFTER, || format!("hooks ran as {ran:?}, not {AFTER:?}"));
    indexed(scenario, &step)?;
    // Each image was made when the modules were there and in the index.
    let saw = scenario.root.must("cat /var/log/counted/mkinitcpio")?.stdout;
    for (kernel, modules) in [(Older, ["twig"].as_slice()), (Lts, &["acpi_call", "twig"])] {
        let release = scenario.environment.release(kernel);
        let lines: Vec<&str> = saw.lines().filter(|line| line.starts_with(release.as_str())).collect();
        let last = lines.last().copied().unwrap_or_default();
        let complete = last.split('\t').skip(1).all(|seen| modules.iter().all(|module| seen.contains(module)));
        scenario.expect(complete && !last.is_empty(), || format!("mkinitcpio saw `{last}` for {release}"));
    }
    Ok(())
}

/// The stand-in for kmod's hook indexed the new kernel before ours did.
fn indexed(scenario: &Scenario, step: &Step) -> Result<()> {
    let lts = scenario.environment.release(Lts);
    let log = scenario.root.must("cat /var/log/counted/depmod")?.stdout;
    let of_lts: Vec<bool> =
        log.lines().filter(|line| line.ends_with(lts.as_str())).map(|line| line.contains("scripts/depmod")).collect();
    scenario.expect(of_lts == [true, false], || format!("depmod ran for {lts} as\n{log}"));
    step.depmods(scenario, &[scenario.environment.release(Older), lts]);
    Ok(())
}
