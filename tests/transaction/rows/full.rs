//! S25: no room where something has to be written.

use anyhow::Result;

use crate::transaction::Stage;
use crate::transaction::door::{BOTH, Door, Kernel, TWIG_NEXT};
use crate::transaction::full::{self, Upgrade};

/// On the tree of dkms.
pub(crate) fn tree<G: Door>(stage: &Stage<G>) -> Result<()> {
    full::play(stage, &upgrade(stage), "/var/lib/dkms", true)
}

/// On the directory of one kernel's modules; the other kernel is served.
pub(crate) fn modules<G: Door>(stage: &Stage<G>) -> Result<()> {
    let newer = stage.release(Kernel::Newer);
    let place = format!("/usr/lib/modules/{newer}/{}", G::PLACE.split('/').next().unwrap_or_default());
    full::play(stage, &upgrade(stage), &place, true)
}

/// On the temporary directory, which nobody has to need.
pub(crate) fn temporary<G: Door>(stage: &Stage<G>) -> Result<()> {
    full::play(stage, &upgrade(stage), "/tmp", false)
}

fn upgrade<'a, G: Door>(stage: &'a Stage<G>) -> Upgrade<'a> {
    Upgrade {
        line: stage.ground.install_without_temporary(&[TWIG_NEXT]),
        again: G::CATCH_UP,
        kernels: BOTH.map(|kernel| stage.release(kernel)),
    }
}
