//! What a module's configuration says, typed and checked: what building and installing works with.
//!
//! It is stored with the record of a build, so that showing the state of a module or finding that nothing is to be
//! done never evaluates a conf. How the values came about is [`crate::conf`]'s business, whether they are acceptable
//! that of [`crate::check`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::directive::Directive;
use crate::ere;

/// One module of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// File name of the built object, without `.ko`.
    pub built_name: String,
    /// Directory of the built object below the build directory: empty, or ending in `/`.
    pub built_location: String,
    /// File name to install it as, without `.ko`.
    pub dest_name: String,
    /// Directory to install it to, as the author wrote it; begins with `/kernel`, `/updates` or `/extra`.
    pub dest_location: String,
    /// Debugging information is removed.
    pub strip: bool,
}

/// A make command, and for which kernels it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeCommand {
    /// The shell command.
    pub command: String,
    /// Extended regular expression on the kernel release; empty for index 0 when it is the default.
    pub matching: String,
}

/// A patch, and for which kernels it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// File name below `patches/`.
    pub file: String,
    /// Extended regular expression on the kernel release; empty for all kernels.
    pub matching: String,
}

/// The scripts of a package: the first word is a path, the others are arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is a directive of the same name")]
pub struct Scripts {
    pub post_add: Option<String>,
    pub post_build: Option<String>,
    pub post_install: Option<String>,
    pub post_remove: Option<String>,
    pub pre_build: Option<String>,
    pub pre_install: Option<String>,
}

/// The configuration of a package of modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleConfig {
    /// PACKAGE_NAME.
    pub package_name: String,
    /// PACKAGE_VERSION.
    pub package_version: String,
    /// The modules, by index.
    pub records: Vec<Record>,
    /// MAKE and MAKE_MATCH by index, those without a command left out.
    pub make: BTreeMap<usize, MakeCommand>,
    /// PATCH and PATCH_MATCH in the order of the index.
    pub patches: Vec<Patch>,
    /// The six scripts.
    pub scripts: Scripts,
    /// Names of the packages that must be built first.
    pub build_depends: Vec<String>,
    /// Build again when a package of `build_depends` was.
    pub build_depends_rebuild: bool,
    /// BUILD_EXCLUSIVE_* by index; index 0 is for the whole package.
    pub exclusive: BTreeMap<usize, ExclusiveRules>,
    /// Kernel release from which on the kernel has the modules itself.
    pub obsolete_by: Option<String>,
    /// Build and install for every kernel.
    pub autoinstall: bool,
    /// Do not offer the modules to kernels of the same interface.
    pub no_weak_modules: bool,
    /// Directives of the command line, exported to make and scripts.
    pub exported: Vec<(Directive, String)>,
}

impl ModuleConfig {
    /// The make command for a kernel; `None` means the default command.
    ///
    /// Index 0 is the default unless it has a MAKE_MATCH of its own; of those that match, the last one wins.
    #[must_use]
    pub fn make_command_for(&self, kernel: &str) -> Option<&str> {
        let budget = Budget::new();
        let is_meant = |make: &&MakeCommand| !make.matching.is_empty() && is_match(&make.matching, kernel, &budget);
        let matching = self.make.values().rev().find(is_meant);
        let default = || self.make.get(&0).filter(|make| make.matching.is_empty());
        matching.or_else(default).map(|make| make.command.as_str())
    }

    /// The patches to apply for a kernel, in order.
    pub fn patches_for(&self, kernel: &str) -> impl Iterator<Item = &str> {
        let budget = Budget::new();
        self.patches
            .iter()
            .filter(move |patch| patch.matching.is_empty() || is_match(&patch.matching, kernel, &budget))
            .map(|patch| patch.file.as_str())
    }
}

/// An expression that is none matches nothing; the checks have warned about it.
fn is_match(expression: &str, text: &str, budget: &Budget) -> bool {
    ere::is_match_within(expression, text, budget).unwrap_or(false)
}

/// The rules of one index, by directive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusiveRules {
    /// Only the BUILD_EXCLUSIVE_* directives that have a value.
    pub values: BTreeMap<Directive, String>,
}

#[cfg(test)]
mod tests {
    use crate::check::{Strictness, tests::config};

    #[test]
    fn the_last_matching_make_wins() {
        let made = config(
            "PACKAGE_NAME=x\nPACKAGE_VERSION=1\nDEST_MODULE_LOCATION=/extra\nMAKE=make\nMAKE[1]=one\nMAKE_MATCH[1]=^6\n\
             MAKE[2]=two\nMAKE_MATCH[2]='^6\\.1'\nMAKE[3]=never",
            Strictness::Always,
        );
        assert_eq!(made.make_command_for("6.1.0"), Some("two"));
        assert_eq!(made.make_command_for("6.5.0"), Some("one"));
        assert_eq!(made.make_command_for("5.10.0"), Some("make"));
    }

    #[test]
    fn a_match_on_index_0_takes_the_default_away() {
        let made = config(
            "PACKAGE_NAME=x\nPACKAGE_VERSION=1\nDEST_MODULE_LOCATION=/extra\nMAKE=make\nMAKE_MATCH=^6",
            Strictness::Always,
        );
        assert_eq!(made.make_command_for("6.1.0"), Some("make"));
        assert_eq!(made.make_command_for("5.1.0"), None);
    }

    #[test]
    fn patches_keep_their_order_over_gaps() {
        let made = config(
            "PACKAGE_NAME=x\nPACKAGE_VERSION=1\nDEST_MODULE_LOCATION=/extra\nPATCH[7]=c\nPATCH[0]=a\nPATCH[3]=b\n\
             PATCH_MATCH[3]=^5",
            Strictness::Always,
        );
        assert_eq!(made.patches_for("6.1.0").collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(made.patches_for("5.1.0").collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
