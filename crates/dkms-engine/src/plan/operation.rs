//! Sorts of actions, for reports of what became of one.

use std::fmt;

/// What an [`super::Action`] does; shown as the word that a person would type or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Builds.
    Build,
    /// Installs what is built.
    Install,
    /// Makes weak links to what is installed for another kernel.
    Link,
    /// Takes an installation away.
    Uninstall,
    /// Takes weak links away.
    Unlink,
    /// Forgets a build.
    Unbuild,
    /// Ends a registration.
    Deregister,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Build => "build",
            Operation::Install => "install",
            Operation::Link => "link",
            Operation::Unlink => "unlink",
            Operation::Uninstall => "uninstall",
            Operation::Unbuild => "unbuild",
            Operation::Deregister => "remove",
        })
    }
}
