//! The report in words: the sentences that all front doors share.
//!
//! The plan settles what needs no step. For a person who named the module, missing headers are an error; for an automatic
//! run some reasons are the normal course of things. Both readings are here.

use super::Entry;
use crate::error::Error;
use crate::layout::Layout;
use crate::plan::{Rule, Settled, SkipReason, Yielded};
use crate::target::Target;

/// With this status a script says that the module is not meant for the kernel.
const NOT_MEANT: i32 = 77;

/// A sentence and the next thing to type, as standard error shows them.
pub fn shown(sentence: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!("\nhint: {hint}\n")).unwrap_or_default();
    format!("error: {sentence}\n{hint}")
}

/// The same for an error.
pub fn shown_error(error: &Error) -> String {
    shown(&error.to_string(), error.hint().as_deref())
}

/// `m/1 for 6.1 (x86_64)`, or `m/1` for what concerns the module version as a whole.
pub fn subject(entry: &Entry) -> String {
    match &entry.kernel {
        Some(kernel) => Target::new(entry.module.clone(), kernel.clone()).to_string(),
        None => entry.module.to_string(),
    }
}

/// The reason as a fragment that fits after "nothing to do for m/1 on 6.1 (x86_64): ".
pub fn reason(why: &SkipReason) -> String {
    match why {
        SkipReason::AlreadyBuilt => "it is built already".into(),
        SkipReason::AlreadyInstalled => "it is installed already".into(),
        SkipReason::BadConfiguration { missing: true, .. } => "its dkms.conf is missing".into(),
        SkipReason::BadConfiguration { problems, .. } => format!("its dkms.conf cannot be used: {problems}"),
        SkipReason::WeaklyLinked { from } => format!("it has weak links to the modules of {from}, which fit"),
        SkipReason::Broken => "its source is missing".into(),
        SkipReason::Conflict { objects } => conflict(objects),
        SkipReason::Cycle { modules } => format!("BUILD_DEPENDS is circular: {}", modules.join(" -> ")),
        SkipReason::Deferred { missing } => format!("it waits for {}, which is not registered", missing.join(", ")),
        SkipReason::DependencyMissing { missing } => {
            format!("it needs {}, which will not be installed", missing.join(", "))
        }
        SkipReason::Excluded { reason, .. } => format!("it is not meant for this kernel: {reason}"),
        SkipReason::FailedBefore { message, .. } => {
            format!("it failed before and nothing has changed since: {message}")
        }
        SkipReason::HeadersMissing { path, .. } => format!("the headers are missing: {path}"),
        SkipReason::Kept { successor } => format!("it stays until version {successor} is installed"),
        SkipReason::LinkedBy { kernels } => format!("it stays while weak links of {} point to it", kernels.join(", ")),
        SkipReason::NoSource => "only built objects were imported, and none for this kernel".into(),
        SkipReason::NotAdded => "it is not registered".into(),
        SkipReason::NotAutoinstalled => "its AUTOINSTALL is off".into(),
        SkipReason::NotBuilt => "it is not built".into(),
        SkipReason::NotInstalled => "it is not installed".into(),
        SkipReason::Provided { package } => format!("the package {package} provides it for this kernel"),
        SkipReason::OlderVersion => "a higher version is registered".into(),
    }
}

/// Who has the places of some objects, and why: `b/2 has the place of x and y, because it was installed later`.
fn conflict(objects: &[Yielded]) -> String {
    let mut owners: Vec<(&str, Rule, Vec<String>)> = Vec::new();
    for Yielded { object, to, by } in objects {
        match owners.iter_mut().find(|owner| owner.0 == to && owner.1 == *by) {
            Some(owner) => owner.2.push(format!("`{object}`")),
            None => owners.push((to, *by, vec![format!("`{object}`")])),
        }
    }
    let each = owners.into_iter().map(|(to, by, objects)| {
        let objects = objects.join(", ");
        format!("{to} provides {objects}, {}", rule(by))
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Names as far as they fit, at least one.
pub fn list(names: &[String], columns: usize) -> String {
    let more = |left: usize| format!(" and {left} more");
    let mut shown = String::new();
    for (at, name) in names.iter().enumerate() {
        let left = names.len() - at - 1;
        let room = if left == 0 { 0 } else { more(left).len() };
        if at > 0 && shown.len() + ", ".len() + name.len() + room > columns {
            return shown + &more(left + 1);
        }
        if at > 0 {
            shown.push_str(", ");
        }
        shown.push_str(name);
    }
    shown
}

/// Why one of two modules has a place.
fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::Asked => "because it is requested",
        Rule::Wanted => "because it is wanted",
        Rule::InstalledLater => "because it was installed by hand, or later",
        Rule::DependedOn => "because other modules depend on it",
        Rule::Version => "because its version is higher",
        Rule::Name => "because its name comes first",
    }
}

/// The error that the reason is for a person who asked for exactly this; `None` if there simply was nothing to do.
pub fn error_of(settled: &Settled, layout: &Layout) -> Option<Error> {
    let module = settled.module.clone();
    let target = || settled.kernel.clone().map(|kernel| Target::new(settled.module.clone(), kernel));
    let source = layout.source_link(&module);
    Some(match &settled.why {
        SkipReason::BadConfiguration { missing: true, .. } => Error::ConfMissing { path: source.join("dkms.conf") },
        SkipReason::BadConfiguration { problems, .. } => {
            Error::Conf { path: source.join("dkms.conf"), problems: problems.clone() }
        }
        SkipReason::Broken => Error::Broken { module, path: source },
        SkipReason::Cycle { modules } => Error::Cycle { modules: modules.clone() },
        SkipReason::Deferred { missing } | SkipReason::DependencyMissing { missing } => {
            Error::DependencyMissing { target: target()?, missing: missing.clone() }
        }
        SkipReason::Excluded { directive, value, .. } => {
            Error::Excluded { target: target()?, directive: directive.clone(), value: value.clone() }
        }
        SkipReason::HeadersMissing { path, package } => {
            Error::HeadersMissing { kernel: settled.kernel.clone()?, path: path.clone(), package: package.clone() }
        }
        SkipReason::Provided { .. } => Error::InstallRefused { target: target()?, reasons: vec![reason(&settled.why)] },
        SkipReason::NoSource => Error::SourceMissing { path: layout.source_tree(&module) },
        SkipReason::NotAdded => Error::NotAdded { module },
        SkipReason::AlreadyBuilt
        | SkipReason::AlreadyInstalled
        | SkipReason::WeaklyLinked { .. }
        | SkipReason::Conflict { .. }
        | SkipReason::FailedBefore { .. }
        | SkipReason::Kept { .. }
        | SkipReason::LinkedBy { .. }
        | SkipReason::NotAutoinstalled
        | SkipReason::NotBuilt
        | SkipReason::NotInstalled
        | SkipReason::OlderVersion => return None,
    })
}

/// Whether an automatic run that meets this reason has failed for the module: it ought to be there and will not be. A
/// script that ended with 77 said, as such scripts do, that the module is not meant for the kernel.
pub fn fails_automatic(why: &SkipReason) -> bool {
    match why {
        SkipReason::FailedBefore { status, .. } => *status != NOT_MEANT,
        _ => matches!(
            why,
            SkipReason::BadConfiguration { .. } | SkipReason::Cycle { .. } | SkipReason::DependencyMissing { .. }
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::target::ModuleId;

    use super::*;

    #[test]
    fn sentence_then_hint() {
        let error = Error::NotAdded { module: ModuleId::new("m", "1").unwrap() };
        assert_eq!(shown_error(&error), "error: `m/1` is not in the tree\n\nhint: dkms add m/1\n");
        assert_eq!(shown("it is", None), "error: it is\n");
    }
}
