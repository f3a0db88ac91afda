//! Transactions that are cut off, or that nobody but dpkg runs.

use anyhow::Result;

use super::environment::Kernel::{self, Newer, Older};
use super::scenario::{self, Scenario};
use super::test_packages;
use crate::transaction::Start;
use crate::transaction::kills::Killing;

/// S16: two packages, of which one needs the other; the hook is called by its trigger.
pub(super) fn killing() -> Killing<Start<Kernel, &'static str>> {
    Killing {
        start: Start::with(&[Older, Newer], &[]),
        transaction: scenario::apt(&format!("install {} {}", test_packages::TRUNK, test_packages::LEAF)),
        call: "[ \"$1\" = triggered ]",
        times: 20,
        again: "dpkg --configure -a && apt-get -y -q -f install && /usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'".into(),
    }
}

/// dpkg itself dies while something is built, and is run again.
pub(super) fn interrupted(scenario: &Scenario) -> Result<()> {
    let line = format!("{} {}", scenario.environment.install(Newer), test_packages::TWIG);
    scenario.run(&format!(
        "apt-get -y -q --no-install-recommends {line} &
         while kill -0 $! && ! [ -s /var/log/counted/make ]; do sleep 0.1; done
         pkill -KILL -x apt-get; pkill -KILL -x dpkg
         pkill -KILL -f '[/]usr/lib/dkms'; pkill -KILL -f '[/]var/lib/dpkg/info'
         wait; sleep 1; true"
    ))?;
    scenario.run("dpkg --configure -a && apt-get -y -q -f install")?.succeeds(scenario);
    let newer = scenario.environment.release(Newer);
    scenario.expect_state("acpi-call", newer, Some("installed"))?;
    for kernel in [scenario.environment.release(Older), newer] {
        scenario.expect_state("twig", kernel, Some("installed"))?;
        super::image::holds(scenario, kernel, "twig")?;
    }
    super::image::holds(scenario, newer, "acpi_call")
}

/// Without apt: one call for each package, and unpacking apart from configuring.
pub(super) fn bare(scenario: &Scenario) -> Result<()> {
    let newer = scenario.environment.release(Newer);
    let step = scenario.run(&format!("dpkg -i {}", test_packages::TWIG))?;
    step.builds(scenario, 1);
    super::image::holds(scenario, scenario.environment.release(Older), "twig")?;
    let files = scenario.environment.files(&scenario.environment.install(Newer));
    let unpacked = scenario.run(&format!("dpkg --unpack {files}"))?;
    let configured = scenario.run("dpkg --configure -a")?;
    unpacked.succeeds(scenario);
    configured.succeeds(scenario);
    let builds = unpacked.counts.builds.len() + configured.counts.builds.len();
    scenario.expect(builds == 2, || format!("{builds} builds while the kernel was unpacked and configured, not 2"));
    for module in ["acpi-call", "twig"] {
        scenario.expect_state(module, newer, Some("installed"))?;
    }
    super::image::holds(scenario, newer, "twig")
}
