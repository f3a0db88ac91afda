//! A build that came to nothing, and what there is to know of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::first_error::{self, Seen};
use super::make_log::MakeLog;
use super::work::Work;
use super::{BuildOrder, config_log, newer_version};
use crate::error::Error;
use crate::error::diagnosis::{Cause, Diagnosis};
use crate::facts::kernel;
use crate::setup::Setup;
use crate::system::root::Root;
use crate::system::tool::End;
use crate::target::Target;

/// A build that came to nothing. The work directory with the logs lives as long as this value.
#[derive(Debug)]
pub struct Failed {
    /// Why. Paths of logs in it are those where the log is to be kept ([`Failed::log`] is to be copied there).
    pub error: Error,
    /// The exit status of the step that failed; 0 if none did.
    pub status: i32,
    /// What the logs tell.
    pub diagnosis: Diagnosis,
    /// It says nothing about the module: disk or memory were at their end, something is not installed, it was killed.
    /// The same inputs may well build the next time.
    pub of_the_machine: bool,
    /// Wall time.
    pub duration: Duration,
    /// The log, in-root, as long as this value lives; `None` if it did not come to one.
    pub log: Option<PathBuf>,
    /// autoconf's log, likewise.
    pub config_log: Option<PathBuf>,
    work: Option<Work>,
}

/// Where autoconf's log of a failed build is kept.
pub(crate) fn kept_config_log(setup: &Setup, target: &Target) -> PathBuf {
    setup.layout.failed(target).join(config_log::NAME)
}

impl Failed {
    /// What the build itself changed in its source.
    pub(crate) fn own_changes(&self) -> Vec<(String, crate::fingerprint::Part)> {
        self.work.as_ref().map(Work::own_changes).unwrap_or_default()
    }

    /// A build that was not even begun.
    pub(crate) fn before(error: Error) -> Self {
        Self::early(error, Instant::now())
    }

    pub(super) fn early(error: Error, started: Instant) -> Self {
        Self {
            error,
            status: 0,
            diagnosis: Diagnosis::default(),
            of_the_machine: true,
            duration: started.elapsed(),
            log: None,
            config_log: None,
            work: None,
        }
    }

    pub(crate) fn new(
        setup: &Setup,
        order: &BuildOrder,
        mut error: Error,
        started: Instant,
        log: &MakeLog,
        work: Work,
    ) -> Self {
        let duration = started.elapsed();
        let source = setup.layout.source_tree(&order.target.module);
        let find = |copy: PathBuf| config_log::find(&setup.root, &copy, &source);
        let config_log = find(work.build()).or_else(|| find(work.source()));
        let found = if error.is_of_a_log() {
            diagnose(setup, order, log.path(), config_log.as_deref())
        } else {
            Diagnosis::default()
        };
        let of_step = match &mut error {
            Error::NoExec { cause, .. } => cause,
            error => error,
        };
        let status = match of_step {
            Error::MakeFailed { status, diagnosis, .. } | Error::ScriptFailed { status, diagnosis, .. } => {
                **diagnosis = found.clone();
                *status
            }
            Error::PatchFailed { .. } => 1,
            Error::TookTooLong { limit, .. } => End::TimeLimit(*limit).status(),
            _ => 0,
        };
        Self {
            error,
            status,
            // A shell's word for "killed by a signal".
            of_the_machine: found.cause.is_some_and(Cause::is_of_the_machine) || status > 128,
            diagnosis: found,
            duration,
            log: Some(log.path().to_owned()),
            config_log,
            work: Some(work),
        }
    }
}

/// Reads the logs, and says what helps.
fn diagnose(setup: &Setup, order: &BuildOrder, log: &Path, config_log: Option<&Path>) -> Diagnosis {
    let (root, target) = (&setup.root, &order.target);
    let build = setup.layout.build(&target.module);
    let kernel = headers(root, &order.kernel.source_dir);
    let seen = Seen { build: &build.to_string_lossy(), kernel: &kernel };
    let mut found = root.open_file(log).map(|file| first_error::read(file, &seen)).unwrap_or_default();
    let mut advice: Vec<String> = advice(setup, order, found.cause).into_iter().collect();
    if let Some(path) = config_log {
        let said = config_log::end(root, path).ok().and_then(|log| config_log::complaint(&log));
        found.lines.extend(said.filter(|line| !found.lines.contains(line)));
        let kept = kept_config_log(setup, target);
        advice.push(format!("what configure tried is in {}", kept.display()));
    }
    found.advice = (!advice.is_empty()).then(|| advice.join("; "));
    found
}

/// The directories of a kernel's headers: as it is called, as it lies there, and where Debian has what its kernels share,
/// which the Makefile includes.
fn headers(root: &Root, source_dir: &Path) -> Vec<String> {
    let makefile = root.read_bounded(&source_dir.join("Makefile"), 4096).unwrap_or_default();
    let makefile = String::from_utf8_lossy(&makefile);
    let included = |line: &str| line.strip_prefix("include ")?.trim().strip_suffix("/Makefile").map(str::to_owned);
    let named = [Some(source_dir.to_owned()), root.canonical(source_dir)].into_iter().flatten();
    named.map(|path| path.to_string_lossy().into_owned()).chain(makefile.lines().filter_map(included)).collect()
}

/// What helps against a cause.
fn advice(setup: &Setup, order: &BuildOrder, cause: Option<Cause>) -> Option<String> {
    let cause = cause?;
    let kernel = &order.kernel;
    if cause.is_of_the_version() {
        return newer_version::advice(setup, &setup.layout.source_tree(&order.target.module));
    }
    match cause {
        Cause::Headers => {
            let package = kernel::headers_package(setup, &kernel.id, &kernel.directory)?;
            Some(format!("reinstall the package `{package}` and what it depends on"))
        }
        Cause::Compiler => {
            let text = kernel.config.text("CONFIG_CC_VERSION_TEXT").filter(|text| !text.is_empty())?;
            Some(format!("the kernel was built by `{text}`: install that compiler"))
        }
        Cause::Memory => Some("close other programs, or set parallel_jobs=1 in /etc/dkms/framework.conf".to_owned()),
        Cause::Disk => Some(format!("make room on the file system of `{}`", setup.layout.tree.display())),
        _ => None,
    }
}
