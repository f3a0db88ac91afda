//! What will not work, and is told in the transaction that is the reason.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::transaction::Stage;
use crate::transaction::door::{BOTH, Door, Kernel, Package, TWIG_CRACKED, TWIG_STILL_BROKEN, linux};

/// What a person and the next transaction can read.
const VERDICT: &str = "cd /var/lib/dkms/.dkms-rs; cat verdict.json motd";

/// S27
pub(crate) fn excluded_by_new<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    let step = stage.install(&linux(Kernel::Newer))?;
    let told = format!("fickle/1.0 will be missing on {newer}: ");
    step.builds(stage, 0).reports(stage, &[&told, "BUILD_EXCLUSIVE_KERNEL", stage.release(Kernel::Older)]);
    stage.expect_state("fickle", newer, None)?;
    let verdict = stage.root.bash(VERDICT)?.stdout;
    stage.expect(verdict.contains("\"excluded\""), || format!("the stored verdict does not tell it: {verdict}"));
    stage.expect(!verdict.contains(&told), || format!("the message of the day tells what nobody can mend: {verdict}"));
    let again = stage.again(&[Package::Headers(Kernel::Newer)])?;
    again.builds(stage, 0);
    stage.expect(!again.said.contains("will be missing"), || format!("it was told again\n{}", again.tail(20)));
    Ok(())
}

/// S29
pub(crate) fn fails_again<G: Door>(stage: &Stage<G>) -> Result<()> {
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    for (package, version, what) in
        [(TWIG_STILL_BROKEN, "1.3", "with the same error as before"), (TWIG_CRACKED, "1.4", "with another error")]
    {
        let step = stage.install(&[package])?;
        let told = kernels.map(|kernel| format!("twig/{version} fails again on {kernel}, {what}: "));
        step.builds(stage, 2).reports(stage, &told.each_ref().map(String::as_str));
    }
    // What is known to fail is not tried, and that is said in a line.
    let known = stage.again(&[TWIG_CRACKED])?;
    known.builds(stage, 0).reports(stage, &["twig/1.4 is known to fail on", kernels[0], kernels[1]]);
    // Some repeat the last words when all is over.
    let lines: BTreeSet<&str> = known.said.lines().filter(|line| line.contains("dkms: twig/1.4 ")).collect();
    stage.expect(lines.len() == 1, || format!("{} lines about what is known\n{}", lines.len(), known.tail(20)));
    Ok(())
}
