//! From the report of a run to the end of the process: which of many failures decides the status.

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::plan::{Settled, SkipReason};
use dkms_engine::report::{Entry, Outcome, Report, words};
use dkms_engine::target::KernelId;

use crate::exit::{self, Reported};
use crate::session::Session;
use crate::verb::Verb;

/// Ends a verb: everything that failed has been reported by the watcher, only the number is left.
///
/// A person's verb ends with the failure of the first kernel, in the order in which the kernels were named. An automatic
/// run ends with its own number if anything failed.
///
/// # Errors
/// `Reported`.
pub(crate) fn of(session: &Session, report: &Report, kernels: &[KernelId]) -> Result<()> {
    match status(session, report, kernels) {
        0 => Ok(()),
        status => Err(Reported(status).into()),
    }
}

fn status(session: &Session, report: &Report, kernels: &[KernelId]) -> u8 {
    let is_stop = |error: &&Error| matches!(error, Error::DepmodDue { .. } | Error::Interrupted { .. });
    if let Some(interrupted) = report.errors().find(is_stop) {
        return exit::of_error(interrupted);
    }
    let verb = session.arguments.verb;
    let mut failures: Vec<(usize, u8)> = Vec::new();
    for entry in &report.entries {
        let position = kernels.iter().position(|kernel| entry.kernel.as_ref() == Some(kernel)).unwrap_or(kernels.len());
        if let Some(status) = entry_status(session, entry) {
            failures.push((position, status));
        }
    }
    failures.extend(report.troubles.iter().map(|error| (kernels.len(), exit::of_error(error))));
    // The first of the first kernel: the sort keeps the order of equal places.
    failures.sort_by_key(|(position, _)| *position);
    let first = failures.first().map_or(0, |(_, status)| *status);
    match verb {
        _ if first == 0 => 0,
        // Without headers nothing was tried at all.
        Verb::Autoinstall | Verb::KernelPostinst if failures.iter().all(|(_, status)| *status == exit::HEADERS) => {
            first
        }
        _ => exit::of_many(verb, first),
    }
}

/// What one entry alone would end the run with; `None` if it is no failure.
fn entry_status(session: &Session, entry: &Entry) -> Option<u8> {
    let automatic = is_automatic(session.arguments.verb);
    match &entry.outcome {
        Outcome::Done(_) => None,
        Outcome::Failed { operation, error, .. } => {
            let status = exit::of_step(*operation, error);
            (!automatic || status != exit::EXCLUDED).then_some(status)
        }
        // What it waited for has failed, and that is in the report as well.
        Outcome::NotTried { .. } => None,
        Outcome::Settled(why) => {
            let settled = Settled { module: entry.module.clone(), kernel: entry.kernel.clone(), why: why.clone() };
            let error = words::error_of(&settled, &session.setup.layout);
            match why {
                SkipReason::HeadersMissing { .. } => Some(exit::HEADERS),
                _ if automatic => words::fails_automatic(why).then_some(exit::AUTOINSTALL),
                _ => error.as_ref().map(exit::of_error),
            }
        }
    }
}

/// Verbs that take no modules by name.
pub(crate) fn is_automatic(verb: Verb) -> bool {
    verb == Verb::Autoinstall || verb.is_kernel_hook()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::path::Path;

    use dkms_engine::plan::{Because, Operation};
    use dkms_engine::system::cancel::Cancel;
    use dkms_engine::system::environment::Environment;
    use dkms_engine::system::root::Root;
    use dkms_engine::target::{ModuleId, Target};

    use super::*;
    use crate::arguments::{Arguments, Place};
    use crate::command_line::{Parsed, parse};

    fn session(line: &str, settings: &str) -> Session {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        for (path, text) in [("/etc/os-release", "ID=debian\n"), ("/etc/dkms/framework.conf", settings)] {
            root.writable().create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            root.writable().create_new(Path::new(path), 0o644).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let Parsed::Run(parsed) = parse(line.split(' ').map(OsString::from)) else { panic!("{line}") };
        let place = Place { root: &root, working: directory.path() };
        let arguments = Arguments::resolve(*parsed, place).unwrap();
        Session::new(arguments, place, Environment::default(), Cancel::default()).unwrap()
    }

    fn kernel(release: &str) -> KernelId {
        KernelId::new(release, "x86_64").unwrap()
    }

    fn module() -> ModuleId {
        ModuleId::new("m", "1").unwrap()
    }

    fn failed(release: &str, error: Error) -> Entry {
        let outcome = Outcome::Failed { operation: Operation::Build, because: Because::Asked, error };
        Entry { module: module(), kernel: Some(kernel(release)), outcome }
    }

    fn settled(release: &str, why: SkipReason) -> Entry {
        Entry { module: module(), kernel: Some(kernel(release)), outcome: Outcome::Settled(why) }
    }

    fn make_failed(release: &str) -> Entry {
        let target = Target::new(module(), kernel(release));
        failed(release, Error::MakeFailed { target, status: 2, diagnosis: Box::default(), log: "/l".into() })
    }

    fn not_tried(release: &str) -> Entry {
        let outcome = Outcome::NotTried { operation: Operation::Install, after: module() };
        Entry { module: module(), kernel: Some(kernel(release)), outcome }
    }

    fn headers(release: &str) -> Entry {
        settled(release, SkipReason::HeadersMissing { path: std::path::PathBuf::from("/h").into(), package: None })
    }

    fn excluded(release: &str) -> Entry {
        settled(release, SkipReason::Excluded { reason: "r".into(), directive: "d".into(), value: "v".into() })
    }

    fn failed_before(release: &str) -> Entry {
        settled(release, SkipReason::FailedBefore { message: "m".into(), status: 2, first_error: None, advice: None })
    }

    /// Status of a run over kernels a and b.
    fn concluded(line: &str, settings: &str, entries: Vec<Entry>, troubles: Vec<Error>) -> u8 {
        let report = Report { entries, troubles };
        let end = of(&session(line, settings), &report, &[kernel("a"), kernel("b")]);
        end.map_or_else(|error| exit::status(&error), |()| 0)
    }

    #[test]
    fn the_first_failure_of_the_first_kernel_named() {
        for (entries, expected) in [
            (vec![], 0),
            (vec![settled("a", SkipReason::AlreadyBuilt)], 0),
            (vec![make_failed("a"), not_tried("a")], 10),
            (vec![make_failed("b"), headers("a")], 21),
            (vec![headers("b"), make_failed("a")], 10),
            (vec![excluded("a")], 77),
            (vec![settled("a", SkipReason::NotInstalled)], 0),
            (vec![settled("a", SkipReason::DependencyMissing { missing: vec!["x".into()] })], 13),
            (vec![make_failed("b"), failed("a", Error::Interrupted { signal: 2 })], 130),
        ] {
            let shown = format!("{entries:?}");
            assert_eq!(concluded("install m/1", "", entries, vec![]), expected, "{shown}");
        }
        let depmod = || Error::Depmod { kernel: "a".into(), reason: "r".into() };
        assert_eq!(concluded("install m/1", "", vec![], vec![depmod()]), 6);
        assert_eq!(concluded("install m/1", "", vec![make_failed("a")], vec![depmod()]), 10);
    }

    #[test]
    fn automatic_runs_have_a_number_of_their_own() {
        for (entries, expected) in [
            (vec![settled("a", SkipReason::AlreadyInstalled)], 0),
            (vec![make_failed("a")], 11),
            (vec![failed_before("a")], 11),
            (vec![excluded("a")], 0),
            (vec![settled("a", SkipReason::Broken)], 0),
            (vec![settled("a", SkipReason::Deferred { missing: vec![] })], 0),
            (vec![settled("a", SkipReason::DependencyMissing { missing: vec![] })], 11),
            (vec![settled("a", SkipReason::BadConfiguration { problems: "p".into(), missing: false })], 11),
            (vec![headers("a")], 21),
            (vec![headers("a"), make_failed("a")], 11),
        ] {
            let shown = format!("{entries:?}");
            assert_eq!(concluded("autoinstall", "", entries, vec![]), expected, "{shown}");
        }
        assert_eq!(concluded("kernel_prerm -k a", "", vec![make_failed("a")], vec![]), 14);
        assert_eq!(concluded("kernel_postinst -k a", "", vec![make_failed("a")], vec![]), 11);
    }
}
