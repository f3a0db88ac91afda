//! What was begun and has not ended: an installation or its removal, as a file beside the build it is about.

use serde::{Deserialize, Serialize};

use super::session::Session;
use super::transaction::Transaction;
use super::uninstall::Removal;
use crate::error::Error;
use crate::record;
use crate::target::Target;

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum Journal {
    /// An installation.
    Installing(Transaction),
    /// The removal of one.
    Removing(Removal),
}

impl Journal {
    fn target(&self) -> &Target {
        match self {
            Journal::Installing(transaction) => &transaction.target,
            Journal::Removing(removal) => &removal.target,
        }
    }
}

pub(super) fn store(session: &Session<'_>, journal: &Journal) -> Result<(), Error> {
    record::store(session.root(), &path(session, journal.target()), journal, session.guard)
}

/// `None` if nothing is half done. A journal that is about another target (a tree that was copied) counts as none.
pub(super) fn load(session: &Session<'_>, target: &Target) -> Option<Journal> {
    record::load::<Journal>(session.root(), &path(session, target)).filter(|journal| journal.target() == target)
}

pub(super) fn clear(session: &Session<'_>, target: &Target) -> Result<(), Error> {
    session.root().remove_file(&path(session, target))
}

fn path(session: &Session<'_>, target: &Target) -> std::path::PathBuf {
    session.setup.layout.journal(target)
}
