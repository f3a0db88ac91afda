//! Suite `vm`: modules that dkms built, signed and installed are loaded by the real kernel.
//!
//! One boot for each kernel, with modules of our own and one of the archive that needs another module of the kernel.

use anyhow::Result;
use testbed::command::Cmd;
use testbed::layer::{self, Kernels};
use testbed::root::Root;
use testbed::{sources, vm};

use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// Fixture, version, and the modules of it that are loaded.
const FIXTURES: [(&str, &str, &[&str]); 3] =
    [("basic", "1.0", &["basic"]), ("pair", "1.0", &["left", "right"]), ("vendor", "1.0", &[VENDORS])];

/// One of the kernel's own modules, which stands for what a vendor has signed: installed by us, it is still trusted.
const VENDORS: &str = "dummy";

/// A package of the archive whose module needs dm-mod, which the kernel has as a module.
const PACKAGE: (&str, &str) = ("dm-writeboost", "dm_writeboost");

/// Installs all for both kernels and loads them in both.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let subject = request.subject(&layer::kernels(&kernels)?)?;
    let releases = [kernels.older, kernels.newer];
    let items: Vec<&String> = releases.iter().filter(|release| request.wants(&format!("vm/{release}"))).collect();
    Ok(parallel::run(&items, |release| {
        (format!("vm/{release}"), Root::over(&subject).and_then(|root| sit(&root, release)))
    }))
}

fn sit(root: &Root, release: &str) -> Result<Vec<String>> {
    let mut versions: Vec<(&str, String)> = Vec::new();
    for (name, version, modules) in FIXTURES {
        let source = format!("{name}-{version}");
        let to = root.path(&format!("/usr/src/{source}"));
        Cmd::new("cp").args(["-r", &format!("tests/fixtures/{source}")]).arg(to).checked()?;
        root.must(&format!("dkms install {name}/{version} -k {release}"))?;
        let told = |module: &str| if module == VENDORS { String::new() } else { version.to_owned() };
        versions.extend(modules.iter().map(|module| (*module, told(module))));
    }
    let (name, module) = PACKAGE;
    let version = sources::unpack(root, name)?;
    root.must(&format!("dkms install {name}/{version} -k {release}"))?;
    // Not every module tells its version.
    let told = root.must(&format!("modinfo -k {release} -F version {module}"))?.stdout;
    versions.push((module, told.trim().to_owned()));
    let modules: Vec<&str> = versions.iter().map(|(module, _)| *module).collect();
    let loaded = vm::load(root, release, &modules)?;
    let judge = loaded.iter().zip(&versions);
    let judge = judge.map(|(loaded, (module, version))| match *module {
        VENDORS => loaded.check_trusted(version),
        _ => loaded.check(version),
    });
    Ok(judge.filter_map(Result::err).map(|error| format!("{error:#}")).collect())
}
