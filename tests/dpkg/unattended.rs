//! Upgrades that nobody watches: unattended-upgrades, which runs one dpkg for each group of packages that can go together.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::made;
use super::stage::Stage;

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
pub(super) fn upgrade(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    stage.prepare(&format!("packages='{} {}'{ARCHIVE}", made::TWIG_BROKEN, made::TRUNK_NEXT))?;
    let step = stage.run("unattended-upgrade -v < /dev/null && test -z \"$(dpkg --audit)\"")?;
    step.builds(stage, 4);
    stage.expect(step.said.contains("trunk-dkms twig-dkms"), || format!("it did not upgrade both\n{}", step.tail(20)));
    for kernel in kernels {
        stage.expect_row(&format!("trunk/1.1, {kernel}, x86_64: installed"))?;
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
    }
    let said = stage.root.must(&format!("cat {SAID}"))?.stdout;
    stage.expect(said.contains("this twig is broken"), || format!("{SAID} does not say what is wrong\n{said}"));
    Ok(())
}

/// The frontend of debconf that images and scripts set, and no terminal at all: nothing is asked, nothing is read.
pub(super) fn noninteractive(stage: &Stage) -> Result<()> {
    let line = stage.ground.install(Newer);
    let run = format!(
        "DEBIAN_FRONTEND=noninteractive setsid apt-get -y -q -o Dpkg::Use-Pty=0 --no-install-recommends {line} {} < /dev/zero",
        made::TWIG_NEXT
    );
    stage.run(&run)?.builds(stage, 3);
    stage.expect_state("acpi-call", stage.ground.release(Newer), Some("installed"))?;
    stage.expect_state("twig", stage.ground.release(Older), Some("installed"))?;
    super::image::holds(stage, stage.ground.release(Newer), "acpi_call")?;
    super::image::holds(stage, stage.ground.release(Older), "twig")
}
