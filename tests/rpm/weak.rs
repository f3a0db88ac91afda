//! Weak modules, on what its os-release calls RHEL.

use anyhow::Result;

use super::Stage;
use super::kernel::HEADERS;
use super::like::{self, Like};
use crate::transaction::door::{ACPI_CALL, Door, Kernel, LEAF, Package, TRUNK, linux};
use crate::transaction::rows::staying;

/// Whether the kernel tells the versions of its symbols. Newer releases of Debian do without.
fn tells_versions(stage: &Stage) -> Result<bool> {
    let older = stage.release(Kernel::Older);
    let versions = format!("grep -q '^CONFIG_MODVERSIONS=y' /usr/lib/modules/{older}/build/.config");
    Ok(stage.root.bash(&versions)?.code == 0)
}

/// S31: whatever comes again was never gone: the module, the kernel that it is built for and the one with links to it.
pub(super) fn again(stage: &Stage) -> Result<()> {
    if !stage.is_ours() || !tells_versions(stage)? {
        return Ok(());
    }
    let older = stage.release(Kernel::Older);
    like::red_hat(stage)?;
    let same = Like::pack(stage, "same", 7, "cat")?;
    same.install(stage, "kernel-core")?.builds(stage, 0);
    let tool = stage.ground.tool();
    let image = Package::Image(Kernel::Older);
    for line in [
        stage.ground.again(&[TRUNK, LEAF]),
        stage.ground.again(&[image]),
        tool.again(&[same.file("kernel-core")]),
        stage.ground.again(&[image, ACPI_CALL, LEAF]),
    ] {
        staying::transaction(stage, &line)?.depmods(stage, &[]);
        for module in ["trunk", "leaf"] {
            same.is_linked(stage, module, older)?;
        }
        stage.expect_state("acpi-call", &same.release, Some("installed-weak"))?;
    }
    Ok(())
}

/// What fits is linked, and what is linked stays until there is something better.
pub(super) fn links(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let older = stage.release(Kernel::Older);
    stage.prepare("echo 'NO_WEAK_MODULES=\"yes\"' > /etc/dkms/twig.conf")?;
    like::red_hat(stage)?;
    let same = Like::pack(stage, "same", 7, "cat")?;
    let change = "awk -F '\\t' -v OFS='\\t' '$2 == \"acpi_evaluate_object\" { $1 = \"0x00000001\" } 1'";
    let other = Like::pack(stage, "other", 8, change)?;

    // A kernel of the same interface, without headers.
    let step = same.install(stage, "kernel-core")?;
    if !tells_versions(stage)? {
        // Nobody can tell what fits.
        step.builds(stage, 0).reports(stage, &["trunk", &same.release]);
        return same.lacks(stage, "trunk");
    }
    let images = vec![&same.release; if stage.ground.tool().is_one_by_one() { 2 } else { 1 }];
    step.builds(stage, 0).depmods(stage, &[&same.release]).initramfs(stage, &images);
    for module in ["trunk", "leaf"] {
        same.is_linked(stage, module, older)?;
    }
    stage.expect_state("acpi-call", &same.release, Some("installed-weak"))?;
    same.lacks(stage, "twig")?;
    // The kernel has one itself, which depmod would prefer.
    stage.expect_state("dummy", &same.release, None)?;

    // One that differs in what one module needs.
    let step = other.install(stage, "kernel-core")?;
    step.builds(stage, 0).depmods(stage, &[&other.release]).reports(stage, &["acpi-call", &other.release]);
    for module in ["trunk", "leaf"] {
        other.is_linked(stage, module, older)?;
    }
    other.lacks(stage, "acpi_call")?;

    // The kernel that everything was built for goes, and nothing can be built for the others.
    stage.remove(&linux(Kernel::Older))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    for (kernel, module) in [(&same, "trunk"), (&same, "leaf"), (&other, "trunk"), (&other, "leaf")] {
        kernel.is_linked(stage, module, older)?;
    }

    // Now it can, for one of them, and the other has links to that.
    let both = [&same.release, &other.release];
    let step = same.install(stage, HEADERS)?;
    step.builds(stage, 5).depmods(stage, &both).initramfs(stage, &both);
    for module in ["trunk", "leaf"] {
        stage.expect_row(&format!("{module}/1.0, {}, x86_64: installed", same.release))?;
        other.is_linked(stage, module, &same.release)?;
    }
    let left = format!(
        "ls -d /usr/lib/modules/{older} /var/lib/dkms/*/*/{older} /usr/lib/modules/{}/weak-updates/*",
        same.release
    );
    stage.complain(&stage.root.bash(&left)?.stdout);

    // A person installs for one kernel, and the other one may have it, too.
    stage.prepare(&format!(
        "rm /etc/dkms/twig.conf; dkms uninstall twig/1.0 -k {0}; dkms install twig/1.0 -k {0}",
        same.release
    ))?;
    stage.expect_row(&format!("twig, 1.0, {}, x86_64: installed-weak from {}", other.release, same.release))?;
    stage.prepare(&format!("dkms uninstall twig/1.0 -k {}", same.release))?;
    other.lacks(stage, "twig")?;
    stage.prepare(&format!("dkms install twig/1.0 -k {}", same.release))?;

    // Links go with what it leads to, and with the kernel that has it.
    stage.remove(&[TRUNK, LEAF])?.builds(stage, 0).depmods(stage, &both);
    for module in ["trunk", "leaf"] {
        other.lacks(stage, module)?;
    }
    let gone = format!("kernel-core-{}", other.version.join("-"));
    stage.run(&stage.ground.tool().remove(&[gone]))?.builds(stage, 0).depmods(stage, &[]);
    let left = format!("ls -d /usr/lib/modules/{}; dkms status | grep weak", other.release);
    stage.complain(&stage.root.bash(&left)?.stdout);
    Ok(())
}
