//! S25: no room where something has to be written.

use anyhow::Result;

use crate::transaction::Scenario;
use crate::transaction::full::{self, Upgrade};
use crate::transaction::package_manager::{BOTH, Kernel, PackageManager, TWIG_NEXT};

/// On the tree of dkms.
pub(crate) fn tree<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    full::play(scenario, &upgrade(scenario), "/var/lib/dkms", true)
}

/// On the directory of one kernel's modules; the other kernel is served.
pub(crate) fn modules<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let place = format!("/usr/lib/modules/{newer}/{}", E::PLACE.split('/').next().unwrap_or_default());
    full::play(scenario, &upgrade(scenario), &place, true)
}

/// On the temporary directory, which nobody has to need.
pub(crate) fn temporary<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    full::play(scenario, &upgrade(scenario), "/tmp", false)
}

fn upgrade<'a, E: PackageManager>(scenario: &'a Scenario<E>) -> Upgrade<'a> {
    Upgrade {
        line: scenario.environment.install_without_temporary(&[TWIG_NEXT]),
        again: E::CATCH_UP,
        kernels: BOTH.map(|kernel| scenario.release(kernel)),
    }
}
