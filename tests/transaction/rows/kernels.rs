//! Transactions of kernels and headers.

use anyhow::Result;

use crate::transaction::Scenario;
use crate::transaction::package_manager::{ACPI_CALL, BOTH, Kernel, Package, PackageManager, TWIG, linux};

/// S2
pub(crate) fn install<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let step = scenario.install(&linux(Kernel::Newer))?;
    step.builds(scenario, 2).depmods(scenario, &[newer]);
    scenario.images_of_new(&step, Kernel::Newer);
    scenario.works("twig", "1.0", &BOTH)?;
    scenario.expect_state("acpi-call", newer, Some("installed"))?;
    scenario.holds(Kernel::Newer, "acpi_call")
}

/// S5
pub(crate) fn reinstall<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let [image, headers] = linux(Kernel::Older);
    for packages in [&[image][..], &[headers], &[ACPI_CALL], &[image, headers, ACPI_CALL]] {
        scenario.again(packages)?.builds(scenario, 0);
        scenario.expect_state("acpi-call", scenario.release(Kernel::Older), Some("installed"))?;
        scenario.holds(Kernel::Older, "acpi_call")?;
    }
    Ok(())
}

/// S6: nobody but us sees that the image is out of date.
pub(crate) fn headers_again<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let step = scenario.install(&[Package::HeadersAgain])?;
    step.builds(scenario, 2).depmods(scenario, &[older]).initramfs(scenario, &[older]);
    scenario
        .expect(step.counts.builds.iter().all(|build| build.kernel == *older), || format!("{:?}", step.counts.builds));
    // The package manager names the package; that something changed in it is for us to say, once for all modules of a kernel.
    let reasons =
        step.said.lines().filter(|line| line.contains("dkms: building ") && line.contains("changed)")).count();
    scenario.expect(reasons == 1, || format!("{reasons} lines say what changed\n{}", step.tail(20)));
    let built = step.said.lines().filter(|line| line.contains(older) && line.contains("  built in ")).count();
    scenario.expect(built == 2, || format!("{built} builds are told\n{}", step.tail(20)));
    scenario.holds(Kernel::Older, "acpi_call")
}

/// S7
pub(crate) fn headers_later<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let now = scenario.install(&[Package::Image(Kernel::Newer)])?;
    let headers = scenario.environment.headers_package(Kernel::Newer);
    now.builds(scenario, 0).reports(scenario, &[newer, "no headers", &headers]).initramfs(scenario, &[newer]);
    scenario.expect_state("acpi-call", newer, None)?;
    let later = scenario.install(&[Package::Headers(Kernel::Newer)])?;
    later.builds(scenario, 1).depmods(scenario, &[newer]).initramfs(scenario, &[newer]);
    scenario.expect_state("acpi-call", newer, Some("installed"))?;
    scenario.holds(Kernel::Newer, "acpi_call")
}

/// S8
pub(crate) fn image_later<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let headers = scenario.run(&scenario.environment.install_alone(Package::Headers(Kernel::Newer)))?;
    headers.builds(scenario, 0).initramfs(scenario, &[]);
    let image = scenario.install(&[Package::Image(Kernel::Newer)])?;
    image.builds(scenario, 1);
    scenario.images_of_new(&image, Kernel::Newer);
    scenario.expect_state("acpi-call", scenario.release(Kernel::Newer), Some("installed"))?;
    scenario.holds(Kernel::Newer, "acpi_call")
}

/// S10
pub(crate) fn one_fails<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let step = scenario.install(&linux(Kernel::Newer))?;
    scenario.images_of_new(step.builds(scenario, 2), Kernel::Newer);
    step.reports(scenario, &["picky", newer, "this kernel is too new", "dkms "]);
    scenario.expect_state("acpi-call", newer, Some("installed"))?;
    scenario.expect_state("picky", newer, None)?;
    scenario.expect_state("picky", scenario.release(Kernel::Older), Some("installed"))?;
    scenario.holds(Kernel::Newer, "acpi_call")?;
    scenario.again(&[Package::Headers(Kernel::Newer)])?.builds(scenario, 0);
    Ok(())
}

/// S12
pub(crate) fn remove<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.run(&scenario.environment.remove_kernel(Kernel::Newer))?.builds(scenario, 0).initramfs(scenario, &[]);
    let newer = scenario.release(Kernel::Newer);
    // The last one has displaced a module of the kernel, which must not come back now.
    for module in ["acpi-call", "twig", "dummy"] {
        scenario.expect_state(module, scenario.release(Kernel::Older), Some("installed"))?;
        scenario.expect_state(module, newer, None)?;
    }
    let left = format!(
        "find /usr/lib/modules/{newer} /var/lib/dkms/*/*/{newer} /var/lib/dkms/*/kernel-{newer}-* 2> /dev/null || true"
    );
    scenario.complain(&scenario.root.must(&left)?.stdout);
    Ok(())
}

/// S13
pub(crate) fn remove_headers<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    scenario.remove(&[Package::Headers(Kernel::Newer)])?.builds(scenario, 0).initramfs(scenario, &[]);
    for kernel in BOTH {
        scenario.expect_state("acpi-call", scenario.release(kernel), Some("installed"))?;
        scenario.holds(kernel, "acpi_call")?;
    }
    if scenario.is_ours() {
        let told = scenario.root.must("cat /var/lib/dkms/.dkms-rs/motd")?.stdout;
        let wanted = format!("{newer} has no headers: installed modules stay, but cannot be rebuilt");
        scenario.expect(told.contains(&wanted), || format!("nothing tells that it cannot be built again\n{told}"));
    }
    Ok(())
}

/// S18
pub(crate) fn image_building<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.install(&[TWIG])?.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
    let status = scenario.root.must("dkms status")?.stdout;
    scenario.expect(status.trim().ends_with(": added"), || format!("without a kernel the status is\n{status}"));
    for kernel in BOTH {
        scenario.install(&linux(kernel))?.builds(scenario, 1);
        scenario.works("twig", "1.0", &[kernel])?;
    }
    let running = scenario.root.must("uname -r")?.stdout;
    let running = running.trim();
    let named = format!(
        "dkms status && {{ ls /usr/lib/modules /var/lib/dkms/*/*; grep -rl '{running}' /var/lib/dkms || true; }}"
    );
    let named = scenario.root.must(&named)?.stdout;
    scenario.expect(!named.contains(running), || format!("the running kernel is named\n{named}"));
    Ok(())
}
