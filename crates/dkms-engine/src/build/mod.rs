//! Building: from a source tree to verified objects in a private directory.
//!
//! [`build`] runs in a worker thread, in parallel with others. It writes only below the work directory that it makes, and
//! what it returns, good or bad, owns that directory. Steps: copy the source, lay the administrator's patches over it,
//! then in the place where builds believe to be ([`place`]): patches, PRE_BUILD, make; then look at every object
//! ([`verify`]). Signing and POST_BUILD, which wants to see the finished result, follow in [`crate::sign`].
//!
//! It knows neither why a build is wanted nor what becomes of the result, and publishes nothing.

mod command;
mod config_log;
mod copy;
mod environment;
mod failed;
pub mod first_error;
mod make_log;
mod newer_version;
pub(crate) mod place;
mod recognizers;
pub(crate) mod steps;
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
use crate::jobs::{Jobs, Mounts};
use crate::setup::Setup;
use crate::target::Target;
pub(crate) use config_log::end as config_log_end;
pub(crate) use environment::Dependency;
pub use failed::Failed;
pub(crate) use failed::kept_config_log;
use make_log::MakeLog;
use place::Site;
use steps::Steps;
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

/// What happens meanwhile, for a listener. A step begins and ends in order; other builds have listeners of their own.
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

/// Builds one target. Blocks: waits for a job token, and for its turn where builds cannot have mounts of their own.
///
/// # Errors
/// `Failed` with every way a build can fail; a cancelled run is one of them.
pub fn build(setup: &Setup, order: BuildOrder, jobs: &Jobs, listener: Listener<'_>) -> Result<Built, Box<Failed>> {
    let started = Instant::now();
    let begin = || {
        let work = Work::create(setup, jobs.root(), &order.target.module)?;
        let log = MakeLog::begin(jobs.root(), &work.log(), &order.target)?;
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
        Err(error) => Err(Box::new(Failed::new(setup, &order, error, started, &log, work))),
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
    let compiler = Compiler::gather(setup, &order.kernel);
    if let Some(name) = &compiler.missing {
        let text = format!("kernel {} was made with `{name}`, which is not installed", order.target.kernel.release);
        listener(BuildEvent::Warning(text));
    }
    // Without it a log with one line of the shell's would be all there is.
    if order.config.make_command_for(&order.target.kernel.release).is_none_or(|command| command.contains("make")) {
        setup.tool("make")?;
    }
    let dependencies = environment::dependencies(setup, &order.config, &order.target.kernel);
    let environment = environment::of_build(setup, order, &compiler, &dependencies)?;
    let site = Site { module, kernel: &order.kernel, work };
    let copy = || {
        let beside = place::source(setup, module).filter(|_| jobs.mounts(setup) != Mounts::Refused);
        copy::source(setup, jobs.root(), module, &work.build(), beside.map(|_| work.source()).as_deref())
    };
    let peak_kib = place::with(setup, jobs, site, &[], copy, |place| {
        let _token = token(setup, jobs, listener)?;
        let mut steps = Steps::new(setup, order, place, &environment, log, listener);
        steps.build(jobs, &compiler).map_err(|error| cannot_execute(setup, &work.build(), error))?;
        Ok(steps.peak_kib())
    })?;
    let objects = verify::objects(setup, order, &work.build(), &dependencies, listener)?;
    Ok(Done { objects, peak_kib, compiler, dependencies, environment })
}

/// Programs of a build lie in its directory: where nothing can be executed there, that is why it failed.
pub(crate) fn cannot_execute(setup: &Setup, directory: &Path, error: Error) -> Error {
    let is_step = matches!(error, Error::MakeFailed { .. } | Error::ScriptFailed { .. });
    // After a script was moved there, the work directory may be elsewhere; the file system is the same.
    let existing = directory.ancestors().find(|path| setup.root.is_dir(path)).unwrap_or(directory);
    if is_step && setup.root.is_noexec(existing) {
        return Error::NoExec { path: existing.to_owned(), cause: Box::new(error) };
    }
    error
}

/// A token, and a word to the listener if there is none at once.
pub(crate) fn token<'a>(
    setup: &Setup,
    jobs: &'a Jobs,
    listener: Listener<'_>,
) -> Result<crate::jobs::Token<'a>, Error> {
    jobs.token(&setup.cancel, &mut || listener(BuildEvent::Waiting))
}

/// The name of an object below the build directory.
pub(crate) fn object_name(record: &dkms_conf::module_config::Record) -> String {
    Path::new(&record.built_location).join(format!("{}.ko", record.built_name)).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
