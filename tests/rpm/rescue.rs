//! Transactions that are cut off.

use super::ground::Ground;
use crate::transaction::door::{BOTH, Door, LEAF, Package, Start, TRUNK};
use crate::transaction::kills::Killing;

/// S16: two packages, of which one needs the other; rpm goes on when a trigger dies, and the next transaction, whatever it
/// is about, completes it.
pub(super) fn killing(ground: &Ground) -> Killing<Start> {
    Killing {
        start: Start { kernels: &BOTH, dkms: true, packages: &[] },
        transaction: ground.install(&[TRUNK, LEAF]),
        call: "[ \"$1\" = installed ]",
        times: 10,
        again: ground.install(&[Package::Unrelated]),
    }
}
