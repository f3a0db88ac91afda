//! `dkms remove`: unbuilds a module, and forgets it when nothing built is left.
//!
//! Without `-k` and `--all` it is about the running kernel alone, as package scripts expect; a person is told what stays.

use anyhow::Result;
use dkms_engine::facts::tree::Tree;
use dkms_engine::run::Writer;
use indicatif::MultiProgress;

use crate::goal;
use crate::session::Session;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let module = goal::module(session)?;
    super::achieve(session, progress, &mut Writer::default(), &goal::of(session, module.as_ref())?)?;
    let Some(module) = module else { return Ok(()) };
    let tree = Tree::gather_module(&session.setup, &module.name)?;
    let left: Vec<&str> = tree
        .builds()
        .filter(|build| build.target.module == module)
        .map(|build| build.target.kernel.release.as_str())
        .collect();
    if !left.is_empty() {
        let kernels = left.join(", ");
        session.output.line(&format!("{module} stays for {kernels}; `dkms remove {module} --all` removes it everywhere"))?;
    }
    Ok(())
}
