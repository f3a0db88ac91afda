//! Transactions of module packages.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::stage::Stage;
use super::{image, made};
use crate::transaction::rows;

/// The verdict that the next transaction, and a person, can read.
const VERDICT: &str = "/var/lib/dkms/.dkms-rs/verdict.json";

/// S1
pub(super) fn install(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.apt("install acpi-call-dkms")?;
    step.builds(stage, 2).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in kernels {
        stage.expect_state("acpi-call", kernel, Some("installed"))?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    Ok(())
}

/// S3
pub(super) fn upgrade_with_kernel(stage: &Stage) -> Result<()> {
    let (older, newer) = (stage.ground.release(Older), stage.ground.release(Newer));
    let line = format!("{} {}", stage.ground.install(Newer), made::TWIG_NEXT);
    let step = stage.apt(&line)?;
    step.builds(stage, 3);
    for kernel in [older, newer] {
        stage.expect_row(&format!("twig/1.1, {kernel}, x86_64: installed"))?;
        image::holds(stage, kernel, "twig")?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    stage.expect(!stage.root.must("dkms status")?.stdout.contains("twig/1.0"), || "twig/1.0 is still there".into());
    Ok(())
}

/// S4
pub(super) fn unrelated(stage: &Stage) -> Result<()> {
    let quiet = |step: &super::stage::Step| {
        step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let mut said = step.said.lines().filter(|line| !line.starts_with("Processing triggers for"));
        stage.expect(said.all(|line| !line.contains("dkms")), || {
            format!("`{}` speaks of dkms\n{}", step.line, step.tail(20))
        });
    };
    quiet(&stage.apt("install hello")?);
    quiet(&stage.apt(&format!("install {}", made::UNRELATED))?);
    quiet(&stage.apt("remove hello unrelated")?);
    Ok(())
}

/// S9
pub(super) fn upgrade_to_failing(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.apt(&format!("install {}", made::TWIG_BROKEN))?;
    step.builds(stage, 2).initramfs(stage, &[]);
    step.reports(stage, &["twig", kernels[0], kernels[1], "this twig is broken", "dkms "]);
    let verdict = stage.root.bash(&format!("cat {VERDICT}"))?.stdout;
    stage.expect(verdict.contains("twig"), || format!("the stored verdict does not name twig: {verdict}"));
    for kernel in kernels {
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
    }
    let unrelated = stage.apt(&format!("install {}", made::UNRELATED))?;
    unrelated.builds(stage, 0);
    // Another transaction that fires the hooks of a kernel.
    let again = stage.apt(&format!("install --reinstall linux-headers-{}", kernels[0]))?;
    again.builds(stage, 0);
    for kernel in kernels {
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
    }
    Ok(())
}

/// S11
pub(super) fn remove(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.apt("remove acpi-call-dkms dummy-dkms")?;
    step.builds(stage, 0).depmods(stage, &kernels).initramfs(stage, &kernels);
    for kernel in kernels {
        image::lacks(stage, kernel, "acpi_call")?;
        let left = stage.root.must(&format!(
            "find /lib/modules/{kernel}/updates -type f 2> /dev/null; grep -E 'acpi_call|updates/' /lib/modules/{kernel}/modules.dep || true"
        ))?;
        stage.complain(&left.stdout);
        let original = stage.root.bash(&format!("modinfo -k {kernel} -n dummy"))?.stdout;
        stage.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
    }
    stage.complain(
        &stage
            .root
            .must("dkms status && { ls -d /var/lib/dkms/acpi-call /var/lib/dkms/dummy 2> /dev/null || true; }")?
            .stdout,
    );
    Ok(())
}

/// S19
pub(super) fn excluded(stage: &Stage) -> Result<()> {
    let kernel = stage.ground.release(Older);
    stage.apt(&format!("install {}", made::NEVER))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
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
    stage.apt(&format!("install {}", made::MANUAL))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    stage.expect_row("manual/1.0: added")
}

/// S23
pub(super) fn downgrade(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.apt(&format!("install --allow-downgrades {}", made::TWIG))?;
    step.builds(stage, 2);
    for kernel in kernels {
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    stage.expect(!stage.root.must("dkms status")?.stdout.contains("twig/1.1"), || "twig/1.1 is still there".into());
    Ok(())
}

/// S26 of a module: another package has the same source.
pub(super) fn gives_way(stage: &Stage) -> Result<()> {
    let step = stage.apt(&format!("install {}", made::TWIG_RENAMED))?;
    step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    let gone = stage.root.must("dpkg-query -W -f '${db:Status-Status}' twig-dkms 2> /dev/null || true")?.stdout;
    stage.expect(gone != "installed", || "both packages are there".into());
    // For good, though its source is left behind.
    stage.prepare("cp -a /usr/src/twig-1.0 /srv/kept")?;
    stage.apt("remove bough-dkms")?.builds(stage, 0);
    stage.complain(&stage.root.must("dkms status && { ls -d /var/lib/dkms/twig 2> /dev/null || true; }")?.stdout);
    Ok(())
}

/// S28, and dpkg without apt, which runs the triggers of each call in another order.
pub(super) fn asks_for_images(stage: &Stage) -> Result<()> {
    rows::modules::asks_for_images(stage)?;
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.run(&format!("dpkg -i {} {}", made::SPRIG, made::TRUNK))?;
    step.builds(stage, 4).initramfs(stage, &kernels);
    for kernel in kernels {
        image::holds(stage, kernel, "sprig")?;
        image::holds(stage, kernel, "trunk")?;
    }
    Ok(())
}
