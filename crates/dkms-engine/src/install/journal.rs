//! What was begun and has not ended: an installation or its removal, as a file beside the build it is about.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::originals::Displaced;
use super::session::Session;
use super::takeover::Taken;
use crate::error::Error;
use crate::record::{self, PlacedFile, Refusal};
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

/// What an installation is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transaction {
    /// The format; a value of another one does not load.
    pub(super) format: record::Format,
    /// What is installed.
    pub(super) target: Target,
    /// `I/K`.
    pub(super) kernel_directory: PathBuf,
    /// Files to place; their content is that of the kept objects.
    pub(super) files: Vec<PlacedFile>,
    /// Files of an earlier installation that stay and belong to this one from now on.
    pub(super) kept: Vec<PlacedFile>,
    /// Objects that are not placed.
    pub(super) refused: Vec<Refusal>,
    /// Modules of others that give way.
    pub(super) displaced: Vec<Displaced>,
    /// What was installed before, of this version or another one.
    pub(super) previous: Option<Previous>,
    /// What other modules of ours lose.
    #[serde(default)]
    pub(super) taken: Vec<Taken>,
    /// A person's choice, for the manifest.
    #[serde(default)]
    pub(super) chosen: Option<u64>,
}

/// An earlier installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Previous {
    /// Its version.
    pub(super) version: String,
    /// Its files.
    pub(super) files: Vec<PlacedFile>,
}

/// What a removal is going to do; written down first, so that a run that is cut off can be finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// The format; a value of another one does not load.
    pub(super) format: record::Format,
    /// What is removed.
    pub(super) target: Target,
    /// `I/K`.
    pub(super) kernel_directory: PathBuf,
    /// Its files.
    pub(super) files: Vec<PlacedFile>,
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
    record::store(session.root(), &path(session, journal.target()), journal)
}

/// `None` if nothing is half done. A journal that is about another target (a tree that was copied) counts as none.
pub(super) fn load(session: &Session<'_>, target: &Target) -> Option<Journal> {
    record::load::<Journal>(session.root(), &path(session, target)).filter(|journal| journal.target() == target)
}

pub(super) fn clear(session: &Session<'_>, target: &Target) -> Result<(), Error> {
    session.root().remove_file(&path(session, target))
}

fn path(session: &Session<'_>, target: &Target) -> PathBuf {
    session.setup.layout.journal(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn stored_journals_stay_readable() {
        testing::stays_readable::<Journal>(include_str!("../../../../tests/fixtures/formats/installing-1.json"));
        testing::stays_readable::<Journal>(include_str!("../../../../tests/fixtures/formats/removing-1.json"));
    }
}
