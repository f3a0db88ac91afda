//! Transactions of kernels and headers.

use anyhow::Result;

use super::ground::Kernel::{self, Lts, Newer, Older};
use super::stage::Stage;
use super::{image, made};

/// S2
pub(super) fn install(stage: &Stage) -> Result<()> {
    let lts = stage.ground.release(Lts);
    let step = stage.upgrade(&stage.ground.linux(Lts))?;
    step.builds(stage, 2).depmods(stage, &[lts]).initramfs(stage, &[lts]);
    for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
        stage.expect_state(module, lts, Some("installed"))?;
        image::holds(stage, Lts, object)?;
    }
    Ok(())
}

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

/// S5
pub(super) fn reinstall(stage: &Stage) -> Result<()> {
    let ground = stage.ground;
    let all = format!("{} {}", ground.linux(Older), made::ACPI_CALL);
    for package in [ground.image(Older), ground.headers(Older), made::ACPI_CALL.to_owned(), all] {
        stage.upgrade(&package)?.builds(stage, 0);
        stage.expect_state("acpi-call", ground.release(Older), Some("installed"))?;
        image::holds(stage, Older, "acpi_call")?;
    }
    Ok(())
}

/// S6: nobody but us sees that the images are out of date.
pub(super) fn headers_again(stage: &Stage) -> Result<()> {
    let older = stage.ground.release(Older);
    let step = stage.upgrade(&stage.ground.headers_again())?;
    step.builds(stage, 2).depmods(stage, &[older]).initramfs(stage, &[older]);
    stage.expect(step.counts.builds.iter().all(|build| build.kernel == *older), || format!("{:?}", step.counts.builds));
    // pacman names the package; that something changed in it is for us to say.
    let told = step.said.lines().filter(|line| line.contains("dkms: built") && line.contains("changed)")).count();
    stage.expect(told == 2, || format!("the reason of {told} builds is what changed\n{}", step.tail(20)));
    image::holds(stage, Older, "acpi_call")
}

/// S7
pub(super) fn headers_later(stage: &Stage) -> Result<()> {
    let lts = stage.ground.release(Lts);
    let now = stage.upgrade(&stage.ground.image(Lts))?;
    now.builds(stage, 0).reports(stage, &[lts, "linux-lts-headers"]).initramfs(stage, &[lts]);
    stage.expect_state("acpi-call", lts, None)?;
    let later = stage.upgrade(&stage.ground.headers(Lts))?;
    later.builds(stage, 1).depmods(stage, &[lts]).initramfs(stage, &[lts]);
    stage.expect_state("acpi-call", lts, Some("installed"))?;
    image::holds(stage, Lts, "acpi_call")
}

/// S8
pub(super) fn image_later(stage: &Stage) -> Result<()> {
    let lts = stage.ground.release(Lts);
    let headers = stage.upgrade(&stage.ground.headers(Lts))?;
    headers.succeeds(stage).initramfs(stage, &[]);
    let image = stage.upgrade(&stage.ground.image(Lts))?;
    image.succeeds(stage).initramfs(stage, &[lts]);
    let builds = headers.counts.builds.len() + image.counts.builds.len();
    stage.expect(builds == 1, || format!("{builds} builds in both transactions, not 1"));
    stage.expect_state("acpi-call", lts, Some("installed"))?;
    image::holds(stage, Lts, "acpi_call")
}

/// S10
pub(super) fn one_fails(stage: &Stage) -> Result<()> {
    let lts = stage.ground.release(Lts);
    let step = stage.upgrade(&stage.ground.linux(Lts))?;
    step.builds(stage, 2).initramfs(stage, &[lts]);
    step.reports(stage, &["picky", lts, "this kernel is too new", "dkms "]);
    stage.expect_state("acpi-call", lts, Some("installed"))?;
    stage.expect_state("picky", lts, None)?;
    stage.expect_state("picky", stage.ground.release(Older), Some("installed"))?;
    image::holds(stage, Lts, "acpi_call")?;
    stage.upgrade(&stage.ground.headers(Lts))?.builds(stage, 0);
    Ok(())
}

/// S12
pub(super) fn remove(stage: &Stage) -> Result<()> {
    let step = stage.pacman("-R linux-lts linux-lts-headers")?;
    step.builds(stage, 0).initramfs(stage, &[]);
    for module in ["acpi-call", "twig"] {
        stage.expect_state(module, stage.ground.release(Older), Some("installed"))?;
        stage.expect_state(module, stage.ground.release(Lts), None)?;
    }
    nothing_left(stage, Lts)
}

/// S13
pub(super) fn remove_headers(stage: &Stage) -> Result<()> {
    let lts = stage.ground.release(Lts);
    stage.pacman("-R linux-lts-headers")?.builds(stage, 0).initramfs(stage, &[]);
    for kernel in [Older, Lts] {
        stage.expect_state("acpi-call", stage.ground.release(kernel), Some("installed"))?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    if stage.is_ours() {
        let told = stage.root.bash(&format!("dkms plan -k {lts}; dkms status -k {lts} --json"))?;
        let told = format!("{}{}", told.stdout, told.stderr);
        stage.expect(told.contains("header"), || format!("nothing tells that it cannot be built again\n{told}"));
    }
    Ok(())
}

/// S18
pub(super) fn image_building(stage: &Stage) -> Result<()> {
    stage.upgrade(made::ACPI_CALL)?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    let status = stage.root.must("dkms status")?.stdout;
    stage.expect(status.trim().ends_with(": added"), || format!("without a kernel the status is\n{status}"));
    for kernel in [Older, Lts] {
        stage.upgrade(&stage.ground.linux(kernel))?.builds(stage, 1);
        stage.expect_state("acpi-call", stage.ground.release(kernel), Some("installed"))?;
        image::holds(stage, kernel, "acpi_call")?;
    }
    let running = stage.root.must("uname -r")?.stdout;
    let running = running.trim();
    let named =
        format!("dkms status; ls /usr/lib/modules /var/lib/dkms/*/*; grep -rl '{running}' /var/lib/dkms || true");
    let named = stage.root.must(&named)?.stdout;
    stage.expect(!named.contains(running), || format!("the running kernel is named\n{named}"));
    Ok(())
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
