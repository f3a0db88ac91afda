//! Gathers the facts that a plan is made of.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::examination::Examination;
pub use super::examination::Modules;
use super::force_lists;
use super::holding;
use super::kernel::Kernel;
use super::provided;
use super::retiring::retiring;
use super::tree::Tree;
use super::weak::candidates;
use super::{Facts, TargetFacts};
use crate::error::Error;
use crate::layout::NO_AUTOINSTALL;
use crate::setup::Setup;
use crate::target::KernelId;

/// What has to be known.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Kernels to look at.
    pub kernels: BTreeSet<KernelId>,
    /// Module versions to examine for these kernels.
    pub modules: Modules,
    /// A person wants it anew: a configuration that was named before counts only where a module has none of its own.
    pub afresh: bool,
}

/// How one kernel is looked at.
pub type Look = fn(&Setup, &KernelId) -> Result<Kernel, Error>;

/// What signs for a kernel, as an input of a build: which key that is follows from more than facts.
pub type Signer = fn(&Setup, &Kernel) -> String;

impl Facts {
    /// Looks.
    ///
    /// # Errors
    /// `Io` for what is there and cannot be read. What is wrong with one module is a fact about it, not an error.
    pub fn gather(setup: &Setup, scope: &Scope, signer: Signer) -> Result<Self, Error> {
        Self::about(setup, scope, Kernel::gather, signer)
    }

    /// The same for kernels that the caller looks at in a way of his own, or makes up.
    ///
    /// # Errors
    /// As [`Facts::gather`].
    pub fn about(setup: &Setup, scope: &Scope, look: Look, signer: Signer) -> Result<Self, Error> {
        let tree = Tree::gather(setup)?;
        let no_autoinstall = setup.root.exists(Path::new(NO_AUTOINSTALL));
        let wishes = holding::wishes(setup, &tree);
        let force_lists = force_lists::gather(&setup.root)?;
        let mut facts = Facts { no_autoinstall, retiring: retiring(setup)?, wishes, force_lists, ..Facts::default() };
        for module in &tree.modules {
            facts.modules.insert(module.id.clone(), module.registration);
        }
        for build in tree.builds() {
            let state = TargetFacts { state: build.state, ..TargetFacts::default() };
            facts.targets.insert(build.target.clone(), state);
        }
        for kernel in &scope.kernels {
            facts.kernels.insert(kernel.clone(), Arc::new(look(setup, kernel)?));
        }
        let mut examination = Examination::new(setup, &tree, scope.afresh, signer)?;
        for kernel in facts.kernels.values().cloned().collect::<Vec<_>>() {
            examination.kernel(&mut facts, &kernel, &scope.modules)?;
        }
        holding::spread_choices(setup, &tree, &mut facts);
        provided::examine(setup, &tree, &mut facts)?;
        candidates::examine(setup, &tree, &mut facts)?;
        Ok(facts)
    }
}
