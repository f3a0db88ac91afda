//! A path at which nothing is: a sentence that errors, facts and plans carry.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

/// Something that should be there and is not; shown as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// What was looked for.
    pub path: PathBuf,
    /// A link is there, and this is where it leads.
    pub leads_to: Option<PathBuf>,
}

impl Serialize for Lacking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.path.serialize(serializer)
    }
}

impl From<PathBuf> for Lacking {
    fn from(path: PathBuf) -> Self {
        Self { path, leads_to: None }
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.leads_to {
            None => write!(f, "there is no `{path}`"),
            Some(target) => write!(f, "`{path}` leads to `{}`, which is not there", target.display()),
        }
    }
}
