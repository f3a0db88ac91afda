//! Every directive of `dkms.conf`: one row each.
//!
//! The parser, the checks, the manual page and the lints read this table; nothing else in the project lists directive
//! names. The rows stand in the order in which values are handed over ([`crate::transfer`]), because a value may
//! mention directives handed over before it.

use serde::{Deserialize, Serialize};

/// The name of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each variant is described by its row in TABLE")]
pub enum Directive {
    PackageName,
    PackageVersion,
    PostAdd,
    PostBuild,
    PostInstall,
    PostRemove,
    PreBuild,
    PreInstall,
    BuildDepends,
    BuildExclusiveArch,
    BuildExclusiveConfig,
    BuildExclusiveKernel,
    BuildExclusiveKernelMax,
    BuildExclusiveKernelMin,
    Make,
    MakeMatch,
    Patch,
    PatchMatch,
    BuiltModuleName,
    BuiltModuleLocation,
    DestModuleName,
    DestModuleLocation,
    Strip,
    Autoinstall,
    NoWeakModules,
    ObsoleteBy,
    BuildDependsRebuild,
    Clean,
    RemakeInitrd,
    ModulesConf,
    ModulesConfObsoletes,
    ModulesConfAliasType,
    ModulesConfObsoleteOnly,
}

/// What sort of value a directive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Scalar,
    /// One value per index; a value without index is index 0.
    Array,
    /// `yes`, `no` or empty.
    YesNo,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The directive.
    pub directive: Directive,
    /// Its name as written in a file.
    pub name: &'static str,
    /// What sort of value it holds.
    pub kind: Kind,
    /// Accepted without effect, or about to lose it.
    pub deprecated: Option<&'static str>,
    /// The first version of the original dkms with this meaning, where it is younger than 2.0.
    pub since: Option<&'static str>,
    /// What it means, for the manual page.
    pub doc: &'static str,
}

impl Directive {
    /// The row of this directive.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The name as written in a file.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The directive called `name`, exactly.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.directive)
    }

    /// All directives, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.directive)
    }
}

impl std::fmt::Display for Directive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

const fn row(directive: Directive, name: &'static str, kind: Kind, doc: &'static str) -> Row {
    Row { directive, name, kind, deprecated: None, since: None, doc }
}

const fn since(version: &'static str, mut row: Row) -> Row {
    row.since = Some(version);
    row
}

const fn deprecated(advice: &'static str, mut row: Row) -> Row {
    row.deprecated = Some(advice);
    row
}

use Directive as D;
use Kind::{Array, Scalar, YesNo};

/// Without effect: the advice is the same for all of these.
const IGNORED: &str = "it has no effect any more and can be removed";

/// The table of all directives.
pub static TABLE: [Row; 33] = [
    row(D::PackageName, "PACKAGE_NAME", Scalar, "Name of the package of modules. Required."),
    row(D::PackageVersion, "PACKAGE_VERSION", Scalar, "Version of the package. Required."),
    row(
        D::PostAdd,
        "POST_ADD",
        Scalar,
        "Script, relative to the source directory, run after `dkms add`. Words after the first are its arguments.",
    ),
    row(
        D::PostBuild,
        "POST_BUILD",
        Scalar,
        "Script, relative to the build directory, run after a successful build. Its failure fails the build.",
    ),
    row(
        D::PostInstall,
        "POST_INSTALL",
        Scalar,
        "Script, relative to the source directory, run after the modules were installed. Its exit status is ignored.",
    ),
    row(
        D::PostRemove,
        "POST_REMOVE",
        Scalar,
        "Script, relative to the source directory, run after the modules were removed. Its exit status is ignored.",
    ),
    row(
        D::PreBuild,
        "PRE_BUILD",
        Scalar,
        "Script, relative to the build directory, run before make. Its failure fails the build.",
    ),
    row(
        D::PreInstall,
        "PRE_INSTALL",
        Scalar,
        "Script, relative to the source directory, run before anything is installed. Its failure stops the installation unless forced.",
    ),
    row(
        D::BuildDepends,
        "BUILD_DEPENDS",
        Array,
        "Names of other dkms packages that must be built for the same kernel first, separated by blanks or by index.",
    ),
    row(
        D::BuildExclusiveArch,
        "BUILD_EXCLUSIVE_ARCH",
        Array,
        "Extended regular expression that the architecture must match. Index 0 applies to the whole package, a higher index to that module.",
    ),
    row(
        D::BuildExclusiveConfig,
        "BUILD_EXCLUSIVE_CONFIG",
        Array,
        "Kernel options, separated by blanks, that must be built in or modular; with `!` before the name the option must be off. Index 0 applies to the whole package, a higher index to that module. Not tested where the kernel has no configuration file.",
    ),
    row(
        D::BuildExclusiveKernel,
        "BUILD_EXCLUSIVE_KERNEL",
        Array,
        "Extended regular expression that the kernel release must match. Index 0 applies to the whole package, a higher index to that module.",
    ),
    row(
        D::BuildExclusiveKernelMax,
        "BUILD_EXCLUSIVE_KERNEL_MAX",
        Array,
        "Highest kernel release to build for. `6.12` does not admit 6.12.1. Index 0 applies to the whole package, a higher index to that module.",
    ),
    row(
        D::BuildExclusiveKernelMin,
        "BUILD_EXCLUSIVE_KERNEL_MIN",
        Array,
        "Lowest kernel release to build for. Index 0 applies to the whole package, a higher index to that module.",
    ),
    row(
        D::Make,
        "MAKE",
        Array,
        "Shell command that builds the modules, run in the build directory. Index 0 is used unless MAKE_MATCH chooses another one. If it begins with the word `make`, `KERNELRELEASE` is passed to it. Without it, the kernel's own build system is called on the build directory.",
    ),
    row(
        D::MakeMatch,
        "MAKE_MATCH",
        Array,
        "Extended regular expression: MAKE of the same index is used for kernels that match. The last match wins.",
    ),
    row(
        D::Patch,
        "PATCH",
        Array,
        "File in `patches/` of the source, applied with `patch -p1` before the build, in the order of the indices.",
    ),
    row(
        D::PatchMatch,
        "PATCH_MATCH",
        Array,
        "Extended regular expression: PATCH of the same index is applied only for kernels that match.",
    ),
    row(
        D::BuiltModuleName,
        "BUILT_MODULE_NAME",
        Array,
        "Name of a module as the build makes it, without `.ko`. For a package of one module PACKAGE_NAME is the default. A \
         directory may stand before it; then DEST_MODULE_NAME is needed.",
    ),
    row(
        D::BuiltModuleLocation,
        "BUILT_MODULE_LOCATION",
        Array,
        "Directory below the build directory in which the build leaves the module of the same index.",
    ),
    row(
        D::DestModuleName,
        "DEST_MODULE_NAME",
        Array,
        "Name under which the module of the same index is installed, without `.ko`. Default: its BUILT_MODULE_NAME.",
    ),
    row(
        D::DestModuleLocation,
        "DEST_MODULE_LOCATION",
        Array,
        "Directory below the kernel's module directory to install to; begins with `/kernel`, `/updates` or `/extra`. Required for every module; most distributions impose a directory of their own instead.",
    ),
    row(
        D::Strip,
        "STRIP",
        Array,
        "`no` keeps the debugging information of the module of the same index. An index without value takes that of index 0; the default is `yes`.",
    ),
    row(D::Autoinstall, "AUTOINSTALL", YesNo, "`yes`: build and install for every kernel that gets installed."),
    row(
        D::NoWeakModules,
        "NO_WEAK_MODULES",
        YesNo,
        "`yes`: do not offer the modules to other kernels of the same interface (Red Hat and SUSE).",
    ),
    deprecated(
        "use `BUILD_EXCLUSIVE_KERNEL_MAX` instead",
        row(D::ObsoleteBy, "OBSOLETE_BY", Scalar, "Kernel release from which on the kernel has the modules itself."),
    ),
    since(
        "3.1",
        row(
            D::BuildDependsRebuild,
            "BUILD_DEPENDS_REBUILD",
            YesNo,
            "`yes`: build this package again whenever one that it depends on was built again.",
        ),
    ),
    deprecated(IGNORED, row(D::Clean, "CLEAN", Scalar, "Ignored.")),
    deprecated(IGNORED, row(D::RemakeInitrd, "REMAKE_INITRD", Scalar, "Ignored.")),
    deprecated(IGNORED, row(D::ModulesConf, "MODULES_CONF", Array, "Ignored.")),
    deprecated(IGNORED, row(D::ModulesConfObsoletes, "MODULES_CONF_OBSOLETES", Array, "Ignored.")),
    deprecated(IGNORED, row(D::ModulesConfAliasType, "MODULES_CONF_ALIAS_TYPE", Array, "Ignored.")),
    deprecated(IGNORED, row(D::ModulesConfObsoleteOnly, "MODULES_CONF_OBSOLETE_ONLY", Array, "Ignored.")),
];

impl Row {
    /// Accepted, but without any effect.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.deprecated == Some(IGNORED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_the_place_of_their_directive() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.directive as usize, place);
            assert_eq!(Directive::from_name(row.name), Some(row.directive));
        }
    }

    #[test]
    fn the_serialised_name_is_the_written_name() {
        for row in &TABLE {
            let spelled: String = format!("{:?}", row.directive)
                .chars()
                .flat_map(|c| if c.is_uppercase() { vec!['_', c] } else { vec![c.to_ascii_uppercase()] })
                .collect();
            assert_eq!(spelled.trim_start_matches('_'), row.name);
        }
    }
}
