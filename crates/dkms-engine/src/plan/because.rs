//! Why a step is taken, as data: the sentence is made of it in one place.

use std::fmt;

use serde::Serialize;

use crate::fingerprint::Change;

/// The reason for a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Because {
    /// A person asked for exactly this.
    Asked,
    /// A person asked for it with `--force`.
    Forced,
    /// It is wanted and was never built for this kernel.
    NotBuilt,
    /// It is built, but not installed.
    NotInstalled,
    /// What is installed for another kernel has every symbol in the version of this one.
    Fits {
        /// Release of the other kernel.
        from: String,
    },
    /// What is installed for another kernel has not every symbol in the version of this one.
    Unfit {
        /// Release of the other kernel.
        from: String,
    },
    /// What weak links lead to goes.
    LeadsToGone {
        /// Release of the kernel that has it.
        from: String,
    },
    /// Files that were built or placed are gone or are not ours any more.
    FilesLost,
    /// An input of the build is not what it was.
    Changed {
        /// Which one.
        input: Change,
    },
    /// A module that it is built against is built anew in this run.
    DependencyRebuilt {
        /// Its name.
        name: String,
    },
    /// Another version of the module is to be active.
    Superseded {
        /// The version that was.
        version: String,
    },
    /// Another version came in its place.
    Replaced {
        /// The version that came.
        version: String,
    },
    /// Its package took its source away, and none came in its place.
    SourceGone,
    /// Its kernel goes away.
    KernelRemoved,
    /// An object of it has the place that another module's object of the same name had.
    TakesOver {
        /// Name of the object.
        object: String,
        /// `name/version` of the other module.
        from: String,
    },
    /// Another package provides it for the kernel, finished.
    Provided {
        /// The package.
        package: String,
    },
    /// It is part of depmod.
    PartOfDepmod,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::Asked => write!(f, "requested"),
            Because::Forced => write!(f, "requested with --force"),
            Because::NotBuilt => write!(f, "not built for this kernel yet"),
            Because::NotInstalled => write!(f, "built, not installed"),
            Because::Fits { from } => write!(f, "the modules of {from} fit"),
            Because::Unfit { from } => write!(f, "the modules of {from} do not fit"),
            Because::LeadsToGone { from } => write!(f, "the modules of {from} are being removed"),
            Because::FilesLost => write!(f, "its files are missing or changed"),
            Because::Changed { input } => write!(f, "{input}"),
            Because::DependencyRebuilt { name } => write!(f, "`{name}`, which it depends on, is rebuilt"),
            Because::Superseded { version } => write!(f, "version {version} is active"),
            Because::Replaced { version } => write!(f, "version {version} replaces it"),
            Because::SourceGone => write!(f, "its package was removed"),
            Because::KernelRemoved => write!(f, "its kernel is being removed"),
            Because::TakesOver { object, from } => write!(f, "`{object}` now comes from it instead of {from}"),
            Because::Provided { package } => write!(f, "{package} provides it"),
            Because::PartOfDepmod => write!(f, "part of depmod"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what();
        match self {
            Change::Dependency { .. } => write!(f, "{what}, which it depends on, changed"),
            _ => write!(f, "{what} changed"),
        }
    }
}

impl Change {
    /// The input by name.
    pub fn what(&self) -> String {
        match self {
            Change::Source => "its source".into(),
            Change::Config => "its configuration".into(),
            Change::Kernel { what } => format!("the kernel's {what}"),
            Change::Dependency { name } => format!("`{name}`"),
            Change::Signer => "the signing key".into(),
        }
    }
}
