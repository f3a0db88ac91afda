//! What registered modules have to say about a kernel that is not there yet.
//!
//! Nothing is known of the kernel but its release, so this is what follows from the release alone: the rules that authors
//! wrote into `dkms.conf`, and a build that failed for exactly this release. BUILD_EXCLUSIVE_CONFIG is left out, because
//! the kernel's configuration is not there yet. Which kernels are coming, and what follows from an objection, is the
//! business of the hook that knows the package manager.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::Error;
use crate::facts::gather::{Modules, Scope};
use crate::facts::kernel::Kernel;
use crate::facts::{Configuration, Facts, TargetFacts};
use crate::fingerprint::Change;
use crate::plan::{Goal, Settled, SkipReason, plan};
use crate::record::FailureRecord;
use crate::setup::Setup;
use crate::signer;
use crate::target::{KernelId, ModuleId, Target};

/// A module will not be there for a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which module version.
    pub module: ModuleId,
    /// The release of the kernel.
    pub release: String,
    /// How that is known.
    pub ground: Ground,
}

/// How it is known that a module will not be there for a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Its author says so.
    Declared {
        /// The directive, its value, and what the kernel has instead.
        reason: String,
    },
    /// It was tried, and neither its source nor its configuration is another one since.
    Failed {
        /// What went wrong.
        message: String,
        /// The first line of the compiler's that says so.
        first_error: Option<String>,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, release, ground } = self;
        match ground {
            Ground::Declared { reason } => write!(f, "{module} does not support kernel {release}: {reason}"),
            Ground::Failed { message, first_error } => {
                write!(f, "{module} did not build for kernel {release} and has not changed since: {message}")?;
                let unsaid = first_error.as_ref().filter(|line| !message.contains(line.as_str()));
                unsaid.map_or(Ok(()), |lines| write!(f, ": {}", lines.replace('\n', " ")))
            }
        }
    }
}

/// The objections of all modules that install themselves to a kernel of this release.
///
/// # Errors
/// `NameInvalid` if this is no release; `Io` for what is there and cannot be read. What is wrong with one module is no
/// objection of that module.
pub fn unsupported(setup: &Setup, release: &str) -> Result<Vec<Objection>, Error> {
    let kernel = KernelId::new(release, &setup.machine.arch)?;
    let kernels = BTreeSet::from([kernel.clone()]);
    let scope = Scope { kernels: kernels.clone(), modules: Modules::All, afresh: false };
    let facts = Facts::about(setup, &scope, |setup, id| Ok(Kernel::coming(setup, id)), signer::identity)?;
    let goal = Goal::Autoinstalled { kernels, force: false, only: None };
    let objection = |Settled { module, why, .. }: Settled| {
        let ground = match why {
            SkipReason::Excluded { reason, .. } => Ground::Declared { reason },
            // As far as it could come without a kernel.
            SkipReason::HeadersMissing { .. } => {
                let failure = failed(facts.targets.get(&Target::new(module.clone(), kernel.clone()))?)?;
                Ground::Failed { message: failure.message.clone(), first_error: failure.first_error.clone() }
            }
            _ => return None,
        };
        Some(Objection { module, release: release.to_owned(), ground })
    };
    Ok(plan(&facts, &goal).settled.into_iter().filter_map(objection).collect())
}

/// The last failure, if what can be known of the inputs before the kernel is there is still the same.
fn failed(known: &TargetFacts) -> Option<&FailureRecord> {
    let Configuration::Examined(examined) = &known.configuration else { return None };
    let difference = |failure: &&FailureRecord| failure.fingerprint.difference(&examined.fingerprint);
    known.failed.as_ref().filter(|failure| matches!(difference(failure), None | Some(Change::Kernel { .. })))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing;

    const CONF: &str = "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=m\nDEST_MODULE_LOCATION=/extra\n";

    /// A root in which `m/1` is registered with these lines besides the usual ones.
    fn registered(lines: &str) -> (tempfile::TempDir, Setup) {
        let (directory, setup) = testing::setup();
        testing::write(&setup, "/usr/src/m-1/dkms.conf", format!("{CONF}{lines}"));
        testing::write(&setup, "/usr/src/m-1/m.c", "int m;\n");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        (directory, setup)
    }

    fn objections(setup: &Setup, release: &str) -> Vec<String> {
        unsupported(setup, release).unwrap().iter().map(ToString::to_string).collect()
    }

    /// What a build that failed leaves.
    fn fail(setup: &Setup, release: &str) {
        let kernel = KernelId::new(release, "x86_64").unwrap();
        let target = Target::new(ModuleId::new("m", "1").unwrap(), kernel.clone());
        testing::write(setup, &format!("/lib/modules/{release}/build/include/config/auto.conf"), "CONFIG_A=y\n");
        let scope = Scope { kernels: BTreeSet::from([kernel]), modules: Modules::All, afresh: false };
        let facts = Facts::gather(setup, &scope, signer::identity).unwrap();
        let Configuration::Examined(examined) = &facts.targets[&target].configuration else { panic!("{facts:?}") };
        let record = FailureRecord {
            first_error: Some("m.c:1: error: no".into()),
            ..testing::failure_record(examined.fingerprint.clone(), examined.config.clone())
        };
        let path = setup.layout.failed(&target).join("record.json");
        testing::write(setup, path.to_str().unwrap(), serde_json::to_string(&record).unwrap());
        setup.root.writable().remove_tree(Path::new("/lib/modules")).unwrap();
    }

    #[test]
    fn what_authors_wrote() {
        for (lines, fitting, other, said) in [
            (
                "AUTOINSTALL=yes\nBUILD_EXCLUSIVE_KERNEL_MAX=6.12\n",
                "6.11.0-arch1-1",
                "6.13.0-arch1-1",
                "_KERNEL_MAX=\"6.12\"",
            ),
            (
                "AUTOINSTALL=yes\nBUILD_EXCLUSIVE_KERNEL_MIN=6.12\n",
                "6.13.0-arch1-1",
                "6.11.0-arch1-1",
                "_KERNEL_MIN=\"6.12\"",
            ),
            ("AUTOINSTALL=yes\nBUILD_EXCLUSIVE_KERNEL=-lts$\n", "6.12.5-1-lts", "6.13.0-arch1-1", "_KERNEL=\"-lts$\""),
            ("AUTOINSTALL=yes\nOBSOLETE_BY=6.12\n", "6.11.0-arch1-1", "6.13.0-arch1-1", "OBSOLETE_BY=\"6.12\""),
        ] {
            let (_directory, setup) = registered(lines);
            assert_eq!(objections(&setup, fitting), [""; 0], "{lines}");
            let [objection] = objections(&setup, other).try_into().unwrap();
            assert!(objection.starts_with(&format!("m/1 does not support kernel {other}: ")), "{objection}");
            assert!(objection.contains(said) && objection.contains(&format!("`{other}`")), "{objection}");
        }
        let (_directory, setup) = registered("AUTOINSTALL=yes\nBUILD_EXCLUSIVE_ARCH=^arm\n");
        assert!(objections(&setup, "6.13")[0].contains("BUILD_EXCLUSIVE_ARCH=\"^arm\""));
    }

    #[test]
    fn what_cannot_be_known_and_what_is_not_waited_for_is_no_objection() {
        let (_directory, setup) = registered("AUTOINSTALL=yes\nBUILD_EXCLUSIVE_CONFIG=CONFIG_NONE\n");
        assert_eq!(objections(&setup, "6.13"), [""; 0]);
        // Not even where a kernel of that release is there: it may be another one that comes.
        testing::write(&setup, "/lib/modules/6.13/build/include/config/auto.conf", "CONFIG_A=y\n");
        assert_eq!(objections(&setup, "6.13"), [""; 0]);
        let (_directory, setup) = registered("BUILD_EXCLUSIVE_KERNEL_MAX=6.12\n");
        assert_eq!(objections(&setup, "6.13"), [""; 0], "it does not install itself");
        let (_directory, setup) = registered("AUTOINSTALL=yes\nBUILD_EXCLUSIVE_KERNEL_MAX=6.12\n");
        testing::write(&setup, crate::layout::NO_AUTOINSTALL, "");
        assert_eq!(objections(&setup, "6.13"), [""; 0], "nothing is built automatically");
    }

    #[test]
    fn a_failure_counts_for_its_release_until_the_module_is_another() {
        let (_directory, setup) = registered("AUTOINSTALL=yes\n");
        assert_eq!(objections(&setup, "6.13"), [""; 0]);
        fail(&setup, "6.13");
        let said = "m/1 did not build for kernel 6.13 and has not changed since: make ended with 2: m.c:1: error: no";
        assert_eq!(objections(&setup, "6.13"), [said]);
        assert_eq!(objections(&setup, "6.14"), [""; 0]);
        testing::write(&setup, "/usr/src/m-1/m.c", "int m = 1;\n");
        assert_eq!(objections(&setup, "6.13"), [""; 0]);
    }

    #[test]
    fn what_is_no_release_is_an_error() {
        let (_directory, setup) = registered("AUTOINSTALL=yes\n");
        for release in ["", "..", "a/b", "a b\n", "-x"] {
            assert!(unsupported(&setup, release).is_err(), "{release:?}");
        }
    }
}
