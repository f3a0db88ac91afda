//! The commands of a build, one after the other, each a block in the log: patches, PRE_BUILD, make, POST_BUILD.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};
use std::time::Duration;

use super::command::{Parallelism, is_quoted_make, make_command, with_variables};
use super::make_log::MakeLog;
use super::place::Place;
use super::{BuildEvent, BuildOrder, Listener};
use crate::error::Error;
use crate::facts::compiler::Compiler;
use crate::jobs::{Jobs, makeflags};
use crate::layout::SHELL;
use crate::script::Script;
use crate::setup::Setup;
use crate::system::tool::{End, Tool, quoted};

/// What all steps of a build share.
pub(crate) struct Steps<'a> {
    setup: &'a Setup,
    order: &'a BuildOrder,
    place: &'a Place,
    environment: &'a BTreeMap<OsString, OsString>,
    log: &'a mut MakeLog,
    listener: Listener<'a>,
    peak_kib: u64,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(
        setup: &'a Setup,
        order: &'a BuildOrder,
        place: &'a Place,
        environment: &'a BTreeMap<OsString, OsString>,
        log: &'a mut MakeLog,
        listener: Listener<'a>,
    ) -> Self {
        Self { setup, order, place, environment, log, listener, peak_kib: 0 }
    }

    /// Largest resident size of a process so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.peak_kib
    }

    /// From the copied source to built objects.
    pub(super) fn build(&mut self, jobs: &Jobs, compiler: &Compiler) -> Result<(), Error> {
        let (config, release) = (&self.order.config, &self.order.target.kernel.release);
        for patch in config.patches_for(release) {
            self.patch(patch)?;
        }
        if let Some(script) = &config.scripts.pre_build {
            self.script("PRE_BUILD", script)?;
        }
        self.make(jobs, compiler)
    }

    fn patch(&mut self, patch: &str) -> Result<(), Error> {
        let target = &self.order.target;
        let unusable = |reason| Error::PatchMissing { target: target.clone(), patch: patch.to_owned(), reason };
        let path = Path::new(patch);
        if path.components().any(|component| !matches!(component, Component::Normal(_) | Component::CurDir)) {
            return Err(unusable("it is outside the directory `patches`"));
        }
        let directory = self.setup.layout.build(&target.module);
        if !self.setup.root.is_file(&self.place.ours(&directory.join("patches").join(path))) {
            return Err(unusable("there is no such file below `patches`"));
        }
        let file = format!("./patches/{patch}");
        let shown = format!("patch -p1 < {}", quoted(OsStr::new(&file)));
        // Unasked: no person is there to answer questions.
        let tool = self.setup.tool("patch")?.args(["-p1", "-f", "-i", &file]).directory(&directory);
        match self.step(&format!("Applying patch {patch}"), &shown, tool)? {
            End::Status(0) => Ok(()),
            End::TimeLimit(limit) => Err(self.too_long("patch", limit)),
            _ => Err(Error::PatchFailed {
                target: target.clone(),
                patch: patch.to_owned(),
                log: self.setup.layout.failed_log(target),
            }),
        }
    }

    /// Runs a script of the module; one that cannot be run is reported and passed over, since packages rely on that.
    pub(crate) fn script(&mut self, directive: &'static str, value: &str) -> Result<(), Error> {
        let module = &self.order.target.module;
        let seen = self.setup.layout.build(module);
        let mut script = match Script::find(self.setup, &module.name, &self.place.ours(&seen), value) {
            Ok(script) => script,
            Err(unusable) => {
                let why = if unusable.missing { "does not exist" } else { "is not executable" };
                let text = format!("skipped {directive}: `{}` {why}", value.trim());
                (self.listener)(BuildEvent::Warning(text));
                return Ok(());
            }
        };
        // It was looked for where the files are for us; it runs where they are for the build.
        if let Ok(below) = script.program.strip_prefix(self.place.ours(&seen)) {
            script.program = seen.join(below);
            script.directory = seen;
        }
        let command = script.command();
        let tool = self.setup.tool(SHELL)?.arg("-c").arg(&command).directory(&script.directory);
        let description = format!("Running the {} script", directive.to_ascii_lowercase().replace('_', "-"));
        match self.step(&description, &command, tool)? {
            End::Status(0) => Ok(()),
            End::TimeLimit(limit) => Err(self.too_long(directive, limit)),
            end => Err(Error::ScriptFailed {
                module: module.clone(),
                directive,
                status: end.status(),
                diagnosis: Box::default(),
                log: Some(self.setup.layout.failed_log(&self.order.target)),
            }),
        }
    }

    fn make(&mut self, jobs: &Jobs, compiler: &Compiler) -> Result<(), Error> {
        let (target, kernel) = (&self.order.target, &self.order.kernel);
        let layout = &self.setup.layout;
        let build = layout.build(&target.module);
        let configured = self.order.config.make_command_for(&target.kernel.release);
        // Who quotes `make` does not want it to run in parallel.
        let wanted = !configured.is_some_and(is_quoted_make);
        let pool = jobs.address(self.setup, self.environment)?;
        let parallelism = if pool.is_some() { Parallelism::Jobserver } else { Parallelism::Unlimited };
        let source_dir = &kernel.source_dir;
        let command = make_command(configured, source_dir, &build, &target.kernel.release, parallelism, compiler.llvm);
        let variables = [
            ("kernel_source_dir", source_dir.as_os_str()),
            ("dkms_tree", layout.tree.as_os_str()),
            ("source_tree", layout.source.as_os_str()),
            ("install_tree", layout.install.as_os_str()),
        ];
        let mut tool = self.setup.tool(SHELL)?.directory(&build);
        tool = tool.arg("-c").arg(with_variables(&command, &variables));
        if let Some(pool) = pool.filter(|_| wanted) {
            let inherited = self.environment.get(OsStr::new("MAKEFLAGS")).map(OsString::as_os_str);
            let (with_pool, words) = pool.hand(tool);
            tool = with_pool.env("MAKEFLAGS", makeflags(inherited, Some(&words)).unwrap_or_default());
        }
        match self.step("Building module(s)", &command, tool)? {
            End::Status(0) => Ok(()),
            End::TimeLimit(limit) => Err(self.too_long("make", limit)),
            end => Err(Error::MakeFailed {
                target: target.clone(),
                status: end.status(),
                diagnosis: Box::default(),
                log: self.setup.layout.failed_log(target),
            }),
        }
    }

    fn too_long(&self, what: &'static str, limit: Duration) -> Error {
        let target = &self.order.target;
        Error::TookTooLong { what, module: target.module.clone(), limit, log: self.setup.layout.failed_log(target) }
    }

    /// One block of the log. Variables that the tool has already win over those of the build.
    fn step(&mut self, description: &str, command: &str, tool: Tool) -> Result<End, Error> {
        let (description, command) = (description.to_owned(), command.to_owned());
        self.log.begin_step(&description, &command)?;
        (self.listener)(BuildEvent::StepBegun { description, command });
        let tool = self.place.apply(tool.defaults(self.environment)).leave_nothing_running();
        let finished = tool.append_to(self.log.file())?;
        self.log.end_step(finished.end, finished.duration)?;
        self.peak_kib = self.peak_kib.max(finished.peak_kib);
        (self.listener)(BuildEvent::StepEnded { status: finished.end.status(), duration: finished.duration });
        Ok(finished.end)
    }
}
