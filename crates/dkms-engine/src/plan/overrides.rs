//! What an installation disregards, by a person's wish or by a list of the distribution.

use std::path::PathBuf;

use serde::Serialize;

use crate::facts::Facts;

/// Ends the word of a list that overrides the versions alone.
const VERSIONS_ONLY: &str = "_version-override";

/// What is disregarded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overrides {
    /// Everything is placed, whatever PRE_INSTALL, OBSOLETE_BY, other packages and the versions say.
    pub force: bool,
    /// Everything is placed, whatever the versions say.
    pub versions: bool,
    /// The lists that say so.
    pub lists: Vec<OverridingList>,
}

/// A list of the distribution that adds something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverridingList {
    /// Where it is.
    pub path: PathBuf,
    /// It overrides the versions, nothing else.
    pub versions_only: bool,
}

impl Overrides {
    /// What counts for a module.
    pub(super) fn of(facts: &Facts, name: &str) -> Self {
        let mut found = Self { force: facts.wishes.force, versions: facts.wishes.version_override, lists: Vec::new() };
        for list in &facts.force_lists {
            for word in &list.words {
                let versions_only = word.strip_suffix(VERSIONS_ONLY) == Some(name);
                let flag = if versions_only { &mut found.versions } else { &mut found.force };
                if (versions_only || word == name) && !*flag {
                    *flag = true;
                    found.lists.push(OverridingList { path: list.path.clone(), versions_only });
                }
            }
        }
        found
    }
}
