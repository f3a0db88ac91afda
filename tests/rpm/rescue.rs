//! Transactions that are cut off.

use super::environment::Environment;
use crate::transaction::Start;
use crate::transaction::kills::Killing;
use crate::transaction::package_manager::{BOTH, Kernel, LEAF, Package, PackageManager, TRUNK};

/// S16: two packages, of which one needs the other; rpm goes on when a trigger dies, and the next transaction, whatever it
/// is about, completes it.
pub(super) fn killing(environment: &Environment) -> Killing<Start<Kernel, Package>> {
    Killing {
        start: Start::with(&BOTH, &[]),
        transaction: environment.install(&[TRUNK, LEAF]),
        call: "[ \"$1\" = installed ]",
        times: 10,
        again: environment.install(&[Package::Unrelated]),
    }
}
