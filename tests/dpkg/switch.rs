//! Our package comes, in the place of the original or alone, and goes.

use anyhow::Result;
use testbed::disk;

use super::ground::Kernel::{Newer, Older};
use super::stage::Stage;
use super::{image, made};

/// Where our package lies in a root.
const OURS: &str = "/srv/debs/ours.deb";

/// What apt is asked for to get the dkms under test.
fn dkms(stage: &Stage) -> Result<&'static str> {
    if !stage.is_ours() {
        return Ok("dkms");
    }
    disk::copy(&stage.ground.deb()?, &stage.root.path(OURS))?;
    Ok(OURS)
}

/// First installation
pub(super) fn first_installation(stage: &Stage) -> Result<()> {
    let line =
        format!("{} {} acpi-call-dkms {} {}", stage.ground.install(Older), kernel(stage), made::TWIG, dkms(stage)?);
    stage.apt(&line)?.builds(stage, 4);
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            stage.expect_state(module, kernel, Some("installed"))?;
            image::holds(stage, kernel, object)?;
        }
    }
    Ok(())
}

fn kernel(stage: &Stage) -> String {
    stage.ground.install(Newer).replacen("install ", "", 1)
}

/// S17
pub(super) fn there_and_back(stage: &Stage) -> Result<()> {
    stage.prepare("apt-get -y -q --no-install-recommends install dkms acpi-call-dkms dm-writeboost-dkms")?;
    let files = "dkms status; find /lib/modules/*/updates /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\\n' | sort";
    let before = stage.root.must(files)?.stdout;
    if stage.is_ours() {
        stage.apt(&format!("install {}", dkms(stage)?))?.builds(stage, 0).initramfs(stage, &[]);
        let there = stage.root.must(files)?.stdout;
        stage.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        stage.apt("install dkms")?.builds(stage, 0).initramfs(stage, &[]);
        let back = stage.root.must(files)?.stdout;
        stage.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    let kernel = stage.ground.release(Older);
    stage.run(&format!("dkms autoinstall -k {kernel}"))?.builds(stage, 0);
    Ok(())
}

/// Our package goes, and takes the modules along that it cannot look after any more.
pub(super) fn removal(stage: &Stage) -> Result<()> {
    let name = package(stage);
    let kernel = stage.ground.release(Older);
    image::holds(stage, kernel, "acpi_call")?;
    stage.apt(&format!("remove {name}"))?.builds(stage, 0);
    let left = format!(
        "find /lib/modules/{kernel}/updates -type f 2> /dev/null; grep -h ^updates /lib/modules/{kernel}/modules.dep || true"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    image::lacks(stage, kernel, "acpi_call")?;
    // Packages need not be there, and kernels come and go without us.
    stage.apt(&stage.ground.install(Newer))?.builds(stage, 0);
    stage.apt(&format!("purge {name}"))?.builds(stage, 0);
    stage.complain(
        &stage.root.bash("test -s /var/lib/dkms/mok.key || echo 'purge took the key without asking'")?.stdout,
    );
    broken_packages(stage)
}

/// Whoever says so to debconf loses tree and keys.
pub(super) fn purge(stage: &Stage) -> Result<()> {
    let name = package(stage);
    stage.prepare(
        "apt-get -y -q install debconf; echo 'dkms-rs dkms-rs/purge-tree boolean true' | debconf-set-selections",
    )?;
    stage.apt(&format!("purge {name}"))?.builds(stage, 0);
    stage.complain(&stage.root.must("find /var/lib/dkms /etc/dkms 2> /dev/null || true")?.stdout);
    broken_packages(stage)
}

fn package(stage: &Stage) -> &'static str {
    if stage.is_ours() { "dkms-rs" } else { "dkms" }
}

fn broken_packages(stage: &Stage) -> Result<()> {
    stage.complain(&stage.root.must("dpkg --audit")?.stdout);
    Ok(())
}
