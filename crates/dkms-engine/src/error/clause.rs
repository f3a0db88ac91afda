//! An error as a clause about its module, where that and the kernel are named already.

use super::diagnosis::Diagnosis;
use super::{Error, span};

impl Error {
    /// The same as a clause about a module and a kernel that have been named already.
    pub fn clause(&self) -> String {
        let failed = |what: &str, status: i32, diagnosis: &Diagnosis| match diagnosis.cause {
            Some(cause) => cause.to_string(),
            None => format!("its {what} failed with status {status}"),
        };
        match self {
            Error::MakeFailed { status, diagnosis, .. } => failed("build", *status, diagnosis),
            Error::ScriptFailed { directive, status, diagnosis, .. } => failed(directive, *status, diagnosis),
            Error::DependencyMissing { missing, .. } => {
                format!("it needs {} installed for that kernel first", missing.join(", "))
            }
            Error::InstallRefused { reasons, .. } => format!("nothing of it was installed: {}", reasons.join("; ")),
            Error::NotBuilt { object, .. } => format!("its build did not produce `{object}`"),
            Error::ObjectMissing { object, .. } => format!("its build has no `{object}`"),
            Error::ObjectWrong { object, reason, .. } => format!("its `{object}` is unusable: {reason}"),
            Error::PatchFailed { patch, .. } => format!("its patch `{patch}` does not apply"),
            Error::PatchMissing { patch, reason, .. } => format!("its patch `{patch}` cannot be used: {reason}"),
            Error::PreInstallRefused { status, .. } => format!("its PRE_INSTALL refused with status {status}"),
            Error::SourceEmpty { path, .. } => format!("its source `{}` has nothing to build", path.display()),
            Error::SourceUncopied { cause, .. } => format!("its source cannot be copied: {cause}"),
            Error::TookTooLong { what, limit, .. } => {
                format!("its {what} took longer than {} and was stopped", span(*limit))
            }
            other => other.to_string(),
        }
    }
}
