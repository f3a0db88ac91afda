//! For which kernels a package, or one of its modules, is not meant: the BUILD_EXCLUSIVE_* directives.
//!
//! A value at index 0 applies to the whole package, so to every module and also to a package without modules; a module
//! has to satisfy its own index besides. The package as a whole is excluded by index 0, or when none of its modules is
//! left. The text of a rule is the reason that is shown: authors write rules such as `REQUIRES CONFIG_X` that are
//! meant never to match.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::directive::Directive;
use crate::ere;
use crate::module_config::{ExclusiveRules, ModuleConfig};
use crate::version;

/// Looks up the value of a `CONFIG_` option of a kernel.
pub type Options<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What has to be known of a kernel.
#[derive(Clone, Copy)]
pub struct Kernel<'a> {
    /// Its release.
    pub release: &'a str,
    /// Its architecture.
    pub arch: &'a str,
    /// The value of a `CONFIG_` option; `None` if the kernel has no configuration file.
    pub option: Option<Options<'a>>,
}

/// Why a kernel is excluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The directive that it does not satisfy.
    pub directive: Directive,
    /// Its index.
    pub index: usize,
    /// Its value, as the author wrote it.
    pub value: String,
    /// What the kernel has instead.
    pub found: String,
}

/// `BUILD_EXCLUSIVE_KERNEL_MIN="6.2"`, but the kernel is `6.1.0`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = if self.index == 0 { String::new() } else { format!("[{}]", self.index) };
        write!(f, "{}{index}=\"{}\", but {}", self.directive, self.value, self.found)
    }
}

/// The decision for one package and one kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Why the package as a whole is not built; `None` if it is.
    pub package: Option<Reason>,
    /// The same for each module, by index.
    pub records: Vec<Option<Reason>>,
}

impl Exclusion {
    /// Nothing of the package is built for this kernel.
    #[must_use]
    pub fn is_excluded(&self) -> bool {
        self.package.is_some()
    }

    /// The indices of the modules that are built.
    pub fn built(&self) -> impl Iterator<Item = usize> {
        self.records.iter().enumerate().filter(|(_, reason)| reason.is_none()).map(|(index, _)| index)
    }
}

impl ModuleConfig {
    /// Decides for one kernel.
    #[must_use]
    pub fn exclusion(&self, kernel: Kernel<'_>) -> Exclusion {
        let budget = &Budget::new();
        let first = self.exclusive.get(&0).and_then(|rules| rules.violation(0, kernel, budget));
        let whole = first.or_else(|| self.obsolete(kernel));
        let own = |index: usize| self.exclusive.get(&index).and_then(|rules| rules.violation(index, kernel, budget));
        let records: Vec<_> = (0..self.records.len()).map(|index| whole.clone().or_else(|| own(index))).collect();
        let none_left = !records.is_empty() && records.iter().all(Option::is_some);
        let package = whole.or_else(|| none_left.then(|| records[0].clone()).flatten());
        Exclusion { package, records }
    }

    /// OBSOLETE_BY is the highest kernel of the package if no index has a BUILD_EXCLUSIVE_KERNEL_MAX.
    fn obsolete(&self, kernel: Kernel<'_>) -> Option<Reason> {
        let limit = self.obsolete_by.as_deref()?;
        let has_max = |rules: &ExclusiveRules| rules.values.contains_key(&Directive::BuildExclusiveKernelMax);
        if self.exclusive.values().any(has_max) || version::compare(kernel.release, limit).is_le() {
            return None;
        }
        Some(reason(Directive::ObsoleteBy, 0, limit, format!("the kernel is `{}`", kernel.release)))
    }
}

impl ExclusiveRules {
    /// The first rule that the kernel does not satisfy.
    fn violation(&self, index: usize, kernel: Kernel<'_>, budget: &Budget) -> Option<Reason> {
        self.values.iter().find_map(|(directive, value)| {
            let found = violation(*directive, value, kernel, budget)?;
            Some(reason(*directive, index, value, found))
        })
    }
}

fn reason(directive: Directive, index: usize, value: &str, found: String) -> Reason {
    Reason { directive, index, value: value.to_owned(), found }
}

/// What the kernel has instead of what the rule wants. An expression that is none is satisfied by no kernel.
fn violation(directive: Directive, value: &str, kernel: Kernel<'_>, budget: &Budget) -> Option<String> {
    let matches = |text: &str| ere::is_match_within(value, text, budget).unwrap_or(false);
    let release = || format!("the kernel is `{}`", kernel.release);
    match directive {
        Directive::BuildExclusiveKernel => (!matches(kernel.release)).then(release),
        Directive::BuildExclusiveKernelMin => version::compare(kernel.release, value).is_lt().then(release),
        Directive::BuildExclusiveKernelMax => version::compare(kernel.release, value).is_gt().then(release),
        Directive::BuildExclusiveArch => {
            (!matches(kernel.arch)).then(|| format!("the architecture is `{}`", kernel.arch))
        }
        Directive::BuildExclusiveConfig => {
            let option = kernel.option?;
            value.split_ascii_whitespace().find_map(|wanted| {
                let (name, wanted_on) = wanted.strip_prefix('!').map_or((wanted, true), |name| (name, false));
                let is_on = matches!(option(name).as_deref(), Some("y" | "m"));
                let state = if is_on { "on" } else { "off" };
                (is_on != wanted_on).then(|| format!("the kernel has `{name}` {state}"))
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Strictness, tests::config};

    const HEAD: &str = "PACKAGE_NAME=x\nPACKAGE_VERSION=1\n";
    const TWO: &str = "BUILT_MODULE_NAME=(a b)\nDEST_MODULE_LOCATION=(/extra /extra)\n";

    fn decide(text: &str, release: &str) -> Exclusion {
        let option = |name: &str| match name {
            "CONFIG_PCI" => Some("y".to_owned()),
            "CONFIG_USB" => Some("m".to_owned()),
            _ => None,
        };
        let kernel = Kernel { release, arch: "x86_64", option: Some(&option) };
        config(&format!("{HEAD}{text}"), Strictness::Always).exclusion(kernel)
    }

    #[test]
    fn bounds_are_those_of_versions() {
        let text = format!("{TWO}BUILD_EXCLUSIVE_KERNEL_MIN=4.9.36\nBUILD_EXCLUSIVE_KERNEL_MAX=6.12");
        assert!(!decide(&text, "6.9.1").is_excluded());
        assert!(decide(&text, "4.9.35").is_excluded());
        assert_eq!(
            decide(&text, "6.12.96").package.unwrap().to_string(),
            "BUILD_EXCLUSIVE_KERNEL_MAX=\"6.12\", but the kernel is `6.12.96`"
        );
    }

    #[test]
    fn index_0_is_for_all_and_higher_ones_for_their_module() {
        let text = format!("{TWO}BUILD_EXCLUSIVE_KERNEL[0]=^6\nBUILD_EXCLUSIVE_KERNEL[1]=^6.1");
        assert_eq!(decide(&text, "6.1.0").built().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(decide(&text, "6.5.0").built().collect::<Vec<_>>(), [0]);
        assert!(!decide(&text, "6.5.0").is_excluded());
        assert!(decide(&text, "5.10.0").is_excluded());
    }

    #[test]
    fn a_package_without_modules_is_excluded_too() {
        assert!(decide("BUILD_EXCLUSIVE_ARCH=^arm", "6.1.0").is_excluded());
        assert!(!decide("BUILD_EXCLUSIVE_ARCH=^x86", "6.1.0").is_excluded());
    }

    #[test]
    fn options_are_tested_only_against_a_configuration() {
        let text = "BUILD_EXCLUSIVE_CONFIG='CONFIG_PCI CONFIG_USB !CONFIG_PREEMPT_RT'";
        assert!(!decide(text, "6.1.0").is_excluded());
        assert!(decide("BUILD_EXCLUSIVE_CONFIG='!CONFIG_PCI'", "6.1.0").is_excluded());
        let made = config(&format!("{HEAD}BUILD_EXCLUSIVE_CONFIG=CONFIG_NONE"), Strictness::Always);
        let kernel = Kernel { release: "6.1.0", arch: "x86_64", option: None };
        assert!(!made.exclusion(kernel).is_excluded());
    }

    /// A rule that is meant never to match: its text is the reason.
    #[test]
    fn edge_13_a_condition_in_disguise_is_shown() {
        let decision = decide("BUILD_EXCLUSIVE_KERNEL='REQUIRES CONFIG_USB_HID'", "6.1.0");
        assert!(decision.package.unwrap().to_string().contains("REQUIRES CONFIG_USB_HID"));
    }

    #[test]
    fn obsolete_by_is_a_maximum_unless_there_is_one() {
        assert!(decide("OBSOLETE_BY=6.0", "6.1.0").is_excluded());
        assert!(!decide("OBSOLETE_BY=6.0\nBUILD_EXCLUSIVE_KERNEL_MAX[1]=5", "6.1.0").is_excluded());
    }
}
