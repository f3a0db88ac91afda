//! Our package comes, in the place of the original or alone, and goes.

use anyhow::Result;

use super::arch::pacman;
use super::ground::Kernel::{Lts, Older};
use super::stage::Stage;
use super::{image, made, original};
use crate::transaction::door::BOTH;

/// Packages that conflict are replaced; the question is answered with yes.
fn replace(package: &str) -> String {
    pacman(&format!("--ask 4 -U {package}"))
}

/// S17
pub(super) fn there_and_back(stage: &Stage) -> Result<()> {
    stage.prepare(&pacman(&format!("-U {} {} {}", original::PACKAGE, made::ACPI_CALL, made::WRITEBOOST)))?;
    let files = "dkms status; find /usr/lib/modules/*/updates /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\\n' | sort";
    let before = stage.root.must(files)?.stdout;
    stage.expect(before.contains("installed"), || format!("the original installed nothing\n{before}"));
    if stage.is_ours() {
        stage.run(&replace(stage.ground.dkms()))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let there = stage.root.must(files)?.stdout;
        stage.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        stage.run(&replace(original::PACKAGE))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        let back = stage.root.must(files)?.stdout;
        stage.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    let kernel = stage.ground.release(Older);
    stage.run(&format!("dkms autoinstall -k {kernel}"))?.builds(stage, 0);
    Ok(())
}

/// First installation, all in one transaction.
pub(super) fn first_installation(stage: &Stage) -> Result<()> {
    let ground = stage.ground;
    let packages = [made::ACPI_CALL, made::TWIG, ground.dkms()].join(" ");
    let step = stage.upgrade(&format!("{} {} {packages}", ground.linux(Older), ground.linux(Lts)))?;
    step.builds(stage, 4).initramfs(stage, &[ground.release(Older), ground.release(Lts)]);
    for kernel in [Older, Lts] {
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            stage.expect_state(module, ground.release(kernel), Some("installed"))?;
            image::holds(stage, kernel, object)?;
        }
    }
    Ok(())
}

/// Our package goes together with the modules: only hooks before the transaction are run.
pub(super) fn removal(stage: &Stage) -> Result<()> {
    let name = if stage.is_ours() { "dkms-rs" } else { "dkms" };
    let kernels = [stage.ground.release(Older), stage.ground.release(Lts)];
    stage.pacman(&format!("-R twig-dkms acpi-call-dkms {name}"))?.builds(stage, 0).depmods(stage, &kernels);
    for kernel in BOTH {
        stage.is_bare(kernel)?;
    }
    stage.complain(&stage.root.must("ls -d /var/lib/dkms/twig /var/lib/dkms/acpi-call 2> /dev/null || true")?.stdout);
    Ok(())
}
