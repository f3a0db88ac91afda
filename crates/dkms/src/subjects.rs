//! The module versions that are told about, and those of them that there are logs of: of one name, in the version that is named
//! or in all that are known.

use std::collections::BTreeSet;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::attempts;
use dkms_engine::facts::tree::Tree;
use dkms_engine::target::{ModuleId, Target};

use crate::goal;
use crate::refusal::Refusal;
use crate::session::Session;

/// What a line of `log` or `explain` is about.
#[derive(Debug)]
pub(crate) struct Subjects {
    /// Module versions, none of them unknown.
    versions: BTreeSet<ModuleId>,
    /// Targets of the module, in whatever version, of which there are logs.
    pub(crate) logged: BTreeSet<Target>,
}

impl Subjects {
    /// Those that the line names.
    ///
    /// # Errors
    /// `NoName`, `NotRegistered`; `NotAdded`, `NameInvalid` and `Io` of the engine.
    pub(crate) fn of(session: &Session) -> Result<Self> {
        let arguments = &session.arguments;
        let name = arguments.name.clone().ok_or(Refusal::NoName { verb: arguments.verb })?;
        let named = arguments.version.as_ref();
        // A name alone is checked with a version that is none of its own.
        let module = ModuleId::new(&name, named.map_or("0", |version| version)).map_err(Error::from)?;
        let logged = attempts::logged(&session.setup, &name)?;
        let registered = Tree::gather_module(&session.setup, &name)?.modules.into_iter().map(|module| module.id);
        let mut versions: BTreeSet<ModuleId> =
            registered.chain(logged.iter().map(|target| target.module.clone())).collect();
        if named.is_some() {
            versions.retain(|version| *version == module);
        }
        match (versions.is_empty(), named) {
            (true, Some(_)) => Err(Error::NotAdded { module }.into()),
            (true, None) => Err(Refusal::NotRegistered { name }.into()),
            (false, _) => Ok(Self { versions, logged }),
        }
    }

    /// Each version for each kernel of the line.
    ///
    /// # Errors
    /// Those about kernels.
    pub(crate) fn targets(&self, session: &Session) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        for version in &self.versions {
            targets.extend(goal::targets(session, version)?);
        }
        Ok(targets)
    }
}
