//! Why nothing was done about a module, in words, and when that is a failure.
//!
//! The plan settles what needs no step. For a person who named the module, missing headers are an error; for an automatic
//! run some reasons are the normal course of things. Both readings are here.

use crate::exit;
use dkms_engine::error::Error;
use dkms_engine::layout::Layout;
use dkms_engine::plan::{Settled, Why};
use dkms_engine::target::Target;

/// The reason as a fragment that fits after "nothing to do for m/1 on 6.1 (x86_64): ".
pub fn words(why: &Why) -> String {
    match why {
        Why::AlreadyBuilt => "it is built already".into(),
        Why::AlreadyInstalled => "it is installed already".into(),
        Why::BadConfiguration { missing: true, .. } => "its dkms.conf is missing".into(),
        Why::BadConfiguration { problems, .. } => format!("its dkms.conf cannot be used: {problems}"),
        Why::Broken => "its source is missing".into(),
        Why::Cycle { modules } => format!("BUILD_DEPENDS goes in a circle: {}", modules.join(" -> ")),
        Why::Deferred { missing } => format!("it waits for {}, which nobody has registered", missing.join(", ")),
        Why::DependencyMissing { missing } => format!("it needs {}, which will not be there", missing.join(", ")),
        Why::Excluded { reason, .. } => format!("it is not meant for this kernel: {reason}"),
        Why::FailedBefore { message, .. } => format!("it failed before and nothing has changed since: {message}"),
        Why::HeadersMissing { path, .. } => format!("the headers are missing: there is no `{}`", path.display()),
        Why::NoSource => "only built objects were imported, and none for this kernel".into(),
        Why::NotAdded => "it is not registered".into(),
        Why::NotAutoinstalled => "its AUTOINSTALL is off".into(),
        Why::NotBuilt => "it is not built".into(),
        Why::NotInstalled => "it is not installed".into(),
        Why::OlderVersion => "a higher version is registered".into(),
    }
}

/// The error that the reason is for a person who asked for exactly this; `None` if there simply was nothing to do.
pub fn error(settled: &Settled, layout: &Layout) -> Option<Error> {
    let module = settled.module.clone();
    let target = || settled.kernel.clone().map(|kernel| Target::new(settled.module.clone(), kernel));
    let source = layout.source_link(&module);
    Some(match &settled.why {
        Why::BadConfiguration { missing: true, .. } => Error::ConfMissing { path: source.join("dkms.conf") },
        Why::BadConfiguration { problems, .. } => {
            Error::Conf { path: source.join("dkms.conf"), problems: problems.clone() }
        }
        Why::Broken => Error::Broken { module, path: source },
        Why::Cycle { modules } => Error::Cycle { modules: modules.clone() },
        Why::Deferred { missing } | Why::DependencyMissing { missing } => {
            Error::DependencyMissing { target: target()?, missing: missing.clone() }
        }
        Why::Excluded { directive, value, .. } => {
            Error::Excluded { target: target()?, directive: directive.clone(), value: value.clone() }
        }
        Why::HeadersMissing { path, package } => {
            Error::HeadersMissing { kernel: settled.kernel.clone()?, path: path.clone(), package: package.clone() }
        }
        Why::NoSource => Error::SourceMissing { path: layout.source_tree(&module) },
        Why::NotAdded => Error::NotAdded { module },
        Why::AlreadyBuilt
        | Why::AlreadyInstalled
        | Why::FailedBefore { .. }
        | Why::NotAutoinstalled
        | Why::NotBuilt
        | Why::NotInstalled
        | Why::OlderVersion => return None,
    })
}

/// Whether an automatic run that meets this reason has failed for the module: it ought to be there and will not be. A
/// script that ended with 77 said, as such scripts do, that the module is not meant for the kernel.
pub fn fails_automatic(why: &Why) -> bool {
    match why {
        Why::FailedBefore { status, .. } => *status != i32::from(exit::EXCLUDED),
        _ => matches!(why, Why::BadConfiguration { .. } | Why::Cycle { .. } | Why::DependencyMissing { .. }),
    }
}

#[cfg(test)]
mod tests {
    use dkms_engine::target::{KernelId, ModuleId};

    use super::*;
    use crate::exit::of_error;

    #[test]
    fn what_a_person_asked_for_and_did_not_get_has_the_number_of_the_original() {
        let missing = vec!["x".to_owned()];
        let bad = |missing| Why::BadConfiguration { problems: "p".into(), missing };
        for (why, expected, automatic) in [
            (Why::AlreadyBuilt, None, false),
            (Why::AlreadyInstalled, None, false),
            (bad(false), Some(8), true),
            (bad(true), Some(4), true),
            (Why::Broken, Some(4), false),
            (Why::Cycle { modules: missing.clone() }, Some(13), true),
            (Why::Deferred { missing: missing.clone() }, Some(13), false),
            (Why::DependencyMissing { missing: missing.clone() }, Some(13), true),
            (Why::Excluded { reason: "r".into(), directive: "d".into(), value: "v".into() }, Some(77), false),
            (Why::FailedBefore { message: "m".into(), status: 2, first_error: None }, None, true),
            (Why::FailedBefore { message: "m".into(), status: 77, first_error: None }, None, false),
            (Why::HeadersMissing { path: "/h".into(), package: None }, Some(21), false),
            (Why::NoSource, Some(2), false),
            (Why::NotAdded, Some(3), false),
            (Why::NotAutoinstalled, None, false),
            (Why::NotBuilt, None, false),
            (Why::NotInstalled, None, false),
            (Why::OlderVersion, None, false),
        ] {
            assert!(!words(&why).is_empty());
            assert_eq!(fails_automatic(&why), automatic, "{why:?}");
            let kernel = Some(KernelId::new("6.1", "x86_64").unwrap());
            let settled = Settled { module: ModuleId::new("m", "1").unwrap(), kernel, why };
            assert_eq!(error(&settled, &Layout::default()).as_ref().map(of_error), expected, "{:?}", settled.why);
        }
    }
}
