//! Transactions that are cut off.

use anyhow::Result;

use super::arch::pacman;
use super::ground::Kernel::{Lts, Older};
use super::ground::Start;
use super::stage::Stage;
use super::{image, made};
use crate::transaction::kills::Killing;

/// S16: two packages, of which one needs the other; pacman goes on when a hook dies, so it is given them again.
pub(super) fn killing() -> Killing<Start> {
    let transaction = pacman(&format!("-U {} {}", made::TRUNK, made::LEAF));
    Killing {
        start: Start { kernels: &[Older, Lts], dkms: true, packages: &[] },
        transaction: transaction.clone(),
        call: "[ \"$1\" = ended ]",
        times: 10,
        again: transaction,
    }
}

/// pacman itself dies while something is built, and is run again.
pub(super) fn interrupted(stage: &Stage) -> Result<()> {
    let line = pacman(&format!("-U {} {}", stage.ground.linux(Lts), made::TWIG));
    stage.run(&format!(
        "{line} &
         while kill -0 $! && ! [ -s /var/log/counted/make ]; do sleep 0.1; done
         pkill -KILL -x pacman; pkill -KILL -f '[/]usr/lib/dkms'; pkill -KILL -f '[/]usr/share/libalpm'
         wait; sleep 1; true"
    ))?;
    stage.run(&format!("rm -f /var/lib/pacman/db.lck; {line}"))?.succeeds(stage);
    let lts = stage.ground.release(Lts);
    stage.expect_state("acpi-call", lts, Some("installed"))?;
    for kernel in [Older, Lts] {
        stage.expect_state("twig", stage.ground.release(kernel), Some("installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    Ok(())
}

/// The hook before a removal was run, and the removal never came: what was to go stays, however often others follow.
pub(super) fn abandoned(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    stage.prepare("echo usr/src/twig-1.0/dkms.conf | /usr/lib/dkms/hook going")?;
    for _ in 0..2 {
        stage.upgrade(&stage.ground.headers(Lts))?.builds(stage, 0).depmods(stage, &[]);
        for kernel in [Older, Lts] {
            stage.expect_state("twig", stage.ground.release(kernel), Some("installed"))?;
        }
    }
    stage.pacman("-R twig-dkms")?.builds(stage, 0);
    stage.gone("twig")
}
