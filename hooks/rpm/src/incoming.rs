//! Which registered modules do not support the kernels that a transaction is about to bring.

use std::collections::BTreeSet;

use dkms_engine::facts::package::owner;
use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;

use crate::names::Package;

/// What a person can do instead.
const HINT: &str = "dnf upgrade --exclude='kernel*', or dkms remove MODULE/VERSION --all";

/// Tells the objections of modules to the kernels among the packages, one name a line; whether they are a reason not to
/// begin.
pub(crate) fn report(setup: &Setup, packages: &str, say: &mut dyn FnMut(&str)) -> bool {
    let packages: Vec<Package<'_>> = packages.lines().filter_map(Package::of).collect();
    let kernels: BTreeSet<String> = packages.iter().filter_map(Package::kernel).collect();
    let comes = |module: &ModuleId| {
        let owner = owner(setup, &setup.layout.source_tree(module).join("dkms.conf"));
        owner.is_some_and(|owner| packages.iter().any(|package| owner.name == package.name()))
    };
    dkms_hook::forecast(setup, &kernels, &comes, HINT, say)
}
