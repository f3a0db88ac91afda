//! Upgrades that nobody watches: unattended-upgrades, which runs one dpkg for each group of packages that can go together.

use anyhow::Result;

use super::environment::Kernel::{Newer, Older};
use super::scenario::Scenario;
use super::test_packages;

/// An archive with the packages that are to come, which nothing but unattended-upgrades installs from.
const ARCHIVE: &str = r#"
set -e
mkdir /srv/archive
cp $packages /srv/archive
cd /srv/archive
apt-ftparchive packages . > Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=Local release . > Release
echo 'deb [trusted=yes] file:/srv/archive ./' > /etc/apt/sources.list.d/local.list
apt-get update -q -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::SourceList=/etc/apt/sources.list.d/local.list \
    -o APT::Get::List-Cleanup=0
cat > /etc/apt/apt.conf.d/99local << 'END'
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern { "origin=Local"; };
END
"#;

/// Where it writes what dpkg said.
const SAID: &str = "/var/log/unattended-upgrades/unattended-upgrades-dpkg.log";

/// One module that builds, one that does not: nobody is asked, nothing fails, and the log has the reason.
pub(super) fn upgrade(scenario: &Scenario) -> Result<()> {
    let kernels = [scenario.environment.release(Older), scenario.environment.release(Newer)];
    scenario.prepare(&format!("packages='{} {}'{ARCHIVE}", test_packages::TWIG_BROKEN, test_packages::TRUNK_NEXT))?;
    let step = scenario.run("unattended-upgrade -v < /dev/null && test -z \"$(dpkg --audit)\"")?;
    step.builds(scenario, 4);
    scenario
        .expect(step.said.contains("trunk-dkms twig-dkms"), || format!("it did not upgrade both\n{}", step.tail(20)));
    for kernel in kernels {
        scenario.expect_row(&format!("trunk/1.1, {kernel}, x86_64: installed"))?;
        scenario.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
    }
    let said = scenario.root.must(&format!("cat {SAID}"))?.stdout;
    scenario.expect(said.contains("this twig is broken"), || format!("{SAID} does not say what is wrong\n{said}"));
    Ok(())
}

/// The frontend of debconf that images and scripts set, and no terminal at all: nothing is asked, nothing is read.
pub(super) fn noninteractive(scenario: &Scenario) -> Result<()> {
    let line = scenario.environment.install(Newer);
    let run = format!(
        "DEBIAN_FRONTEND=noninteractive setsid apt-get -y -q -o Dpkg::Use-Pty=0 --no-install-recommends {line} {} < /dev/zero",
        test_packages::TWIG_NEXT
    );
    scenario.run(&run)?.builds(scenario, 3);
    scenario.expect_state("acpi-call", scenario.environment.release(Newer), Some("installed"))?;
    scenario.expect_state("twig", scenario.environment.release(Older), Some("installed"))?;
    super::image::holds(scenario, scenario.environment.release(Newer), "acpi_call")?;
    super::image::holds(scenario, scenario.environment.release(Older), "twig")
}
