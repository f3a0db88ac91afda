//! Several at the same time, and much at the same time.

use anyhow::Result;

use crate::transaction::Stage;
use crate::transaction::door::{BOTH, Door, Kernel, LEAF, TRUNK, TWIG, TWIG_NEXT, linux};

/// S24: a transaction, and a person who asks for one pair while its hook is at work.
pub(crate) fn at_once<G: Door>(stage: &Stage<G>) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let transaction = stage.ground.install(&[TWIG, TRUNK]);
    let step = stage.run(&format!(
        "timeout 300 {transaction} & hook=$!
         while kill -0 $hook && ! [ -s /var/log/counted/make ]; do sleep 0.05; done 2> /dev/null
         timeout 300 dkms install twig/1.0 -k {older}; code=$?
         wait $hook && exit $code"
    ))?;
    step.builds(stage, 4);
    stage.expect(step.said.contains("wait"), || format!("nobody says that it waits\n{}", step.tail(20)));
    stage.works("twig", "1.0", &BOTH)?;
    stage.works("trunk", "1.0", &BOTH)
}

/// S21: another kernel, a module upgraded, two that need one another: all with every kernel.
pub(crate) fn full_upgrade<G: Door>(stage: &Stage<G>) -> Result<()> {
    let [image, headers] = linux(Kernel::Newer);
    // The archive's modules do not compile for every kernel that it has.
    let before = ["acpi-call", "dm-writeboost"].map(|module| stage.state(module, stage.release(Kernel::Older)));
    let step = stage.install(&[image, headers, TWIG_NEXT, TRUNK, LEAF])?;
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    // Five modules for the new kernel; for the other one those that are new.
    step.builds(stage, 8).depmods(stage, &kernels);
    for (module, before) in ["acpi-call", "dm-writeboost"].into_iter().zip(before) {
        stage.expect_state(module, stage.release(Kernel::Newer), before?.as_deref())?;
    }
    for (module, version) in [("twig", "1.1"), ("trunk", "1.0"), ("leaf", "1.0")] {
        stage.works(module, version, &BOTH)?;
    }
    Ok(())
}
