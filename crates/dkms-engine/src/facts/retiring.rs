//! Module versions that wait for their successors.
//!
//! A package that is upgraded takes its old module away first. That is noted and carried out when the new one is
//! installed ([`crate::register::retire`]); until then the old one is neither built any more nor taken away.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::setup::Setup;
use crate::target::ModuleId;

/// All that are noted and still in the tree.
///
/// # Errors
/// `Io` if the notes cannot be listed.
pub fn retiring(setup: &Setup) -> Result<BTreeSet<ModuleId>, Error> {
    let (root, notes) = (&setup.root, setup.layout.retirements());
    let mut modules = BTreeSet::new();
    for (name, _) in root.list(&notes)? {
        for (version, _) in root.list(&notes.join(&name))? {
            let module = ModuleId::new(&name.to_string_lossy(), &version.to_string_lossy()).ok();
            modules.extend(module.filter(|module| root.is_dir(&setup.layout.version(module))));
        }
    }
    Ok(modules)
}
