//! Transactions of module packages.

use anyhow::Result;

use crate::transaction::door::{
    ACPI_CALL, BOTH, BURR, DUMMY, Door, Kernel, MANUAL, NEVER, Package, SPRIG, SPRIG_NEXT, TWIG, TWIG_BROKEN,
    TWIG_NEXT, linux,
};
use crate::transaction::{Stage, Step};

/// The verdict that the next transaction, and a person, can read.
const VERDICT: &str = "/var/lib/dkms/.dkms-rs/verdict.json";

/// S1
pub(crate) fn install<G: Door>(stage: &Stage<G>) -> Result<()> {
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    stage.install(&[ACPI_CALL])?.builds(stage, 2).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in BOTH {
        stage.expect_state("acpi-call", stage.release(kernel), Some("installed"))?;
        stage.holds(kernel, "acpi_call")?;
    }
    Ok(())
}

/// S3
pub(crate) fn upgrade_with_kernel<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.install(&[&linux(Kernel::Newer)[..], &[TWIG_NEXT]].concat())?.builds(stage, 3);
    stage.works("twig", "1.1", &BOTH)?;
    for kernel in BOTH {
        stage.holds(kernel, "acpi_call")?;
    }
    stage.gone("twig/1.0")
}

/// S4
pub(crate) fn unrelated<G: Door>(stage: &Stage<G>) -> Result<()> {
    if stage.is_ours() {
        // What was put into a layer since our hook last looked has other inodes, and nothing here may call it.
        stage.prepare(G::CATCH_UP)?;
    }
    let quiet = |step: &Step| {
        step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let said = step.said.lines().find(|line| line.contains("dkms: ") || line.contains("kernel modules"));
        stage.expect(said.is_none(), || format!("`{}` speaks of dkms\n{}", step.line, step.tail(20)));
    };
    quiet(&stage.install(&[Package::Unrelated])?);
    quiet(&stage.remove(&[Package::Unrelated])?);
    Ok(())
}

/// S9
pub(crate) fn upgrade_to_failing<G: Door>(stage: &Stage<G>) -> Result<()> {
    let [older, newer] = BOTH.map(|kernel| stage.release(kernel).as_str());
    let step = stage.install(&[TWIG_BROKEN])?;
    stage.no_images(step.builds(stage, 2).depmods(stage, &[]));
    step.reports(stage, &["twig", older, newer, "this twig is broken", "dkms "]);
    let verdict = stage.root.bash(&format!("cat {VERDICT}"))?.stdout;
    stage.expect(verdict.contains("twig"), || format!("the stored verdict does not name twig: {verdict}"));
    stage.works("twig", "1.0", &BOTH)?;
    stage.install(&[Package::Unrelated])?.builds(stage, 0);
    // Another transaction that runs our hook.
    stage.again(&[Package::Headers(Kernel::Newer)])?.builds(stage, 0);
    stage.works("twig", "1.0", &BOTH)
}

/// S11
pub(crate) fn remove<G: Door>(stage: &Stage<G>) -> Result<()> {
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    stage.remove(&[ACPI_CALL, DUMMY])?.builds(stage, 0).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in BOTH {
        stage.is_bare(kernel)?;
        let release = stage.release(kernel);
        let original = stage.root.bash(&format!("modinfo -k {release} -n dummy"))?.stdout;
        stage.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
    }
    let left = "dkms status && { ls -d /var/lib/dkms/acpi-call /var/lib/dkms/dummy 2> /dev/null || true; }";
    stage.complain(&stage.root.must(left)?.stdout);
    Ok(())
}

/// S28: whoever asks, and whoever comes with one who asks.
pub(crate) fn asks_for_images<G: Door>(stage: &Stage<G>) -> Result<()> {
    let kernels = BOTH.map(|kernel| stage.release(kernel));
    for packages in [&[SPRIG][..], &[BURR], &[TWIG, SPRIG_NEXT]] {
        stage.install(packages)?.builds(stage, 2 * packages.len()).initramfs(stage, &kernels);
    }
    for (module, version) in [("sprig", "1.1"), ("burr", "1.0"), ("twig", "1.0")] {
        stage.works(module, version, &BOTH)?;
    }
    stage.remove(&[SPRIG_NEXT, BURR])?.builds(stage, 0);
    for kernel in BOTH {
        stage.lacks(kernel, "sprig")?;
        stage.lacks(kernel, "burr")?;
    }
    Ok(())
}

/// S19
pub(crate) fn excluded<G: Door>(stage: &Stage<G>) -> Result<()> {
    let kernel = stage.release(Kernel::Older);
    stage.no_images(stage.install(&[NEVER])?.builds(stage, 0).depmods(stage, &[]));
    if stage.is_ours() {
        let plan = stage.root.bash(&format!("dkms status never; dkms plan -k {kernel}"))?;
        let told = format!("{}{}", plan.stdout, plan.stderr);
        stage.expect(told.contains("BUILD_EXCLUSIVE_KERNEL"), || {
            format!("nothing names the directive that excludes it\n{told}")
        });
    }
    stage.expect_state("never", kernel, None)
}

/// S20
pub(crate) fn manual<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.no_images(stage.install(&[MANUAL])?.builds(stage, 0).depmods(stage, &[]));
    stage.expect_row("manual/1.0: added")
}

/// S23
pub(crate) fn downgrade<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.install(&[TWIG])?.builds(stage, 2);
    stage.works("twig", "1.0", &BOTH)?;
    stage.gone("twig/1.1")
}
