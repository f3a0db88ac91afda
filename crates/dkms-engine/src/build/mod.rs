//! Building: from a source tree to verified objects in a private directory.
//!
//! [`build`] runs in a worker thread, in parallel with others. It writes only below the work directory that it makes, and
//! what it returns, good or bad, owns that directory. Steps: copy the source, lay the administrator's patches over it,
//! then in the place where builds believe to be ([`place`]): patches, PRE_BUILD, make; then look at every object
//! ([`verify`]). Signing and POST_BUILD, which wants to see the finished result, follow in [`crate::sign`].
//!
//! It knows neither why a build is wanted nor what becomes of the result, and publishes nothing.

mod command;
mod copy;
mod first_error;
mod make_log;
pub(crate) mod place;
pub(crate) mod steps;
mod surroundings;
#[cfg(test)]
pub(crate) mod testing;
mod verify;
mod work;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dkms_conf::module_config::ModuleConfig;

use crate::error::Error;
use crate::facts::compiler::Compiler;
use crate::facts::kernel::Kernel;
use crate::jobs::Jobs;
use crate::setup::Setup;
use crate::target::Target;
use crate::tool::Tool;
use make_log::MakeLog;
use place::Shown;
use steps::Steps;
pub(crate) use surroundings::Dependency;
pub(crate) use work::Work;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct BuildOrder {
    /// Which module for which kernel.
    pub target: Target,
    /// The kernel as found.
    pub kernel: Arc<Kernel>,
    /// The effective configuration.
    pub config: ModuleConfig,
    /// Which of its records are meant for the kernel, by index ([`dkms_conf::exclusion::Exclusion::built`]).
    pub records: Vec<usize>,
}

/// What happens meanwhile, for whoever watches. A step begins and ends in order; other builds have listeners of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEvent {
    /// All tokens are taken: it waits.
    Waiting,
    /// A patch, a script or make begins.
    StepBegun {
        /// What it is, as in the log: `Applying patch x`, `Building module(s)`.
        description: String,
        /// The command.
        command: String,
    },
    /// It ended.
    StepEnded {
        /// The exit status as a shell gives it.
        status: i32,
        /// Wall time.
        duration: Duration,
    },
    /// One object is being signed.
    Signing {
        /// Its path below the build directory.
        object: String,
    },
    /// Something is odd and does not stop the build.
    Warning(String),
}

/// One who watches a build.
pub type Listener<'a> = &'a (dyn Fn(BuildEvent) + Sync);

/// Verified objects in their work directory.
#[derive(Debug)]
pub struct Built {
    /// What was ordered.
    pub order: BuildOrder,
    /// The objects, in the order of the configuration's records.
    pub objects: Vec<BuiltObject>,
    /// Wall time so far.
    pub duration: Duration,
    /// Largest resident size of one of its processes in KiB, 0 if unknown.
    pub peak_kib: u64,
    pub(crate) compiler: Compiler,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) log: MakeLog,
    pub(crate) work: Work,
}

/// One built object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltObject {
    /// Index of its record in the configuration.
    pub record: usize,
    /// In-root path in the work directory.
    pub path: PathBuf,
}

/// A build that came to nothing. The work directory with the log lives as long as this value.
#[derive(Debug)]
pub struct Failed {
    /// Why. Paths of logs in it are those where the log is to be kept ([`Failed::log`] is to be copied there).
    pub error: Error,
    /// The exit status of the step that failed; 0 if none did.
    pub status: i32,
    /// First line a compiler complained in.
    pub first_error: Option<String>,
    /// Disk or memory were at their end, or somebody killed it: the same inputs may well build the next time.
    pub of_the_machine: bool,
    /// Wall time.
    pub duration: Duration,
    /// The log, in-root, as long as this value lives; `None` if it did not come to one.
    pub log: Option<PathBuf>,
    _work: Option<Work>,
}

/// Builds one target. Blocks: waits for a job token, and for its turn where builds cannot have mounts of their own.
///
/// # Errors
/// `Failed` with every way a build can fail; a cancelled run is one of them.
pub fn build(setup: &Setup, order: BuildOrder, jobs: &Jobs, listener: Listener<'_>) -> Result<Built, Box<Failed>> {
    let started = Instant::now();
    let begin = || {
        let work = Work::create(setup, &order.target.module)?;
        let log = MakeLog::begin(&setup.root, &work.log(), &order.target)?;
        Ok((work, log))
    };
    let (work, mut log) = begin().map_err(|error| Box::new(Failed::early(error, started)))?;
    match attempt(setup, &order, &work, &mut log, jobs, listener) {
        Ok(done) => Ok(Built {
            objects: done.objects,
            duration: started.elapsed(),
            peak_kib: done.peak_kib,
            compiler: done.compiler,
            dependencies: done.dependencies,
            environment: done.environment,
            log,
            work,
            order,
        }),
        Err(error) => Err(Box::new(Failed::new(setup, &order.target, error, started, &log, work))),
    }
}

struct Done {
    objects: Vec<BuiltObject>,
    peak_kib: u64,
    compiler: Compiler,
    dependencies: Vec<Dependency>,
    environment: BTreeMap<OsString, OsString>,
}

fn attempt(
    setup: &Setup,
    order: &BuildOrder,
    work: &Work,
    log: &mut MakeLog,
    jobs: &Jobs,
    listener: Listener<'_>,
) -> Result<Done, Error> {
    let module = &order.target.module;
    copy::source(setup, module, &work.build())?;
    let compiler = Compiler::gather(setup, &order.kernel);
    if let Some(name) = &compiler.missing {
        let text = format!("kernel {} was made with `{name}`, which is not installed", order.target.kernel.release);
        listener(BuildEvent::Warning(text));
    }
    // Without it a log with one line of the shell's would be all there is.
    if order.config.make_command_for(&order.target.kernel.release).is_none_or(|command| command.contains("make")) {
        Tool::new(setup, "make")?;
    }
    let dependencies = surroundings::dependencies(setup, &order.config, &order.target.kernel);
    let environment = surroundings::environment(setup, order, &compiler, &dependencies)?;
    let shown = Shown { from: work.build(), to: setup.layout.build(module) };
    let peak_kib = place::with(setup, jobs, module, &[shown], |place| {
        let _token = token(setup, jobs, listener)?;
        let mut steps = Steps::new(setup, order, place, &environment, log, listener);
        steps.build(jobs, &compiler)?;
        Ok(steps.peak_kib())
    })?;
    let objects = verify::objects(setup, order, &work.build(), listener)?;
    Ok(Done { objects, peak_kib, compiler, dependencies, environment })
}

/// A token, and a word to the listener if there is none at once.
pub(crate) fn token<'a>(
    setup: &Setup,
    jobs: &'a Jobs,
    listener: Listener<'_>,
) -> Result<crate::jobs::Token<'a>, Error> {
    jobs.token(&setup.cancel, &mut || listener(BuildEvent::Waiting))
}

/// Where the log of a failed build is kept.
pub fn kept_log(setup: &Setup, target: &Target) -> PathBuf {
    setup.layout.failed(target).join("make.log")
}

impl Failed {
    /// A build that was not even begun.
    pub(crate) fn before(error: Error) -> Self {
        Self::early(error, Instant::now())
    }

    fn early(error: Error, started: Instant) -> Self {
        Self {
            error,
            status: 0,
            first_error: None,
            of_the_machine: true,
            duration: started.elapsed(),
            log: None,
            _work: None,
        }
    }

    pub(crate) fn new(
        setup: &Setup,
        target: &Target,
        mut error: Error,
        started: Instant,
        log: &MakeLog,
        work: Work,
    ) -> Self {
        let build = setup.layout.build(&target.module);
        let read = |file| first_error::read(file, &build.to_string_lossy());
        let findings = setup.root.open_file(log.path()).map(read).unwrap_or_default();
        let status = match &mut error {
            Error::MakeFailed { status, first_error, .. } => {
                first_error.clone_from(&findings.first_error);
                *status
            }
            Error::ScriptFailed { status, .. } => *status,
            Error::PatchFailed { .. } => 1,
            _ => 0,
        };
        Self {
            error,
            status,
            // A shell's word for "killed by a signal".
            of_the_machine: findings.of_the_machine || status > 128,
            first_error: findings.first_error,
            duration: started.elapsed(),
            log: Some(log.path().to_owned()),
            _work: Some(work),
        }
    }
}

/// The name of an object below the build directory.
pub(crate) fn object_name(record: &dkms_conf::module_config::Record) -> String {
    Path::new(&record.built_location).join(format!("{}.ko", record.built_name)).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
