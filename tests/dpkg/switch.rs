//! Our package comes, in the place of the original or alone, and goes.

use anyhow::Result;
use testbed::disk;

use super::environment::Kernel::{Newer, Older};
use super::scenario::Scenario;
use super::{image, test_packages};

/// Where our package lies in a root.
const OURS: &str = "/srv/debs/ours.deb";

/// What apt is asked for to get the dkms under test.
fn dkms(scenario: &Scenario) -> Result<&'static str> {
    if !scenario.is_ours() {
        return Ok("dkms");
    }
    disk::copy(&scenario.environment.deb()?, &scenario.root.path(OURS))?;
    Ok(OURS)
}

/// First installation
pub(super) fn first_installation(scenario: &Scenario) -> Result<()> {
    let line = format!(
        "{} {} acpi-call-dkms {} {}",
        scenario.environment.install(Older),
        kernel(scenario),
        test_packages::TWIG,
        dkms(scenario)?
    );
    scenario.apt(&line)?.builds(scenario, 4);
    for kernel in [scenario.environment.release(Older), scenario.environment.release(Newer)] {
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            scenario.expect_state(module, kernel, Some("installed"))?;
            image::holds(scenario, kernel, object)?;
        }
    }
    Ok(())
}

fn kernel(scenario: &Scenario) -> String {
    scenario.environment.install(Newer).replacen("install ", "", 1)
}

/// S17
pub(super) fn there_and_back(scenario: &Scenario) -> Result<()> {
    scenario.prepare("apt-get -y -q --no-install-recommends install dkms acpi-call-dkms dm-writeboost-dkms")?;
    let files = "dkms status; find /lib/modules/*/updates /var/lib/dkms/*/*/*/*/module -name '*.ko*' -printf '%p %s %T@\\n' | sort";
    let before = scenario.root.must(files)?.stdout;
    if scenario.is_ours() {
        scenario.apt(&format!("install {}", dkms(scenario)?))?.builds(scenario, 0).initramfs(scenario, &[]);
        let there = scenario.root.must(files)?.stdout;
        scenario.expect(before == there, || format!("switching to ours changed\n{before}into\n{there}"));
        scenario.apt("install dkms")?.builds(scenario, 0).initramfs(scenario, &[]);
        let back = scenario.root.must(files)?.stdout;
        scenario.expect(before == back, || format!("switching back changed\n{before}into\n{back}"));
    }
    // The original reads the tree, and finds nothing to do.
    let kernel = scenario.environment.release(Older);
    scenario.run(&format!("dkms autoinstall -k {kernel}"))?.builds(scenario, 0);
    Ok(())
}

/// Our package goes, and takes the modules along that it cannot look after any more.
pub(super) fn removal(scenario: &Scenario) -> Result<()> {
    let name = package(scenario);
    let kernel = scenario.environment.release(Older);
    image::holds(scenario, kernel, "acpi_call")?;
    scenario.apt(&format!("remove {name}"))?.builds(scenario, 0);
    let left = format!(
        "find /lib/modules/{kernel}/updates -type f 2> /dev/null; grep -h ^updates /lib/modules/{kernel}/modules.dep || true"
    );
    scenario.complain(&scenario.root.must(&left)?.stdout);
    image::lacks(scenario, kernel, "acpi_call")?;
    // Packages need not be there, and kernels come and go without us.
    scenario.apt(&scenario.environment.install(Newer))?.builds(scenario, 0);
    scenario.apt(&format!("purge {name}"))?.builds(scenario, 0);
    scenario.complain(
        &scenario.root.bash("test -s /var/lib/dkms/mok.key || echo 'purge took the key without asking'")?.stdout,
    );
    broken_packages(scenario)
}

/// Whoever says so to debconf loses tree and keys.
pub(super) fn purge(scenario: &Scenario) -> Result<()> {
    let name = package(scenario);
    scenario.prepare(
        "apt-get -y -q install debconf; echo 'dkms-rs dkms-rs/purge-tree boolean true' | debconf-set-selections",
    )?;
    scenario.apt(&format!("purge {name}"))?.builds(scenario, 0);
    scenario.complain(&scenario.root.must("find /var/lib/dkms /etc/dkms 2> /dev/null || true")?.stdout);
    broken_packages(scenario)
}

fn package(scenario: &Scenario) -> &'static str {
    if scenario.is_ours() { "dkms-rs" } else { "dkms" }
}

fn broken_packages(scenario: &Scenario) -> Result<()> {
    scenario.complain(&scenario.root.must("dpkg --audit")?.stdout);
    Ok(())
}
