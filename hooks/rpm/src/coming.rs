//! Which registered modules do not support the kernels that a transaction is about to bring.

use std::collections::BTreeSet;

use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;

use crate::names::Package;

/// What a person can do instead.
const HINT: &str = "dnf upgrade --exclude='kernel*', or dkms remove MODULE/VERSION --all";

/// Tells the objections of modules to the kernels among the packages, one name a line; whether they are a reason not to
/// begin.
pub(crate) fn told(setup: &Setup, packages: &str, say: &mut dyn FnMut(&str)) -> bool {
    let packages: Vec<Package<'_>> = packages.lines().filter_map(Package::of).collect();
    let kernels: BTreeSet<String> = packages.iter().filter_map(Package::kernel).collect();
    let comes = |module: &ModuleId| {
        let owner = owner(setup, module);
        packages.iter().any(|package| owner.as_deref() == Some(package.name))
    };
    dkms_hook::forecast(setup, &kernels, &comes, HINT, say)
}

/// The package that a module's source belongs to.
fn owner(setup: &Setup, module: &ModuleId) -> Option<String> {
    let source = setup.layout.source.join(module.dashed()).join("dkms.conf");
    let query = setup.tool("rpm").ok()?.inherit(&setup.environment);
    let name = query.args(["--query", "--queryformat", "%{NAME}", "--file"]).arg(source).require().ok()?;
    String::from_utf8(name).ok()
}
