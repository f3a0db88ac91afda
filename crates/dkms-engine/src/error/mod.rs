//! What can go wrong in the engine: one enum, facts in the fields, the sentence written once.
//!
//! The sentence fits after `error: `; [`Error::hint`] is the next thing to type. Exit statuses are not known here: the
//! program that talks to a person maps [`Error`] to a number.

mod clause;
pub mod diagnosis;
mod hint;
pub mod lacking;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::target::{KernelId, ModuleId, NameInvalid, Target};
use diagnosis::Diagnosis;
use lacking::Lacking;

/// Everything that stops a step.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The module version is registered already.
    #[error("`{module}` is already in the tree at `{path}`", path = .path.display())]
    AlreadyAdded {
        /// Which one.
        module: ModuleId,
        /// Its directory in the tree.
        path: PathBuf,
    },
    /// There is no directory that an archive could be written to.
    #[error("`{path}` cannot take an archive: {reason}", path = .path.display())]
    ArchiveDirectory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An archive could not be written.
    #[error("cannot write `{path}`: {reason}", path = .path.display())]
    ArchiveFailed {
        /// The archive.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The module version in an archive is registered already.
    #[error("`{module}` from the archive is already in the tree")]
    ArchiveKnown {
        /// Which one.
        module: ModuleId,
    },
    /// There is no archive.
    #[error("there is no archive `{path}`", path = .path.display())]
    ArchiveMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file is no archive of a module, or one that must not be unpacked.
    #[error("`{path}` is not unpacked: {reason}", path = .path.display())]
    ArchiveRefused {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An archive has builds and nothing that says what they are.
    #[error("`{path}` has builds, but no dkms.conf", path = .path.display())]
    ArchiveWithoutConf {
        /// The archive.
        path: PathBuf,
    },
    /// The registration's source directory or the link to it is gone.
    #[error("`{module}` is registered, but its source `{path}` is missing", path = .path.display())]
    Broken {
        /// Which one.
        module: ModuleId,
        /// Where the source should be.
        path: PathBuf,
    },
    /// There is no finished build to take.
    #[error("{target} is not built")]
    BuildMissing {
        /// What should be built.
        target: Target,
    },
    /// dkms.conf or an override of it cannot be used; the text holds the rendered diagnostics.
    #[error("{problems}")]
    Conf {
        /// The file.
        path: PathBuf,
        /// Diagnostics with line and caret, ready to show.
        problems: String,
    },
    /// There is no dkms.conf.
    #[error("there is no `{path}`", path = .path.display())]
    ConfMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Modules depend on each other in a circle.
    #[error("BUILD_DEPENDS is circular: {}", .modules.join(" -> "))]
    Cycle {
        /// The circle, first name repeated at the end.
        modules: Vec<String>,
    },
    /// A module in BUILD_DEPENDS is not installed for the kernel.
    #[error("{target} needs {} installed for that kernel first", .missing.join(", "))]
    DependencyMissing {
        /// What was to be built.
        target: Target,
        /// Names out of BUILD_DEPENDS.
        missing: Vec<String>,
    },
    /// A module's destination leads out of its kernel's directory.
    #[error("`{name}` cannot be placed at `{location}`: {reason}")]
    DestinationInvalid {
        /// DEST_MODULE_NAME.
        name: String,
        /// The destination.
        location: String,
        /// Why not, as a sentence.
        reason: String,
    },
    /// depmod did not succeed.
    #[error("depmod for {kernel} failed: {reason}")]
    Depmod {
        /// The kernel release.
        kernel: String,
        /// Status and last lines.
        reason: String,
    },
    /// A signal stopped us before depmod; what is in place stays.
    #[error("stopped by signal {signal}: modules are installed for {kernel}, but depmod has not run yet")]
    DepmodDue {
        /// The kernel release.
        kernel: String,
        /// The number of the signal.
        signal: i32,
    },
    /// The module's own conditions exclude the kernel.
    #[error("{target} is excluded by {directive}=\"{value}\"")]
    Excluded {
        /// What was to be built.
        target: Target,
        /// The directive, with index when it is not 0.
        directive: String,
        /// Its value, which often is a reason in words.
        value: String,
    },
    /// The kernel's headers are missing or incomplete.
    #[error("headers of kernel {kernel} are missing: {path}")]
    HeadersMissing {
        /// The kernel.
        kernel: KernelId,
        /// What was looked for.
        path: Lacking,
        /// Package that has them on this distribution, when known.
        package: Option<String>,
    },
    /// The initramfs of a kernel could not be made again.
    #[error("the initramfs of {kernel} is older than its modules: {reason}")]
    Initramfs {
        /// Release of the kernel.
        kernel: String,
        /// What the program said.
        reason: String,
        /// What makes it.
        command: String,
    },
    /// Not one object was placed.
    #[error("nothing of {target} was installed: {}", .reasons.join("; "))]
    InstallRefused {
        /// What was to be installed.
        target: Target,
        /// One reason per object.
        reasons: Vec<String>,
    },
    /// A signal asked us to stop.
    #[error("stopped by signal {signal}")]
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// The operating system refused something.
    #[error("cannot {verb} `{path}`: {source}", path = .path.display())]
    Io {
        /// What was tried: an infinitive.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The kernel has no module directory.
    #[error("kernel {kernel} has no module directory `{path}`", path = .path.display())]
    KernelMissing {
        /// The kernel.
        kernel: KernelId,
        /// Where it should be.
        path: PathBuf,
    },
    /// Key and certificate for signing are not both there, and cannot be made.
    #[error("{reason}")]
    Keys {
        /// The file that is at issue.
        path: PathBuf,
        /// Which half is missing, or why none can be made.
        reason: String,
    },
    /// make came back with a failure.
    #[error("building {target} failed{}", .diagnosis.after_failed(*.status))]
    MakeFailed {
        /// What was built.
        target: Target,
        /// Exit status of the command.
        status: i32,
        /// What the log tells.
        diagnosis: Box<Diagnosis>,
        /// The kept log.
        log: PathBuf,
    },
    /// A file that should be a kernel module is none.
    #[error("`{path}` is not a usable kernel module: {reason}", path = .path.display())]
    ModuleUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A name cannot be one.
    #[error(transparent)]
    NameInvalid(#[from] NameInvalid),
    /// A dkms call inside a build wants to change the tree that the build has locked.
    #[error("dkms was called from within a dkms build, which has locked the tree")]
    Nested,
    /// A directory or file is no source of a module.
    #[error("`{path}` has no dkms.conf", path = .path.display())]
    NoModuleSource {
        /// What was named.
        path: PathBuf,
    },
    /// shim was not asked to enrol a certificate.
    #[error("`{path}` was not enrolled: {reason}", path = .path.display())]
    NotEnrolled {
        /// The certificate.
        path: PathBuf,
        /// Why.
        reason: String,
        /// What to do about it.
        advice: Option<String>,
    },
    /// The module version is not registered.
    #[error("`{module}` is not in the tree")]
    NotAdded {
        /// Which one.
        module: ModuleId,
    },
    /// A needed object is not among the built ones.
    #[error("the build of {target} has no `{object}`")]
    ObjectMissing {
        /// What was to be installed.
        target: Target,
        /// Object name without suffix.
        object: String,
    },
    /// A kernel would not load an object that was built elsewhere.
    #[error("`{object}` of {target} does not fit this kernel: {reason}")]
    ObjectUnfit {
        /// What was to be installed.
        target: Target,
        /// File name.
        object: String,
        /// Why not, as a sentence.
        reason: String,
    },
    /// A built object is not what it should be.
    #[error("`{object}` of {target} is unusable: {reason}")]
    ObjectWrong {
        /// What was built.
        target: Target,
        /// Path below the build directory.
        object: String,
        /// What is wrong with it.
        reason: String,
        /// The kept log.
        log: PathBuf,
    },
    /// make was content, and yet an object is missing.
    #[error("the build of {target} did not produce `{object}`")]
    NotBuilt {
        /// What was built.
        target: Target,
        /// Path below the build directory.
        object: String,
        /// The kept log.
        log: PathBuf,
    },
    /// What is built cannot be executed where it is built.
    #[error("{cause}; the file system of `{path}` is mounted noexec, so no program can run there", path = .path.display())]
    NoExec {
        /// The directory.
        path: PathBuf,
        /// How it showed.
        cause: Box<Error>,
    },
    /// There is no os-release file, so it is not known which distribution's rules count.
    #[error("neither `{}` nor `{}` exists, so the distribution is unknown", crate::layout::OS_RELEASE[0], crate::layout::OS_RELEASE[1])]
    OsRelease,
    /// A patch does not apply.
    #[error("patch `{patch}` of {target} does not apply")]
    PatchFailed {
        /// What was to be built.
        target: Target,
        /// Name in PATCH.
        patch: String,
        /// The kept log.
        log: PathBuf,
    },
    /// A patch is named but not there, or not allowed to be where it is.
    #[error("patch `{patch}` of {target} cannot be used: {reason}")]
    PatchMissing {
        /// What was to be built.
        target: Target,
        /// Name in PATCH.
        patch: String,
        /// Why.
        reason: &'static str,
    },
    /// PRE_INSTALL said no.
    #[error("PRE_INSTALL of {target} refused with status {status}")]
    PreInstallRefused {
        /// What was to be installed.
        target: Target,
        /// The script's status.
        status: i32,
    },
    /// Rights are missing.
    #[error("{what} needs root")]
    Privilege {
        /// The action.
        what: String,
    },
    /// rpm did not install a package.
    #[error("`{path}` was not installed: {reason}", path = .path.display())]
    RpmFailed {
        /// The package.
        path: PathBuf,
        /// Status and last lines.
        reason: String,
    },
    /// A script of the module failed and its status counts.
    #[error("{directive} of `{module}` failed{}", .diagnosis.after_failed(*.status))]
    ScriptFailed {
        /// Whose script.
        module: ModuleId,
        /// Which one.
        directive: &'static str,
        /// Its status.
        status: i32,
        /// What the log tells, for scripts whose output is logged.
        diagnosis: Box<Diagnosis>,
        /// The kept log, for scripts whose output is logged.
        log: Option<PathBuf>,
    },
    /// Signing was required and did not work.
    #[error("`{object}` could not be signed: {reason}")]
    Signing {
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// The source tree holds nothing to build.
    #[error("the source of `{module}` at `{path}` has nothing to build", path = .path.display())]
    SourceEmpty {
        /// Which one.
        module: ModuleId,
        /// Its source directory.
        path: PathBuf,
    },
    /// The source tree is not there.
    #[error("there is no source tree `{path}`", path = .path.display())]
    SourceMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The source tree could not be copied whole.
    #[error("cannot copy the source of `{module}`: {cause}")]
    SourceUncopied {
        /// Which one.
        module: ModuleId,
        /// What went wrong.
        cause: Box<Error>,
    },
    /// A stored file of ours cannot be understood.
    #[error("`{path}` is damaged: {reason}", path = .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A step of a build or a script was ended by us, because it did not end by itself.
    #[error("{what} of `{module}` took longer than {} and was stopped", span(*.limit))]
    TookTooLong {
        /// `make`, `patch`, or the directive of a script.
        what: &'static str,
        /// Whose.
        module: ModuleId,
        /// How long it was allowed to run.
        limit: Duration,
        /// The kept log.
        log: PathBuf,
    },
    /// A program ended with a failure.
    #[error("`{command}` {outcome}{}", last_lines(.output))]
    ToolFailed {
        /// The command as typed.
        command: String,
        /// `ended with status 2`, `was killed by signal 9`, `took longer than 60 s`.
        outcome: String,
        /// Last lines that it printed.
        output: String,
    },
    /// A program is not installed.
    #[error("the program `{program}` is not installed")]
    ToolMissing {
        /// Its name.
        program: String,
    },
}

impl Error {
    /// For `map_err` on an I/O call: `Error::io("read", path)`.
    pub fn io(verb: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::Io { verb, path, source }
    }

    /// The same for calls of `rustix`.
    pub fn os(verb: &'static str, path: impl AsRef<Path>) -> impl FnOnce(rustix::io::Errno) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::Io { verb, path, source: source.into() }
    }

    /// Whether it lies in the module itself, so that trying again with the same inputs would end the same way. A full
    /// disk, a missing program or a signal says nothing about the module.
    pub fn is_of_the_module(&self) -> bool {
        match self {
            // 126 and 127 are the shell's words for a program that is not there.
            Error::MakeFailed { status, .. } | Error::ScriptFailed { status, .. } => !matches!(status, 126 | 127),
            Error::NotBuilt { .. }
            | Error::ObjectWrong { .. }
            | Error::PatchFailed { .. }
            | Error::PatchMissing { .. }
            | Error::SourceEmpty { .. }
            // It would hang the next time, too.
            | Error::TookTooLong { .. } => true,
            _ => false,
        }
    }

    /// Whether a build's log says more.
    pub(crate) fn is_of_a_log(&self) -> bool {
        matches!(
            self,
            Error::MakeFailed { .. }
                | Error::NotBuilt { .. }
                | Error::ObjectWrong { .. }
                | Error::PatchFailed { .. }
                | Error::ScriptFailed { .. }
        )
    }

    /// What a build's log tells, if that was looked at.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        match self {
            Error::MakeFailed { diagnosis, .. } | Error::ScriptFailed { diagnosis, .. } => Some(diagnosis),
            _ => None,
        }
    }
}

/// A length of time as one would say it.
pub(crate) fn span(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 3600 && seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} s", duration.as_secs_f32()),
    }
}

fn last_lines(output: &str) -> String {
    if output.trim().is_empty() { String::new() } else { format!(":\n{}", output.trim_end()) }
}
