//! Transactions that are cut off, or that nobody but dpkg runs.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::ground::Start;
use super::made;
use super::stage::{self, Stage};
use crate::transaction::kills::Killing;

/// S16: two packages, of which one needs the other; the hook is called by its trigger.
pub(super) fn killing() -> Killing<Start> {
    Killing {
        start: Start { kernels: &[Older, Newer], dkms: true, packages: &[] },
        transaction: stage::apt(&format!("install {} {}", made::TRUNK, made::LEAF)),
        call: "[ \"$1\" = triggered ]",
        times: 20,
        again: "dpkg --configure -a && apt-get -y -q -f install && /usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'".into(),
    }
}

/// dpkg itself dies while something is built, and is run again.
pub(super) fn interrupted(stage: &Stage) -> Result<()> {
    let line = format!("{} {}", stage.ground.install(Newer), made::TWIG);
    stage.run(&format!(
        "apt-get -y -q --no-install-recommends {line} &
         while kill -0 $! && ! [ -s /var/log/counted/make ]; do sleep 0.1; done
         pkill -KILL -x apt-get; pkill -KILL -x dpkg
         pkill -KILL -f '[/]usr/lib/dkms'; pkill -KILL -f '[/]var/lib/dpkg/info'
         wait; sleep 1; true"
    ))?;
    stage.run("dpkg --configure -a && apt-get -y -q -f install")?.succeeds(stage);
    let newer = stage.ground.release(Newer);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    for kernel in [stage.ground.release(Older), newer] {
        stage.expect_state("twig", kernel, Some("installed"))?;
        super::image::holds(stage, kernel, "twig")?;
    }
    super::image::holds(stage, newer, "acpi_call")
}

/// Without apt: one call for each package, and unpacking apart from configuring.
pub(super) fn bare(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.run(&format!("dpkg -i {}", made::TWIG))?;
    step.builds(stage, 1);
    super::image::holds(stage, stage.ground.release(Older), "twig")?;
    let files = stage.ground.files(&stage.ground.install(Newer));
    let unpacked = stage.run(&format!("dpkg --unpack {files}"))?;
    let configured = stage.run("dpkg --configure -a")?;
    unpacked.succeeds(stage);
    configured.succeeds(stage);
    let builds = unpacked.counts.builds.len() + configured.counts.builds.len();
    stage.expect(builds == 2, || format!("{builds} builds while the kernel was unpacked and configured, not 2"));
    for module in ["acpi-call", "twig"] {
        stage.expect_state(module, newer, Some("installed"))?;
    }
    super::image::holds(stage, newer, "twig")
}
