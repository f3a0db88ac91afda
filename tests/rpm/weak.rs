//! Weak modules, on what its os-release calls RHEL.

use anyhow::Result;

use super::Scenario;
use super::kernel::HEADERS;
use super::like::{self, Like};
use crate::transaction::package_manager::{ACPI_CALL, Kernel, LEAF, Package, PackageManager, TRUNK, linux};
use crate::transaction::rows::staying;

/// Whether the kernel tells the versions of its symbols. Newer releases of Debian do without.
fn tells_versions(scenario: &Scenario) -> Result<bool> {
    let older = scenario.release(Kernel::Older);
    let versions = format!("grep -q '^CONFIG_MODVERSIONS=y' /usr/lib/modules/{older}/build/.config");
    Ok(scenario.root.bash(&versions)?.code == 0)
}

/// S31: whatever comes again was never gone: the module, the kernel that it is built for and the one with links to it.
pub(super) fn again(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() || !tells_versions(scenario)? {
        return Ok(());
    }
    let older = scenario.release(Kernel::Older);
    like::red_hat(scenario)?;
    let same = Like::pack(scenario, "same", 7, "cat")?;
    same.install(scenario, "kernel-core")?.builds(scenario, 0);
    let tool = scenario.environment.tool();
    let image = Package::Image(Kernel::Older);
    for line in [
        scenario.environment.again(&[TRUNK, LEAF]),
        scenario.environment.again(&[image]),
        tool.again(&[same.file("kernel-core")]),
        scenario.environment.again(&[image, ACPI_CALL, LEAF]),
    ] {
        staying::transaction(scenario, &line)?.depmods(scenario, &[]);
        for module in ["trunk", "leaf"] {
            same.is_linked(scenario, module, older)?;
        }
        scenario.expect_state("acpi-call", &same.release, Some("installed-weak"))?;
    }
    Ok(())
}

/// What fits is linked, and what is linked stays until there is something better.
pub(super) fn links(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    let older = scenario.release(Kernel::Older);
    scenario.prepare("echo 'NO_WEAK_MODULES=\"yes\"' > /etc/dkms/twig.conf")?;
    like::red_hat(scenario)?;
    let same = Like::pack(scenario, "same", 7, "cat")?;
    let change = "awk -F '\\t' -v OFS='\\t' '$2 == \"acpi_evaluate_object\" { $1 = \"0x00000001\" } 1'";
    let other = Like::pack(scenario, "other", 8, change)?;

    // A kernel of the same interface, without headers.
    let step = same.install(scenario, "kernel-core")?;
    if !tells_versions(scenario)? {
        // Nobody can tell what fits.
        step.builds(scenario, 0).reports(scenario, &["trunk", &same.release]);
        return same.lacks(scenario, "trunk");
    }
    let images = vec![&same.release; if scenario.environment.tool().is_one_by_one() { 2 } else { 1 }];
    step.builds(scenario, 0).depmods(scenario, &[&same.release]).initramfs(scenario, &images);
    for module in ["trunk", "leaf"] {
        same.is_linked(scenario, module, older)?;
    }
    scenario.expect_state("acpi-call", &same.release, Some("installed-weak"))?;
    same.lacks(scenario, "twig")?;
    // The kernel has one itself, which depmod would prefer.
    scenario.expect_state("dummy", &same.release, None)?;

    // One that differs in what one module needs.
    let step = other.install(scenario, "kernel-core")?;
    step.builds(scenario, 0).depmods(scenario, &[&other.release]).reports(scenario, &["acpi-call", &other.release]);
    for module in ["trunk", "leaf"] {
        other.is_linked(scenario, module, older)?;
    }
    other.lacks(scenario, "acpi_call")?;

    // The kernel that everything was built for goes, and nothing can be built for the others.
    scenario.remove(&linux(Kernel::Older))?.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
    for (kernel, module) in [(&same, "trunk"), (&same, "leaf"), (&other, "trunk"), (&other, "leaf")] {
        kernel.is_linked(scenario, module, older)?;
    }

    // Now it can, for one of them, and the other has links to that.
    let both = [&same.release, &other.release];
    let step = same.install(scenario, HEADERS)?;
    step.builds(scenario, 5).depmods(scenario, &both).initramfs(scenario, &both);
    for module in ["trunk", "leaf"] {
        scenario.expect_row(&format!("{module}/1.0, {}, x86_64: installed", same.release))?;
        other.is_linked(scenario, module, &same.release)?;
    }
    let left = format!(
        "ls -d /usr/lib/modules/{older} /var/lib/dkms/*/*/{older} /usr/lib/modules/{}/weak-updates/*",
        same.release
    );
    scenario.complain(&scenario.root.bash(&left)?.stdout);

    // A person installs for one kernel, and the other one may have it, too.
    scenario.prepare(&format!(
        "rm /etc/dkms/twig.conf; dkms uninstall twig/1.0 -k {0}; dkms install twig/1.0 -k {0}",
        same.release
    ))?;
    scenario.expect_row(&format!("twig, 1.0, {}, x86_64: installed-weak from {}", other.release, same.release))?;
    scenario.prepare(&format!("dkms uninstall twig/1.0 -k {}", same.release))?;
    other.lacks(scenario, "twig")?;
    scenario.prepare(&format!("dkms install twig/1.0 -k {}", same.release))?;

    // Links go with what it leads to, and with the kernel that has it.
    scenario.remove(&[TRUNK, LEAF])?.builds(scenario, 0).depmods(scenario, &both);
    for module in ["trunk", "leaf"] {
        other.lacks(scenario, module)?;
    }
    let gone = format!("kernel-core-{}", other.version.join("-"));
    scenario.run(&scenario.environment.tool().remove(&[gone]))?.builds(scenario, 0).depmods(scenario, &[]);
    let left = format!("ls -d /usr/lib/modules/{}; dkms status | grep weak", other.release);
    scenario.complain(&scenario.root.bash(&left)?.stdout);
    Ok(())
}
