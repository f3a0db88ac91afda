//! The caller's environment, read once by the front door and handed down as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::layout::DEFAULT_PATH;

/// Compiler variables that the caller's shell must not lend to a build: the kernel's own choice counts.
const NEVER_INHERITED: [&str; 5] = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS"];

/// Variables of the calling process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// From pairs, as `std::env::vars_os()` gives them.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { variables: variables.into_iter().collect() }
    }

    /// A variable's value, if it is set and is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// What a child inherits: everything but the compiler variables, and a `PATH` in any case.
    pub fn for_children(&self) -> BTreeMap<OsString, OsString> {
        let mut variables = self.variables.clone();
        for name in NEVER_INHERITED {
            variables.remove(OsStr::new(name));
        }
        variables.entry("PATH".into()).or_insert_with(|| DEFAULT_PATH.into());
        variables
    }

    /// Directories to look for programs in.
    pub fn search_path(&self) -> Vec<std::path::PathBuf> {
        let path = self.get("PATH").unwrap_or(DEFAULT_PATH);
        std::env::split_paths(path).filter(|directory| directory.is_absolute()).collect()
    }
}
