//! Suite `vm`: a module that dkms built, signed and installed is loaded by the real kernel.

use anyhow::{Result, bail, ensure};

use super::parallel;
use super::{Request, Tally};
use crate::command::Cmd;
use crate::layer::{self, Kernels};
use crate::root::Root;
use crate::vm;

/// Fixture, version and module names that are loaded.
const LOADED: [(&str, &str, &str); 2] = [("basic", "1.0", "basic"), ("pair", "1.0", "right")];

/// Installs each fixture for both kernels and loads it in both.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let subject = request.subject(&layer::kernels(&kernels)?)?;
    let mut items = Vec::new();
    for (package, version, module) in LOADED {
        for release in [&kernels.older, &kernels.newer] {
            let name = format!("vm/{module}-{release}");
            if request.wants(&name) {
                items.push((name, package, version, module, release));
            }
        }
    }
    Ok(parallel::run(&items, |(name, package, version, module, release)| {
        let sit = || -> Result<Vec<String>> {
            let root = Root::over(&subject)?;
            let source = format!("{package}-{version}");
            let to = root.path(&format!("/usr/src/{source}"));
            Cmd::new("cp").args(["-r", &format!("tests/fixtures/{source}")]).arg(to).checked()?;
            root.must(&format!("dkms install {package}/{version} -k {release}"))?;
            check(&vm::load(&root, release, module)?, version)?;
            Ok(Vec::new())
        };
        (name.clone(), sit())
    }))
}

/// The machine has to have read back the version, and a signer.
pub(crate) fn check(loaded: &vm::Loaded, version: &str) -> Result<()> {
    ensure!(loaded.version == version, "the loaded module has version `{}`, not {version}", loaded.version);
    if loaded.signer.is_empty() {
        bail!("the loaded module has no signer");
    }
    Ok(())
}
