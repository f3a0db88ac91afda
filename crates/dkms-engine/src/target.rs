//! What is built for what: the names that everything else is keyed by.
//!
//! Names are checked once, here, so that no later stage can meet a module called `../x`. A name that passed is safe
//! as one path component and as one word of a shell command.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One version of one module package, shown as `name/version`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModuleId {
    /// Package name, as in the tree and on the command line.
    pub name: String,
    /// Package version.
    pub version: String,
}

impl ModuleId {
    /// Checks both names.
    ///
    /// # Errors
    /// `NameInvalid` for an empty name, one with a `/`, blanks or control characters, `.`, `..`, a leading dash or dot,
    /// or one that the layout of the tree reserves.
    pub fn new(name: &str, version: &str) -> Result<Self, NameInvalid> {
        check_component("module name", name)?;
        check_component("module version", version)?;
        if let Some(reserved) = reserved_version(version) {
            return Err(invalid("module version", version, reserved));
        }
        Ok(Self { name: name.to_owned(), version: version.to_owned() })
    }

    /// `name-version`, the directory name below the source tree.
    pub fn dashed(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

/// One kernel release on one architecture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KernelId {
    /// Release string as `uname -r` prints it: the directory name below the install tree.
    pub release: String,
    /// Machine name as `uname -m` prints it.
    pub arch: String,
}

impl KernelId {
    /// Checks both names.
    ///
    /// # Errors
    /// `NameInvalid`, as for [`ModuleId::new`].
    pub fn new(release: &str, arch: &str) -> Result<Self, NameInvalid> {
        check_component("kernel release", release)?;
        check_component("architecture", arch)?;
        Ok(Self { release: release.to_owned(), arch: arch.to_owned() })
    }
}

impl fmt::Display for KernelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.release, self.arch)
    }
}

/// One module version for one kernel: the unit of building.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The module version.
    pub module: ModuleId,
    /// The kernel.
    pub kernel: KernelId,
}

impl Target {
    /// Pairs a module with a kernel.
    pub fn new(module: ModuleId, kernel: KernelId) -> Self {
        Self { module, kernel }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.module, self.kernel)
    }
}

fn check_component(what: &'static str, value: &str) -> Result<(), NameInvalid> {
    match dkms_conf::file_name::objection(value) {
        Some(reason) => Err(invalid(what, value, reason)),
        None => Ok(()),
    }
}

/// Versions that share a directory with what the layout keeps there would be invisible to the original.
fn reserved_version(version: &str) -> Option<&'static str> {
    match version {
        "original_module" => Some("the tree keeps displaced modules under that name"),
        v if v.starts_with("kernel-") && v.matches('-').count() >= 2 => {
            Some("the tree keeps its `kernel-RELEASE-ARCH` links under such names")
        }
        _ => None,
    }
}

fn invalid(what: &'static str, value: &str, reason: &'static str) -> NameInvalid {
    NameInvalid { what, value: value.to_owned(), reason }
}

/// A name cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid {what}: {reason}", .value.escape_debug())]
pub struct NameInvalid {
    /// What it was to be.
    pub what: &'static str,
    /// The text.
    pub value: String,
    /// Why not.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_wild_pass() {
        for (name, version) in [
            ("nvidia-current", "550.163.01"),
            ("dpdk-kmods", "0~20220829+git"),
            ("tp_smapi", "0.43"),
            ("lime-forensics", "1.9.1-5"),
        ] {
            assert_eq!(ModuleId::new(name, version).unwrap().to_string(), format!("{name}/{version}"));
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        for name in ["", "..", ".x", "-f", "a/b", "a b", "a\nb", "a;b", "$(x)", "a\u{7f}"] {
            assert!(ModuleId::new(name, "1.0").is_err(), "{name:?}");
            assert!(ModuleId::new("x", name).is_err(), "{name:?}");
        }
        assert!(ModuleId::new("x", "kernel-1-2").is_err());
        assert!(ModuleId::new("x", "original_module").is_err());
    }
}
