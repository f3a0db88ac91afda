//! Transactions of kernels that are not the same everywhere.

use anyhow::Result;

use super::ground::Kernel::{self, Lts, Newer, Older};
use super::image;
use super::stage::Stage;

/// S2 as it is on Arch: the new kernel takes the place of the old one, which may be the running one.
pub(super) fn upgrade(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.upgrade(&stage.ground.linux(Newer))?;
    step.builds(stage, 2).depmods(stage, &[newer]).initramfs(stage, &[newer]);
    let blamed = step.said.lines().find(|line| line.contains("warning") || line.contains("rror"));
    stage.expect(blamed.is_none(), || format!("`{}`: {}", step.line, step.tail(20)));
    for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
        stage.expect_state(module, newer, Some("installed"))?;
        image::holds(stage, Newer, object)?;
        stage.expect_state(module, stage.ground.release(Lts), Some("installed"))?;
    }
    nothing_left(stage, Older)
}

/// Of a kernel that is gone there is nothing, neither where it was nor in the tree.
fn nothing_left(stage: &Stage, kernel: Kernel) -> Result<()> {
    let release = stage.ground.release(kernel);
    let left = format!(
        "find /usr/lib/modules/{release} /var/lib/dkms/*/*/{release} /var/lib/dkms/*/kernel-{release}-* 2> /dev/null || true"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    Ok(())
}

/// Whoever wants a failed build to fail gets no failed transaction from pacman, which asks no hook, but an error in it.
pub(super) fn on_failure(stage: &Stage) -> Result<()> {
    stage.prepare("echo 'on_failure=\"fail\"' >> /etc/dkms/framework.conf")?;
    let step = stage.upgrade(&stage.ground.linux(Lts))?;
    step.succeeds(stage).reports(stage, &["command failed to execute correctly"]);
    stage.expect_state("acpi-call", stage.ground.release(Lts), Some("installed"))?;
    stage.prepare("sed -i /on_failure/d /etc/dkms/framework.conf")
}
