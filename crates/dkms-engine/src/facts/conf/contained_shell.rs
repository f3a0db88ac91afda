//! The bash that evaluates what the native evaluator of `dkms.conf` refuses, contained.
//!
//! A conf is code of the package's author. It gets an unprivileged user who can gain nothing by executing
//! something, an environment with a search path and nothing else, no network, a view of the file system in which
//! nothing can be written but a copy of its own source ([`view`]), a time limit, and bounds on memory and output. Its
//! values come back over a descriptor of their own, so that nothing that it prints can be taken for one. Where the system
//! refuses namespaces (some containers) user, environment and limits remain. A caller without rights runs it as himself.
//!
//! What is said over the descriptor is `dkms_conf`'s business.

mod view;

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dkms_conf::context::PROGRAM;
use dkms_conf::shell::{MAX_RESULT_BYTES, RESULT_DESCRIPTOR};
use dkms_conf::{Shell, ShellAnswer, ShellRequest};
use rustix::fs::MemfdFlags;

use crate::error::Error;
use crate::layout::{DEFAULT_PATH, SHELL};
use crate::setup::Setup;
use crate::system::tool::End;
use crate::system::tool::contain::Need;
use view::View;

/// Seconds of processor time for each process: the slowest known conf takes 50 ms, most of them for reading a kernel
/// configuration. One that was over the budget of the native evaluator is not likely to end at all.
const PROCESSOR_SECONDS: u32 = 3;
const OVER_BUDGET_SECONDS: u32 = 1;
/// For one that waits, or starts others that work; generous, because the machine may be busy.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The user `nobody`, who owns nothing.
const NOBODY: u32 = 65534;
/// For `ulimit`: no core, address space and size of any file that is written (the result is one), in KiB.
const LIMITS: &str = "ulimit -c 0 -v 524288 -f 16384";
/// Processes of the unprivileged user, who has others on many machines.
const MAX_PROCESSES: u32 = 512;
/// What a shell reports of a child that was ended by SIGXCPU.
const OUT_OF_TIME: i32 = 128 + 24;
/// More of what a conf complains about is of no use.
const MAX_COMPLAINT_BYTES: usize = 4096;

/// A contained bash below the root of a run.
#[derive(Debug)]
pub struct ContainedShell<'a> {
    setup: &'a Setup,
    processors: usize,
    directory: PathBuf,
    ran_out: Cell<bool>,
}

impl<'a> ContainedShell<'a> {
    /// One in which `nproc` prints this number and that begins in this directory, the module's source.
    pub fn new(setup: &'a Setup, processors: usize, directory: &Path) -> Self {
        Self { setup, processors, directory: directory.to_owned(), ran_out: Cell::new(false) }
    }

    /// Its last evaluation ran out of time, as the next one of the same conf would.
    pub fn ran_out(&self) -> bool {
        self.ran_out.get()
    }

    /// As an unprivileged user, with a copy of the source.
    fn contained(&self, request: &ShellRequest) -> Result<Result<ShellAnswer, String>, Error> {
        if !self.setup.root.is_dir(&self.directory) {
            return self.answer(request, None);
        }
        let file = Path::new(&request.path);
        let view = View::of(self.setup, &self.directory, file, NOBODY)?;
        match self.answer(request, Some(&view)) {
            Err(refused @ Error::Io { .. }) if view.is_mounted() => {
                log::debug!("no mounts of its own for a shell: {refused}");
                let view = View::in_directory(self.setup, &self.directory, file, NOBODY)?;
                self.answer(request, Some(&view))
            }
            other => other,
        }
    }

    fn answer(&self, request: &ShellRequest, view: Option<&View>) -> Result<Result<ShellAnswer, String>, Error> {
        let os = Error::os("open", SHELL);
        let mut result = File::from(rustix::fs::memfd_create(c"values", MemfdFlags::CLOEXEC).map_err(os)?);
        let handed = result.try_clone().map_err(Error::io("open", SHELL))?;
        let (tool, number) = self.setup.tool(SHELL)?.hand(handed.into());
        let redirect = if number == RESULT_DESCRIPTOR {
            String::new()
        } else {
            format!("exec {RESULT_DESCRIPTOR}>&{number} {number}>&-\n")
        };
        let is_root = rustix::process::geteuid().is_root();
        let seconds = if request.over_budget { OVER_BUDGET_SECONDS } else { PROCESSOR_SECONDS };
        // The processes of a caller without rights are his own, and not few.
        let processes = if is_root { format!(" -u {MAX_PROCESSES}") } else { String::new() };
        let limits = format!("{LIMITS}{processes}\nulimit -S -t {seconds}\n");
        let mut moved = Moved::of(view, &self.directory);
        let script = format!("{limits}{redirect}{}", moved.there(&request.script));
        let directory = moved.directory.take().unwrap_or_else(|| self.directory.clone());
        let directory = if self.setup.root.is_dir(&directory) { &directory } else { Path::new("/") };
        let mut tool = tool
            .args(["--norc", "--noprofile", "-c", script.as_str(), PROGRAM])
            .directory(directory)
            .env("PATH", DEFAULT_PATH)
            .env("LC_ALL", "C")
            .env("OMP_NUM_THREADS", self.processors.to_string())
            .time_limit(TIME_LIMIT)
            .leave_nothing_running()
            .without_new_privileges()
            .without_network(Need::IfPossible);
        // Where mounts are refused, there is no such view either, and the copy is to be written to.
        if view.is_none_or(View::is_mounted) {
            tool = tool.read_only_view(Need::IfPossible);
        }
        if is_root {
            tool = tool.as_user(NOBODY, NOBODY);
        }
        if let Some(view) = view {
            tool = view.apply(tool)?;
        }
        let captured = tool.capture()?;
        if let End::Status(OUT_OF_TIME) | End::TimeLimit(_) = captured.finished.end {
            self.ran_out.set(true);
        }
        match captured.finished.end {
            End::Status(OUT_OF_TIME) => return Ok(Err(format!("it takes more than {seconds} s of processor time"))),
            // As for the original, the status that a conf leaves says nothing.
            End::Status(_) => {}
            // Its own limit, which no setting changes.
            End::TimeLimit(limit) => return Ok(Err(format!("bash took longer than {} s", limit.as_secs()))),
            end => return Ok(Err(format!("bash {end}"))),
        }
        let mut values = Vec::new();
        let limit = MAX_RESULT_BYTES as u64;
        result.rewind().and_then(|()| result.take(limit).read_to_end(&mut values)).map_err(Error::io("read", SHELL))?;
        let complaint = &captured.stderr[..captured.stderr.len().min(MAX_COMPLAINT_BYTES)];
        let mut stderr = moved.back(&String::from_utf8_lossy(complaint));
        if view.is_some_and(|view| view.is_partial) && !stderr.is_empty() {
            stderr.push_str("\n(it saw only a part of its source, because all of it is too large to copy)");
        }
        Ok(Ok(ShellAnswer { result: moved.values_back(values), stderr }))
    }
}

impl Shell for ContainedShell<'_> {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        if !rustix::process::geteuid().is_root() {
            return self.answer(request, None).unwrap_or_else(|error| Err(error.to_string()));
        }
        // bash would not even start: a message about something else.
        let is_open = self.setup.root.meta(Path::new("/")).is_some_and(|meta| meta.mode & 1 != 0);
        if !is_open {
            let path = self.setup.root.host_path().display();
            return Err(format!("the unprivileged user that evaluates it cannot enter `{path}`: chmod 755 {path}"));
        }
        self.contained(request).unwrap_or_else(|error| Err(error.to_string()))
    }
}

/// Paths of a copy that could not be mounted in the place of what it is of, and the true ones.
struct Moved {
    /// True path, path of the copy.
    pairs: Vec<(String, String)>,
    /// The copy of the source.
    directory: Option<PathBuf>,
}

impl Moved {
    fn of(view: Option<&View>, directory: &Path) -> Self {
        let moved: Vec<_> = view.into_iter().flat_map(View::moved).collect();
        let source = moved.first().map(|(_, copy)| copy.clone());
        let text = |path: &Path| path.display().to_string();
        let named = source.iter().map(|copy| (text(directory), text(copy)));
        let real = moved.iter().map(|(path, copy)| (text(path), text(copy)));
        Self { pairs: named.chain(real).collect(), directory: source }
    }

    /// What the shell is to read.
    fn there(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, copy) in &self.pairs {
            // `/usr/src/a-1` is no part of `/usr/src/a-1.2`.
            for end in ["/", "'", " "] {
                text = text.replace(&format!("{path}{end}"), &format!("{copy}{end}"));
            }
        }
        text
    }

    /// What the shell wrote.
    fn back(&self, text: &str) -> String {
        self.pairs.iter().fold(text.to_owned(), |text, (path, copy)| text.replace(copy, path))
    }

    fn values_back(&self, values: Vec<u8>) -> Vec<u8> {
        if self.pairs.is_empty() { values } else { self.back(&String::from_utf8_lossy(&values)).into_bytes() }
    }
}

#[cfg(test)]
mod tests;
