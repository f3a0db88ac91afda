//! What there is to say of an installation or removal, for all front doors: a sentence, and how much it matters.

use std::path::Path;

use super::{InstallEvent, LeftBecause};

/// Who gets to read a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// People who want to know everything.
    Detail,
    /// What goes on right now: of interest until the next thing begins.
    Step,
    /// People who started the run themselves.
    Progress,
    /// Everyone.
    Notice,
    /// A warning to people who started the run themselves.
    Caution,
    /// A warning to everyone.
    Warning,
}

/// The sentence for an event. Only `with_paths` it says where files are.
pub fn words(event: &InstallEvent, with_paths: bool) -> (Weight, String) {
    use InstallEvent as E;
    match event {
        E::Activated { target } => (Weight::Detail, format!("{target} is the active version")),
        E::Archived { from, to, package } => (Weight::Notice, archived(from, to, package.as_deref(), with_paths)),
        E::Deactivated { target } => (Weight::Detail, format!("{target} is not the active version any more")),
        E::DepmodBegins { release } => (Weight::Step, format!("running depmod for {release}")),
        E::DepmodEnded { release } => (Weight::Detail, format!("depmod for {release} is done")),
        E::DepmodLeftOut { release } => (Weight::Detail, format!("depmod for {release} is left to its package")),
        E::FitUnknown { target } => {
            let reason = "the kernel has no table of symbols (Module.symvers)";
            (Weight::Caution, format!("cannot check whether {target} fits: {reason}"))
        }
        E::Left { path, reason } => (Weight::Caution, format!("left `{}` in place: {}", path.display(), left(*reason))),
        E::ListForces { list, .. } => (Weight::Detail, format!("forced by `{}`", list.display())),
        E::Loading { aliases } => (Weight::Detail, format!("loading modules for {} devices", aliases.len())),
        E::Missing { path } => (Weight::Caution, format!("`{}` is gone already", path.display())),
        E::Placed { path, .. } => (Weight::Detail, format!("placed `{}`", path.display())),
        E::PostTransaction { command } => (Weight::Progress, format!("running post_transaction: {command}")),
        E::PostTransactionFailed { outcome, .. } => (Weight::Caution, format!("post_transaction failed: {outcome}")),
        E::Recovered { target, finished: true } => {
            (Weight::Warning, format!("finished an interrupted installation of {target}"))
        }
        E::Recovered { target, finished: false } => {
            (Weight::Warning, format!("undid an interrupted installation of {target}"))
        }
        E::Refused { name, reason } => (Weight::Warning, format!("`{name}` is not installed: {reason}")),
        E::Removed { path } => (Weight::Detail, format!("removed `{}`", path.display())),
        E::Restored { path } => (Weight::Notice, format!("restored `{}`", shown(path, with_paths))),
        E::ScriptBegins { module, directive } => (Weight::Progress, format!("running {directive} of {module}")),
        E::ScriptFailed { module, directive, status } => {
            (Weight::Warning, format!("{directive} of `{module}` failed with status {status}"))
        }
        E::ScriptSays { line } => (Weight::Notice, line.clone()),
        E::ScriptSkipped { directive, path, missing } => {
            let what = if *missing { "does not exist" } else { "is not executable" };
            (Weight::Caution, format!("skipped {directive}: `{}` {what}", path.display()))
        }
        E::TakenOver { object, from, to } => {
            (Weight::Notice, format!("`{object}` now comes from {to} instead of {from}"))
        }
        E::Unfit { object, reason } => {
            (Weight::Warning, format!("`{}` is installed by force: {reason}", shown(object, with_paths)))
        }
        E::WeakModulesFailed { reason } => (Weight::Warning, format!("weak-modules failed: {reason}")),
    }
}

/// A file that is not ours and gives way to ours, and whose it is.
fn archived(from: &Path, to: &Path, package: Option<&str>, with_paths: bool) -> String {
    let owner = package.map_or_else(
        || "which belongs to no package".to_owned(),
        |name| format!("which belongs to the package {name}"),
    );
    let place = if with_paths { format!(" as `{}`", to.display()) } else { String::new() };
    format!("replaced `{}`, {owner}, and kept it{place}", shown(from, with_paths))
}

fn shown(path: &Path, with_paths: bool) -> String {
    let name = path.file_name().filter(|_| !with_paths).map(Path::new).unwrap_or(path);
    name.display().to_string()
}

/// Why something stays where it is.
fn left(reason: LeftBecause) -> &'static str {
    match reason {
        LeftBecause::Changed => "it changed after its installation",
        LeftBecause::OriginInvalid => "the note beside it names a place outside its kernel",
        LeftBecause::OriginTaken => "its old place is taken",
        LeftBecause::OriginUnknown => "there is no note of where it came from",
        LeftBecause::Superseded => "the kernel has a newer one now",
        LeftBecause::Unknown => "dkms did not install it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_for_those_who_want_to_know() {
        let event = InstallEvent::Archived {
            from: "/lib/modules/6.1/extra/x.ko".into(),
            to: "/var/lib/dkms/x/original_module/x.ko".into(),
            package: Some("linux-image-6.1".into()),
        };
        let expected = "replaced `x.ko`, which belongs to the package linux-image-6.1, and kept it";
        assert_eq!(words(&event, false), (Weight::Notice, expected.to_owned()));
        let (_, all) = words(&event, true);
        assert!(all.contains("`/lib/modules/6.1/extra/x.ko`") && all.ends_with("/original_module/x.ko`"), "{all}");
    }
}
