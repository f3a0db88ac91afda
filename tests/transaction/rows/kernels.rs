//! Transactions of kernels and headers.

use anyhow::Result;

use crate::transaction::Stage;
use crate::transaction::door::{ACPI_CALL, BOTH, Door, Kernel, Package, TWIG, linux};

/// S2
pub(crate) fn install<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    let step = stage.install(&linux(Kernel::Newer))?;
    step.builds(stage, 2).depmods(stage, &[newer]);
    stage.images_of_new(&step, Kernel::Newer);
    stage.works("twig", "1.0", &BOTH)?;
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    stage.holds(Kernel::Newer, "acpi_call")
}

/// S5
pub(crate) fn reinstall<G: Door>(stage: &Stage<G>) -> Result<()> {
    let [image, headers] = linux(Kernel::Older);
    for packages in [&[image][..], &[headers], &[ACPI_CALL], &[image, headers, ACPI_CALL]] {
        stage.again(packages)?.builds(stage, 0);
        stage.expect_state("acpi-call", stage.release(Kernel::Older), Some("installed"))?;
        stage.holds(Kernel::Older, "acpi_call")?;
    }
    Ok(())
}

/// S6: nobody but us sees that the image is out of date.
pub(crate) fn headers_again<G: Door>(stage: &Stage<G>) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let step = stage.install(&[Package::HeadersAgain])?;
    step.builds(stage, 2).depmods(stage, &[older]).initramfs(stage, &[older]);
    stage.expect(step.counts.builds.iter().all(|build| build.kernel == *older), || format!("{:?}", step.counts.builds));
    // The package manager names the package; that something changed in it is for us to say, once for all modules of a kernel.
    let reasons =
        step.said.lines().filter(|line| line.contains("dkms: building ") && line.contains("changed)")).count();
    stage.expect(reasons == 1, || format!("{reasons} lines say what changed\n{}", step.tail(20)));
    let built = step.said.lines().filter(|line| line.contains(older) && line.contains("  built in ")).count();
    stage.expect(built == 2, || format!("{built} builds are told\n{}", step.tail(20)));
    stage.holds(Kernel::Older, "acpi_call")
}

/// S7
pub(crate) fn headers_later<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    let now = stage.install(&[Package::Image(Kernel::Newer)])?;
    let headers = stage.ground.headers_package(Kernel::Newer);
    now.builds(stage, 0).reports(stage, &[newer, "no headers", &headers]).initramfs(stage, &[newer]);
    stage.expect_state("acpi-call", newer, None)?;
    let later = stage.install(&[Package::Headers(Kernel::Newer)])?;
    later.builds(stage, 1).depmods(stage, &[newer]).initramfs(stage, &[newer]);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    stage.holds(Kernel::Newer, "acpi_call")
}

/// S8
pub(crate) fn image_later<G: Door>(stage: &Stage<G>) -> Result<()> {
    let headers = stage.run(&stage.ground.install_alone(Package::Headers(Kernel::Newer)))?;
    headers.builds(stage, 0).initramfs(stage, &[]);
    let image = stage.install(&[Package::Image(Kernel::Newer)])?;
    image.builds(stage, 1);
    stage.images_of_new(&image, Kernel::Newer);
    stage.expect_state("acpi-call", stage.release(Kernel::Newer), Some("installed"))?;
    stage.holds(Kernel::Newer, "acpi_call")
}

/// S10
pub(crate) fn one_fails<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    let step = stage.install(&linux(Kernel::Newer))?;
    stage.images_of_new(step.builds(stage, 2), Kernel::Newer);
    step.reports(stage, &["picky", newer, "this kernel is too new", "dkms "]);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    stage.expect_state("picky", newer, None)?;
    stage.expect_state("picky", stage.release(Kernel::Older), Some("installed"))?;
    stage.holds(Kernel::Newer, "acpi_call")?;
    stage.again(&[Package::Headers(Kernel::Newer)])?.builds(stage, 0);
    Ok(())
}

/// S12
pub(crate) fn remove<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.run(&stage.ground.remove_kernel(Kernel::Newer))?.builds(stage, 0).initramfs(stage, &[]);
    let newer = stage.release(Kernel::Newer);
    // The last one has displaced a module of the kernel, which must not come back now.
    for module in ["acpi-call", "twig", "dummy"] {
        stage.expect_state(module, stage.release(Kernel::Older), Some("installed"))?;
        stage.expect_state(module, newer, None)?;
    }
    let left = format!(
        "find /usr/lib/modules/{newer} /var/lib/dkms/*/*/{newer} /var/lib/dkms/*/kernel-{newer}-* 2> /dev/null || true"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    Ok(())
}

/// S13
pub(crate) fn remove_headers<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    stage.remove(&[Package::Headers(Kernel::Newer)])?.builds(stage, 0).initramfs(stage, &[]);
    for kernel in BOTH {
        stage.expect_state("acpi-call", stage.release(kernel), Some("installed"))?;
        stage.holds(kernel, "acpi_call")?;
    }
    if stage.is_ours() {
        let told = stage.root.must("cat /var/lib/dkms/.dkms-rs/motd")?.stdout;
        let wanted = format!("{newer} has no headers: installed modules stay, but cannot be rebuilt");
        stage.expect(told.contains(&wanted), || format!("nothing tells that it cannot be built again\n{told}"));
    }
    Ok(())
}

/// S18
pub(crate) fn image_building<G: Door>(stage: &Stage<G>) -> Result<()> {
    stage.install(&[TWIG])?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    let status = stage.root.must("dkms status")?.stdout;
    stage.expect(status.trim().ends_with(": added"), || format!("without a kernel the status is\n{status}"));
    for kernel in BOTH {
        stage.install(&linux(kernel))?.builds(stage, 1);
        stage.works("twig", "1.0", &[kernel])?;
    }
    let running = stage.root.must("uname -r")?.stdout;
    let running = running.trim();
    let named = format!(
        "dkms status && {{ ls /usr/lib/modules /var/lib/dkms/*/*; grep -rl '{running}' /var/lib/dkms || true; }}"
    );
    let named = stage.root.must(&named)?.stdout;
    stage.expect(!named.contains(running), || format!("the running kernel is named\n{named}"));
    Ok(())
}
