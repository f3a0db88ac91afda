//! Suite `debian`: our package itself, and the main job to its end: a module that apt brought is loaded by the kernel that apt
//! brought. Every other transaction is a row of suite `dpkg`.

use anyhow::Result;
use testbed::example::{MODULE, OBJECT, PACKAGE, kernel_line};
use testbed::layer::{self, Kernels, Layer};
use testbed::root::Root;
use testbed::{installed, package, vm};

use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// What the checks start from.
struct Bench {
    kernels: Kernels,
    /// One kernel and the package under test.
    subject: Layer,
}

type Check = fn(&Bench) -> Result<()>;

const LINTIAN: &str = "debian/lintian";

const CHECKS: [(&str, Check); 2] = [(LINTIAN, lintian), ("debian/module-then-kernel-loaded", module_then_kernel)];

/// Runs all checks.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let below = layer::kernel(&kernels)?;
    let subject = request.subject(&below)?;
    let bench = Bench { kernels, subject };
    let checks: Vec<_> = CHECKS.iter().filter(|(name, _)| request.wants(name)).collect();
    // The original's package is not ours to judge.
    let checks: Vec<_> = checks.into_iter().filter(|(name, _)| !request.self_test || *name != LINTIAN).collect();
    Ok(parallel::run(&checks, |(name, check)| ((*name).to_owned(), check(&bench).map(|()| Vec::new()))))
}

fn module(root: &Root) -> Result<()> {
    root.apt_install(&[PACKAGE])
}

/// The package itself, before anything is done with it.
fn lintian(_: &Bench) -> Result<()> {
    package::lint(&package::deb()?)
}

/// The main job: a module package, then a newer kernel, loaded by that kernel.
fn module_then_kernel(bench: &Bench) -> Result<()> {
    let root = Root::over(&bench.subject)?;
    module(&root)?;
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT)?;
    root.must(&kernel_line(&bench.kernels.newer))?;
    installed::check(&root, MODULE, &bench.kernels.older, OBJECT)?;
    let version = installed::check(&root, MODULE, &bench.kernels.newer, OBJECT)?;
    for loaded in vm::load(&root, &bench.kernels.newer, &[OBJECT])? {
        loaded.check(&version)?;
    }
    Ok(())
}
