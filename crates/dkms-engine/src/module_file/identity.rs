//! What tells two modules of one name apart.

use std::path::Path;

use super::info::ModuleInfo;
use crate::system::root::Root;

/// What a module says of its version. A file that says nothing, or is no module, has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The version that its author wrote.
    pub version: Option<String>,
    /// The kernel build's checksum of its sources.
    pub srcversion: Option<String>,
}

impl Identity {
    /// Reads a module file.
    pub fn of(root: &Root, path: &Path) -> Self {
        let Ok(info) = ModuleInfo::read(root, path) else { return Self::default() };
        let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
        Self { version: text(info.version()), srcversion: text(info.srcversion()) }
    }
}
