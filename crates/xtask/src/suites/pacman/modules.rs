//! Transactions of module packages.

use anyhow::Result;

use super::bystander::UNRELATED;
use super::ground::Kernel::{Lts, Older};
use super::stage::{Stage, Step};
use super::{image, made};

/// The verdict that the next transaction, and a person, can read.
const VERDICT: &str = "/var/lib/dkms/.dkms-rs/verdict.json";

/// S1: mkinitcpio's own hook follows, so the images are made by it, and by nobody else.
pub(super) fn install(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Lts)];
    let step = stage.upgrade(made::ACPI_CALL)?;
    step.builds(stage, 2).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in [Older, Lts] {
        stage.expect_state("acpi-call", stage.ground.release(kernel), Some("installed"))?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    Ok(())
}

/// S3
pub(super) fn upgrade_with_kernel(stage: &Stage) -> Result<()> {
    let step = stage.upgrade(&format!("{} {}", stage.ground.linux(Lts), made::TWIG_NEXT))?;
    step.builds(stage, 3).initramfs(stage, &[stage.ground.release(Older), stage.ground.release(Lts)]);
    for kernel in [Older, Lts] {
        stage.expect_row(&format!("twig/1.1, {}, x86_64: installed", stage.ground.release(kernel)))?;
        image::holds(stage, kernel, "twig")?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    gone(stage, "twig/1.0")
}

/// S4
pub(super) fn unrelated(stage: &Stage) -> Result<()> {
    if stage.is_ours() {
        // Nothing here calls our hook, and what was put into a layer since it last looked has other inodes.
        stage.prepare("/usr/lib/dkms/hook ended < /dev/null")?;
    }
    let quiet = |step: &Step| {
        step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let said = step.said.lines().find(|line| line.contains("dkms") || line.contains("kernel modules"));
        stage.expect(said.is_none(), || format!("`{}` speaks of dkms\n{}", step.line, step.tail(20)));
    };
    quiet(&stage.upgrade(UNRELATED)?);
    quiet(&stage.pacman("-R unrelated")?);
    Ok(())
}

/// S9: that mkinitcpio's hook makes all images again is its own doing.
pub(super) fn upgrade_to_failing(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Lts)];
    let step = stage.upgrade(made::TWIG_BROKEN)?;
    step.builds(stage, 2).depmods(stage, &[]);
    step.reports(stage, &["twig", kernels[0], kernels[1], "this twig is broken", "dkms "]);
    let verdict = stage.root.bash(&format!("cat {VERDICT}"))?.stdout;
    stage.expect(verdict.contains("twig"), || format!("the stored verdict does not name twig: {verdict}"));
    let stays = || -> Result<()> {
        for kernel in [Older, Lts] {
            stage.expect_row(&format!("twig/1.0, {}, x86_64: installed", stage.ground.release(kernel)))?;
            image::holds(stage, kernel, "twig")?;
        }
        Ok(())
    };
    stays()?;
    stage.upgrade(UNRELATED)?.builds(stage, 0);
    // Another transaction that runs our hook.
    stage.upgrade(&stage.ground.headers(Older))?.builds(stage, 0);
    stays()
}

/// S11
pub(super) fn remove(stage: &Stage) -> Result<()> {
    let step = stage.pacman("-R acpi-call-dkms dummy-dkms")?;
    step.builds(stage, 0).depmods(stage, &[stage.ground.release(Older), stage.ground.release(Lts)]);
    for kernel in [Older, Lts] {
        let release = stage.ground.release(kernel);
        no_objects(stage, release)?;
        let original = stage.root.bash(&format!("modinfo -k {release} -n dummy"))?.stdout;
        stage.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
        image::is_bare(stage, kernel)?;
    }
    stage.complain(
        &stage.root.must("dkms status; ls -d /var/lib/dkms/acpi-call /var/lib/dkms/dummy 2> /dev/null || true")?.stdout,
    );
    Ok(())
}

/// S19
pub(super) fn excluded(stage: &Stage) -> Result<()> {
    let kernel = stage.ground.release(Older);
    stage.upgrade(made::NEVER)?.builds(stage, 0).depmods(stage, &[]);
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
pub(super) fn manual(stage: &Stage) -> Result<()> {
    stage.upgrade(made::MANUAL)?.builds(stage, 0).depmods(stage, &[]);
    stage.expect_row("manual/1.0: added")
}

/// S23
pub(super) fn downgrade(stage: &Stage) -> Result<()> {
    let step = stage.upgrade(made::TWIG)?;
    step.builds(stage, 2);
    for kernel in [Older, Lts] {
        stage.expect_row(&format!("twig/1.0, {}, x86_64: installed", stage.ground.release(kernel)))?;
        image::holds(stage, kernel, "twig")?;
    }
    gone(stage, "twig/1.1")
}

/// A version is not there any more.
pub(super) fn gone(stage: &Stage, module: &str) -> Result<()> {
    let status = stage.root.must("dkms status")?.stdout;
    stage.expect(!status.contains(module), || format!("{module} is still there\n{status}"));
    Ok(())
}

/// Nothing of any dkms lies beside a kernel, nor in its index.
pub(super) fn no_objects(stage: &Stage, release: &str) -> Result<()> {
    let left = stage.root.must(&format!(
        "find /usr/lib/modules/{release}/updates -type f 2> /dev/null; grep ^updates/ /usr/lib/modules/{release}/modules.dep || true"
    ))?;
    stage.complain(&left.stdout);
    Ok(())
}
