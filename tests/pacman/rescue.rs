//! Transactions that are cut off.

use anyhow::Result;

use super::arch::pacman;
use super::releases::Kernel::{self, Lts, Older};
use super::scenario::Scenario;
use super::{image, test_packages};
use crate::transaction::Start;
use crate::transaction::kills::Killing;

/// S16: two packages, of which one needs the other; pacman goes on when a hook dies, so it is given them again.
pub(super) fn killing() -> Killing<Start<Kernel, &'static str>> {
    let transaction = pacman(&format!("-U {} {}", test_packages::TRUNK, test_packages::LEAF));
    Killing {
        start: Start::with(&[Older, Lts], &[]),
        transaction: transaction.clone(),
        call: "[ \"$1\" = ended ]",
        times: 10,
        again: transaction,
    }
}

/// pacman itself dies while something is built, and is run again.
pub(super) fn interrupted(scenario: &Scenario) -> Result<()> {
    let line = pacman(&format!("-U {} {}", scenario.environment.linux(Lts), test_packages::TWIG));
    scenario.run(&format!(
        "{line} &
         while kill -0 $! && ! [ -s /var/log/counted/make ]; do sleep 0.1; done
         pkill -KILL -x pacman; pkill -KILL -f '[/]usr/lib/dkms'; pkill -KILL -f '[/]usr/share/libalpm'
         wait; sleep 1; true"
    ))?;
    scenario.run(&format!("rm -f /var/lib/pacman/db.lck; {line}"))?.succeeds(scenario);
    let lts = scenario.environment.release(Lts);
    scenario.expect_state("acpi-call", lts, Some("installed"))?;
    for kernel in [Older, Lts] {
        scenario.expect_state("twig", scenario.environment.release(kernel), Some("installed"))?;
        image::holds(scenario, kernel, "twig")?;
    }
    Ok(())
}

/// The hook before a removal was run, and the removal never came: what was to go stays, however often others follow.
pub(super) fn abandoned(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    scenario.prepare("echo usr/src/twig-1.0/dkms.conf | /usr/lib/dkms/hook going")?;
    for _ in 0..2 {
        scenario.upgrade(&scenario.environment.headers(Lts))?.builds(scenario, 0).depmods(scenario, &[]);
        for kernel in [Older, Lts] {
            scenario.expect_state("twig", scenario.environment.release(kernel), Some("installed"))?;
        }
    }
    scenario.pacman("-R twig-dkms")?.builds(scenario, 0);
    scenario.gone("twig")
}
