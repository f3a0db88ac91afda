//! Exit statuses: the only file that knows numbers.
//!
//! The numbers are those of the original, because package scripts and administrators' tools test them. A failure is
//! found by looking through the chain of an [`anyhow::Error`] for one of our two kinds of error; what is neither is 1.

use std::process::ExitCode;

use dkms_engine::error::Error;
use dkms_engine::plan::Operation;
use dkms_engine::target::NameInvalid;

use crate::refusal::Refusal;
use crate::verb::Verb;

/// What the numbers mean, for the manual page.
pub static MEANINGS: [(&str, &str); 18] = [
    ("0", "Done, or there was nothing to do."),
    (
        "1",
        "Rights, a name or a version are missing; a path or a log is not there; the system refused something; verify: something will not work; mok status: a key is not trusted.",
    ),
    (
        "2",
        "The command line cannot be understood; there is no source tree; there is no tarball; verify, mok status: something cannot be told.",
    ),
    ("3", "The module version is registered already, or is not registered; the archive is none of dkms."),
    ("4", "Two verbs; not exactly one kernel; the source or its dkms.conf is gone; the distribution is unknown."),
    ("5", "The verb takes no `--all`; a patch cannot be used."),
    ("6", "A patch does not apply; there is no such kernel; nothing was installed; depmod failed."),
    ("7", "The build left no usable object, or an object that had to be signed could not be."),
    ("8", "dkms.conf or a name cannot be used; there is no source; options exclude each other."),
    ("9", "A directory or file holds no module, or cannot take an archive; rpm did not install a package."),
    ("10", "The make command failed."),
    ("11", "autoinstall and kernel_postinst: at least one module failed."),
    ("13", "A module in BUILD_DEPENDS is not installed for the kernel."),
    ("14", "kernel_preinst and kernel_prerm: at least one module failed."),
    ("16", "A kernel release or architecture is empty or impossible."),
    ("21", "The headers of the kernel are missing."),
    ("77", "The module says that it is not meant for the kernel."),
    ("101", "The PRE_INSTALL script refused."),
];

/// A command line that clap cannot make sense of.
pub const USAGE: u8 = 2;
/// Verify found something that will not work.
pub const WILL_NOT_WORK: u8 = 1;
/// Verify found something that cannot be told, and nothing that will not work.
pub const CANNOT_TELL: u8 = 2;
/// Autoinstall came to its end, and some module failed.
pub const AUTOINSTALL: u8 = 11;
/// A kernel hook came to its end, and some module failed.
pub const KERNEL_HOOK: u8 = 14;

/// The headers of the kernel are missing.
pub const HEADERS: u8 = 21;
/// The module is not meant for the kernel.
pub const EXCLUDED: u8 = 77;

/// A failure that has been reported already; only its number is left to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("exit status {0}")]
pub struct Reported(pub u8);

/// The status of a run.
pub fn code(result: &anyhow::Result<()>) -> ExitCode {
    ExitCode::from(result.as_ref().map_or_else(status, |()| 0))
}

/// The status that an error stands for.
pub fn status(error: &anyhow::Error) -> u8 {
    error
        .chain()
        .find_map(|cause| {
            let reported = cause.downcast_ref::<Reported>().map(|reported| reported.0);
            let refused = || cause.downcast_ref().map(of_refusal);
            reported.or_else(refused).or_else(|| cause.downcast_ref().map(of_error))
        })
        .unwrap_or(1)
}

fn of_refusal(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::ArchCount { .. }
        | Refusal::BadValue { .. }
        | Refusal::DirectoryWithoutConf { .. }
        | Refusal::LogUnreadable { .. }
        | Refusal::NeedsRoot { .. }
        | Refusal::NoLog { .. }
        | Refusal::NoModule { .. }
        | Refusal::NoName { .. }
        | Refusal::NoPreviousLog { .. }
        | Refusal::NoTemplate
        | Refusal::PathMissing { .. }
        | Refusal::PathNotTaken { .. }
        | Refusal::PathOutside { .. }
        | Refusal::Remote { .. }
        | Refusal::TreeReadOnly { .. } => 1,
        Refusal::ArchiveMissing { .. }
        | Refusal::KernelAndAll
        | Refusal::NoGoal { .. }
        | Refusal::NoVerb
        | Refusal::SameKernels { .. }
        | Refusal::VerbDropped { .. }
        | Refusal::VerbUnknown { .. } => 2,
        Refusal::ArchAndAll | Refusal::NotRegistered { .. } => 3,
        Refusal::OneKernel { .. } | Refusal::TwoVerbs { .. } => 4,
        Refusal::AllUnsupported { .. } | Refusal::KernelHookAndAll { .. } => 5,
        Refusal::BinariesAndSource => 8,
        Refusal::EmptyKernel => 16,
    }
}

/// The status of an engine error.
pub fn of_error(error: &Error) -> u8 {
    match error {
        Error::Io { .. }
        | Error::Keys { .. }
        | Error::Nested
        | Error::NotEnrolled { .. }
        | Error::Privilege { .. }
        | Error::State { .. }
        | Error::ToolFailed { .. } => 1,
        Error::ToolMissing { program } => of_missing_tool(program),
        Error::NoExec { cause, .. } => of_error(cause),
        Error::ArchiveMissing { .. } | Error::SourceMissing { .. } => 2,
        Error::AlreadyAdded { .. } | Error::ArchiveRefused { .. } | Error::NotAdded { .. } => 3,
        Error::Broken { .. } | Error::ConfMissing { .. } | Error::OsRelease => 4,
        Error::PatchMissing { .. } => 5,
        Error::ArchiveFailed { .. }
        | Error::BuildMissing { .. }
        | Error::Depmod { .. }
        | Error::Initramfs { .. }
        | Error::InstallRefused { .. }
        | Error::KernelMissing { .. }
        | Error::ObjectMissing { .. }
        | Error::ObjectUnfit { .. }
        | Error::PatchFailed { .. } => 6,
        Error::ArchiveWithoutConf { .. }
        | Error::ModuleUnreadable { .. }
        | Error::NotBuilt { .. }
        | Error::ObjectWrong { .. }
        | Error::Signing { .. } => 7,
        Error::NameInvalid(NameInvalid { what: "kernel release" | "architecture", .. }) => 16,
        Error::ArchiveKnown { .. }
        | Error::Conf { .. }
        | Error::DestinationInvalid { .. }
        | Error::NameInvalid(_)
        | Error::SourceEmpty { .. }
        | Error::SourceUncopied { .. } => 8,
        Error::ArchiveDirectory { .. } | Error::NoModuleSource { .. } | Error::RpmFailed { .. } => 9,
        Error::MakeFailed { .. } | Error::TookTooLong { .. } => 10,
        Error::Cycle { .. } | Error::DependencyMissing { .. } => 13,
        Error::HeadersMissing { .. } => HEADERS,
        Error::Excluded { .. } => EXCLUDED,
        Error::PreInstallRefused { .. } => 101,
        Error::DepmodDue { signal, .. } | Error::Interrupted { signal } => u8::try_from(128 + signal).unwrap_or(1),
        // A script's own status is the run's; one that says success cannot stand for a failure.
        Error::ScriptFailed { status, .. } => u8::try_from(*status).ok().filter(|status| *status != 0).unwrap_or(1),
    }
}

/// The status of a step that failed. Placing files has had a number of its own for whatever the system refuses.
pub fn of_step(operation: Operation, error: &Error) -> u8 {
    match error {
        Error::Io { .. } if operation == Operation::Install => 6,
        _ => of_error(error),
    }
}

/// A program that is missing fails the step that needs it.
fn of_missing_tool(program: &str) -> u8 {
    match program.rsplit('/').next().unwrap_or(program) {
        "patch" | "depmod" => 6,
        "make" | "gcc" | "cc" | "clang" | "ld" | "bash" => 10,
        _ => 1,
    }
}

/// One status for a run over several targets: that of the first failure, or the verb's own for "some failed".
pub fn of_many(verb: Verb, first: u8) -> u8 {
    match verb {
        Verb::Autoinstall | Verb::KernelPostinst => AUTOINSTALL,
        Verb::KernelPreinst | Verb::KernelPrerm => KERNEL_HOOK,
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use anyhow::Context;
    use dkms_engine::layout::Layout;
    use dkms_engine::plan::{Settled, SkipReason};
    use dkms_engine::report::words;
    use dkms_engine::target::{KernelId, ModuleId, Target};

    use super::*;

    #[test]
    fn engine_errors_have_the_numbers_of_the_original() {
        let module = || ModuleId::new("m", "1").unwrap();
        let kernel = || KernelId::new("6.1", "x86_64").unwrap();
        let target = || Target::new(module(), kernel());
        let path = PathBuf::new;
        let script = |status| Error::ScriptFailed {
            module: module(),
            directive: "PRE_BUILD",
            status,
            diagnosis: Box::default(),
            log: None,
        };
        let name = |what| Error::NameInvalid(NameInvalid { what, value: "".into(), reason: "" });
        for (error, expected) in [
            (Error::AlreadyAdded { module: module(), path: path() }, 3),
            (Error::ArchiveDirectory { path: path(), reason: String::new() }, 9),
            (Error::ArchiveFailed { path: path(), reason: String::new() }, 6),
            (Error::ArchiveKnown { module: module() }, 8),
            (Error::ArchiveMissing { path: path() }, 2),
            (Error::ArchiveRefused { path: path(), reason: String::new() }, 3),
            (Error::ArchiveWithoutConf { path: path() }, 7),
            (Error::Broken { module: module(), path: path() }, 4),
            (Error::BuildMissing { target: target() }, 6),
            (Error::NoModuleSource { path: path() }, 9),
            (Error::RpmFailed { path: path(), reason: String::new() }, 9),
            (Error::Conf { path: path(), problems: String::new() }, 8),
            (Error::ConfMissing { path: path() }, 4),
            (Error::DependencyMissing { target: target(), missing: vec![] }, 13),
            (Error::Depmod { kernel: String::new(), reason: String::new() }, 6),
            (Error::Excluded { target: target(), directive: String::new(), value: String::new() }, 77),
            (Error::HeadersMissing { kernel: kernel(), path: path().into(), package: None }, 21),
            (Error::InstallRefused { target: target(), reasons: vec![] }, 6),
            (Error::Interrupted { signal: 15 }, 143),
            (Error::Interrupted { signal: 2 }, 130),
            (Error::DepmodDue { kernel: "6.1".into(), signal: 15 }, 143),
            (Error::KernelMissing { kernel: kernel(), path: path() }, 6),
            (Error::OsRelease, 4),
            (Error::MakeFailed { target: target(), status: 2, diagnosis: Box::default(), log: path() }, 10),
            (Error::NotBuilt { target: target(), object: String::new(), log: path() }, 7),
            (Error::SourceUncopied { module: module(), cause: Box::new(Error::OsRelease) }, 8),
            (Error::Keys { path: path(), reason: String::new() }, 1),
            (name("module name"), 8),
            (name("kernel release"), 16),
            (Error::NotAdded { module: module() }, 3),
            (Error::PatchFailed { target: target(), patch: String::new(), log: path() }, 6),
            (Error::PatchMissing { target: target(), patch: String::new(), reason: "" }, 5),
            (Error::PreInstallRefused { target: target(), status: 1 }, 101),
            (Error::SourceMissing { path: path() }, 2),
            (Error::SourceEmpty { module: module(), path: path() }, 8),
            (script(9), 9),
            (script(77), 77),
            (script(0), 1),
            (script(-1), 1),
            (Error::ToolMissing { program: "/usr/bin/make".into() }, 10),
            (Error::ToolMissing { program: "openssl".into() }, 1),
        ] {
            assert_eq!(of_error(&error), expected, "{error}");
        }
    }

    #[test]
    fn refusals_have_the_numbers_of_the_original() {
        let verb = Verb::Build;
        for (refusal, expected) in [
            (Refusal::BinariesAndSource, 8),
            (Refusal::ArchCount { arches: 2, kernels: 1 }, 1),
            (Refusal::KernelAndAll, 2),
            (Refusal::ArchAndAll, 3),
            (Refusal::KernelHookAndAll { verb }, 5),
            (Refusal::OneKernel { verb, count: 2 }, 4),
            (Refusal::EmptyKernel, 16),
            (Refusal::AllUnsupported { verb }, 5),
            (Refusal::NoModule { verb }, 1),
            (Refusal::NeedsRoot { verb }, 1),
            (Refusal::NoVerb, 2),
            (Refusal::VerbUnknown { word: String::new() }, 2),
            (Refusal::TwoVerbs { first: verb, second: verb }, 4),
            (Refusal::NoTemplate, 1),
            (Refusal::SameKernels { kernel: String::new() }, 2),
            (Refusal::ArchiveMissing { path: PathBuf::new() }, 2),
            (Refusal::PathMissing { path: PathBuf::new() }, 1),
            (Refusal::Remote { address: String::new() }, 1),
        ] {
            assert_eq!(status(&refusal.clone().into()), expected, "{refusal}");
        }
    }

    #[test]
    fn what_a_person_asked_for_and_did_not_get_has_the_number_of_the_original() {
        let missing = vec!["x".to_owned()];
        let bad = |missing| SkipReason::BadConfiguration { problems: "p".into(), missing };
        for (why, expected, automatic) in [
            (SkipReason::AlreadyBuilt, None, false),
            (SkipReason::AlreadyInstalled, None, false),
            (bad(false), Some(8), true),
            (bad(true), Some(4), true),
            (SkipReason::Broken, Some(4), false),
            (SkipReason::Cycle { modules: missing.clone() }, Some(13), true),
            (SkipReason::Deferred { missing: missing.clone() }, Some(13), false),
            (SkipReason::DependencyMissing { missing: missing.clone() }, Some(13), true),
            (SkipReason::Excluded { reason: "r".into(), directive: "d".into(), value: "v".into() }, Some(77), false),
            (SkipReason::FailedBefore { message: "m".into(), status: 2, first_error: None, advice: None }, None, true),
            (
                SkipReason::FailedBefore { message: "m".into(), status: 77, first_error: None, advice: None },
                None,
                false,
            ),
            (SkipReason::HeadersMissing { path: PathBuf::from("/h").into(), package: None }, Some(21), false),
            (SkipReason::Kept { successor: "2".into() }, None, false),
            (SkipReason::NoSource, Some(2), false),
            (SkipReason::NotAdded, Some(3), false),
            (SkipReason::NotAutoinstalled, None, false),
            (SkipReason::NotBuilt, None, false),
            (SkipReason::NotInstalled, None, false),
            (SkipReason::OlderVersion, None, false),
        ] {
            assert!(!words::reason(&why).is_empty());
            assert_eq!(words::fails_automatic(&why), automatic, "{why:?}");
            let kernel = Some(KernelId::new("6.1", "x86_64").unwrap());
            let settled = Settled { module: ModuleId::new("m", "1").unwrap(), kernel, why };
            assert_eq!(
                words::error_of(&settled, &Layout::default()).as_ref().map(of_error),
                expected,
                "{:?}",
                settled.why
            );
        }
    }

    #[test]
    fn the_error_is_found_below_its_context() {
        let deep = Err::<(), _>(Error::Interrupted { signal: 1 }).context("a").context("b").unwrap_err();
        assert_eq!(status(&deep), 129);
        assert_eq!(status(&anyhow::anyhow!("something")), 1);
        assert_eq!(status(&Reported(11).into()), 11);
    }

    #[test]
    fn many_targets_end_with_one_number() {
        for (verb, expected) in [
            (Verb::Autoinstall, 11),
            (Verb::KernelPostinst, 11),
            (Verb::KernelPreinst, 14),
            (Verb::KernelPrerm, 14),
            (Verb::Build, 10),
            (Verb::Install, 10),
        ] {
            assert_eq!(of_many(verb, 10), expected);
        }
    }
}
