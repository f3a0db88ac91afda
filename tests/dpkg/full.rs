//! S25: no room where something has to be written.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::made;
use super::stage::Stage;
use crate::transaction::full::{self, Upgrade};

/// On the tree of dkms.
pub(super) fn tree(stage: &Stage) -> Result<()> {
    full::play(stage, &upgrade(stage), "/var/lib/dkms", true)
}

/// On the directory of one kernel's modules; the other kernel is served.
pub(super) fn modules(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    full::play(stage, &upgrade(stage), &format!("/lib/modules/{newer}/updates"), true)
}

/// On the temporary directory, which nobody has to need.
pub(super) fn temporary(stage: &Stage) -> Result<()> {
    full::play(stage, &upgrade(stage), "/tmp", false)
}

fn upgrade<'a>(stage: &Stage<'a>) -> Upgrade<'a> {
    Upgrade {
        // apt needs /tmp for itself; dpkg does not.
        line: format!("dpkg -i {}", made::TWIG_NEXT),
        again: "/usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'",
        kernels: [stage.ground.release(Older), stage.ground.release(Newer)],
    }
}
