//! The order of hooks: what pacman says that it ran, and what the stand-ins saw when they were run.

use anyhow::Result;

use super::ground::Kernel::{Lts, Older};
use super::made;
use super::stage::{Stage, Step};

/// The hooks after the transaction, in their order.
const AFTER: [&str; 3] = ["60-depmod.hook", "70-dkms-install.hook", "90-mkinitcpio-install.hook"];

/// A kernel with its headers and a module: indexed, built and indexed, put into an image.
pub(super) fn seen(stage: &Stage) -> Result<()> {
    stage.prepare("rm -f /var/log/pacman.log")?;
    let step = stage.upgrade(&format!("{} {}", stage.ground.linux(Lts), made::TWIG))?;
    step.builds(stage, 3);
    let log = stage.root.must("cat /var/log/pacman.log")?.stdout;
    let ran: Vec<&str> =
        log.lines().filter_map(|line| line.split('\'').nth(1)).filter(|name| name.ends_with(".hook")).collect();
    stage.expect(ran == AFTER, || format!("hooks ran as {ran:?}, not {AFTER:?}"));
    indexed(stage, &step)?;
    // Each image was made when the modules were there and in the index.
    let saw = stage.root.must("cat /var/log/counted/mkinitcpio")?.stdout;
    for (kernel, modules) in [(Older, ["twig"].as_slice()), (Lts, &["acpi_call", "twig"])] {
        let release = stage.ground.release(kernel);
        let lines: Vec<&str> = saw.lines().filter(|line| line.starts_with(release.as_str())).collect();
        let last = lines.last().copied().unwrap_or_default();
        let complete = last.split('\t').skip(1).all(|seen| modules.iter().all(|module| seen.contains(module)));
        stage.expect(complete && !last.is_empty(), || format!("mkinitcpio saw `{last}` for {release}"));
    }
    Ok(())
}

/// The stand-in for kmod's hook indexed the new kernel before ours did.
fn indexed(stage: &Stage, step: &Step) -> Result<()> {
    let lts = stage.ground.release(Lts);
    let log = stage.root.must("cat /var/log/counted/depmod")?.stdout;
    let of_lts: Vec<bool> =
        log.lines().filter(|line| line.ends_with(lts.as_str())).map(|line| line.contains("scripts/depmod")).collect();
    stage.expect(of_lts == [true, false], || format!("depmod ran for {lts} as\n{log}"));
    step.depmods(stage, &[stage.ground.release(Older), lts]);
    Ok(())
}
