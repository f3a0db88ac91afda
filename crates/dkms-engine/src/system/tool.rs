//! The one door to child processes.
//!
//! A [`Tool`] is a program found inside the root, with everything it gets spelled out: arguments, an environment that
//! starts empty, a working directory, standard input always empty. It runs in a process group of its own below our
//! [`Root`], dies with us, and is stopped with its whole group when the run is cancelled or its time is over. Its
//! output goes to one of three places: into memory ([`Tool::capture`], [`Tool::require`]), to a log file
//! ([`Tool::append_to`]) or line by line to the caller ([`Tool::lines`]). Only a program that a person talks to gets our own
//! streams ([`Tool::converse`]).
//!
//! It knows neither make nor modules; what a failure means is its caller's business. [`contain`] holds what a child may
//! be denied, [`child`] the calls between fork and exec, [`wait`] the waiting.

mod child;
pub mod contain;
mod outcome;
mod wait;
mod watch;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{MemfdFlags, Mode, OFlags};

use crate::error::Error;
use crate::system::cancel::Cancel;
use crate::system::environment::Environment;
use crate::system::root::Root;
use child::Streams;
use contain::{Access, Bind, Containment, Need};
pub use outcome::{Captured, End, Finished, last_lines};

/// More output than this in memory means that the program has gone mad.
const CAPTURE_LIMIT: u64 = 64 << 20;

/// A program about to be run.
#[derive(Debug)]
pub struct Tool {
    root: Root,
    cancel: Cancel,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    time_limit: Option<Duration>,
    leave_nothing_running: bool,
    containment: Containment,
    descriptors: Vec<OwnedFd>,
    attachments: Vec<(OwnedFd, PathBuf)>,
    open_files: Option<u64>,
}

impl Tool {
    /// A program by name, looked for in the caller's `PATH` and the usual directories inside the root
    /// ([`Environment::find`]), or by absolute in-root path.
    ///
    /// # Errors
    /// `ToolMissing`.
    pub fn new(root: &Root, environment: &Environment, cancel: &Cancel, program: &OsStr) -> Result<Self, Error> {
        // Whatever it says, no stat of ours tells.
        root.mark_untrackable();
        let missing = || Error::ToolMissing { program: program.to_string_lossy().into_owned() };
        let path = locate(root, environment, program).ok_or_else(missing)?;
        Ok(Self {
            root: root.clone(),
            cancel: cancel.clone(),
            program: path,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: "/".into(),
            time_limit: None,
            leave_nothing_running: false,
            containment: Containment::default(),
            descriptors: Vec::new(),
            attachments: Vec::new(),
            open_files: environment.open_files(),
        })
    }

    /// Where the program is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// One variable of its environment, which starts empty.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Several variables.
    #[must_use]
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Variables for those names that have no value yet.
    #[must_use]
    pub fn defaults(mut self, variables: &BTreeMap<OsString, OsString>) -> Self {
        for (name, value) in variables {
            self.environment.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    /// What the caller's environment lends to children ([`Environment::for_children`]).
    #[must_use]
    pub fn inherit(self, environment: &Environment) -> Self {
        let variables = environment.for_children(&self.root);
        self.envs(variables)
    }

    /// In-root working directory; `/` unless said.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        directory.clone_into(&mut self.directory);
        self
    }

    /// Stops the whole process group after this time, in place of the administrator's `build_timeout`.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Also ends what the program left in the background, and all of its process group when we die ourselves: for builds,
    /// whose directory is about to disappear.
    #[must_use]
    pub fn leave_nothing_running(mut self) -> Self {
        self.leave_nothing_running = true;
        self
    }

    /// Cannot gain privileges by executing something.
    #[must_use]
    pub fn without_new_privileges(mut self) -> Self {
        self.containment.no_new_privileges = true;
        self
    }

    /// Runs as this user and group, without further groups. Needs root.
    #[must_use]
    pub fn as_user(mut self, uid: u32, gid: u32) -> Self {
        self.containment.user = Some((uid, gid));
        self
    }

    /// Sees no network but an unconnected loopback device.
    #[must_use]
    pub fn without_network(mut self, need: Need) -> Self {
        self.containment.no_network = Some(need);
        self
    }

    /// Sees all that is mounted read-only (but [`Tool::bind`]s with [`Access::Write`]). Ignored with [`Need::IfPossible`]
    /// where namespaces are refused.
    #[must_use]
    pub fn read_only_view(mut self, need: Need) -> Self {
        self.containment.read_only_view = Some(need);
        self
    }

    /// Sees the in-root directory `from` at the in-root directory `to`, in a mount namespace of its own. Binds are made
    /// in the order given, so the second of two on one place wins.
    #[must_use]
    pub fn bind(mut self, from: &Path, to: &Path, access: Access) -> Self {
        self.containment.binds.push(Bind { from: from.to_owned(), to: to.to_owned(), access });
        self
    }

    /// Sees a file system that is mounted nowhere at an in-root directory, in a mount namespace of its own; it is put
    /// there before the binds are made.
    #[must_use]
    pub fn attach(mut self, file_system: OwnedFd, to: &Path) -> Self {
        self.attachments.push((file_system, to.to_owned()));
        self
    }

    /// Has this file open too; gives the descriptor number it has there. All others but the three streams are closed.
    pub fn hand(mut self, file: OwnedFd) -> (Self, i32) {
        let number = file.as_raw_fd();
        self.descriptors.push(file);
        (self, number)
    }

    /// The command as one would type it.
    pub fn command_line(&self) -> String {
        let mut line = quoted(self.program.as_os_str());
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&quoted(argument));
        }
        line
    }

    /// Runs it and keeps what it writes, however it ends.
    ///
    /// # Errors
    /// `Io` if it cannot be started; `Interrupted` if the run was cancelled meanwhile.
    pub fn capture(self) -> Result<Captured, Error> {
        let (mut stdout, mut stderr) = (memory()?, memory()?);
        let streams = Streams { stdin: empty_input()?, stdout: duplicate(&stdout)?, stderr: duplicate(&stderr)? };
        let finished = self.run(streams, &mut |wakeup| wakeup.sleep(), &[&stdout, &stderr])?;
        Ok(Captured { finished, stdout: content(&mut stdout)?, stderr: content(&mut stderr)? })
    }

    /// Runs it and gives its standard output.
    ///
    /// # Errors
    /// As [`Tool::capture`], and `ToolFailed` unless it ends with status 0.
    pub fn require(self) -> Result<Vec<u8>, Error> {
        let captured = self.capture()?;
        captured.finished.require(captured.complaint())?;
        Ok(captured.stdout)
    }

    /// Runs it with both streams appended to an open file.
    ///
    /// # Errors
    /// As [`Tool::capture`].
    pub fn append_to(self, log: &File) -> Result<Finished, Error> {
        let streams = Streams { stdin: empty_input()?, stdout: duplicate(log)?, stderr: duplicate(log)? };
        self.run(streams, &mut |wakeup| wakeup.sleep(), &[])
    }

    /// Runs it and hands on what both streams say, line by line without the line end; a last line without an end too.
    ///
    /// # Errors
    /// As [`Tool::capture`].
    pub fn lines(self, each: &mut dyn FnMut(&str)) -> Result<Finished, Error> {
        let flags = rustix::pipe::PipeFlags::CLOEXEC;
        let (reader, writer) = rustix::pipe::pipe_with(flags).map_err(Error::os("open", "a pipe"))?;
        // Only our end: the child must not meet EAGAIN.
        rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK).map_err(Error::os("open", "a pipe"))?;
        let stderr = writer.try_clone().map_err(Error::io("open", "a pipe"))?;
        let mut lines = wait::Lines::new(reader, each);
        let finished =
            self.run(Streams { stdin: empty_input()?, stdout: writer, stderr }, &mut |wakeup| lines.wait(wakeup), &[])?;
        lines.finish();
        Ok(finished)
    }

    /// Runs it with our own three streams, so that it can ask the person who started us.
    ///
    /// # Errors
    /// As [`Tool::capture`].
    pub fn converse(self) -> Result<Finished, Error> {
        let own = |stream: std::os::fd::BorrowedFd<'_>| {
            stream.try_clone_to_owned().map_err(Error::io("open", "the standard streams"))
        };
        let streams = Streams {
            stdin: own(std::io::stdin().as_fd())?,
            stdout: own(std::io::stdout().as_fd())?,
            stderr: own(std::io::stderr().as_fd())?,
        };
        // One that is stopped while it asks for a password leaves the terminal without echo.
        let before = rustix::termios::tcgetattr(std::io::stdin()).ok();
        let finished = self.run(streams, &mut |wakeup| wakeup.sleep(), &[]);
        if let Some(before) = before {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &before);
        }
        finished
    }

    fn run(
        self,
        streams: Streams,
        pump: &mut dyn FnMut(wait::Wakeup<'_>) -> rustix::io::Result<()>,
        bounded: &[&File],
    ) -> Result<Finished, Error> {
        self.cancel.check()?;
        let command = self.command_line();
        let Tool { cancel, program, time_limit, leave_nothing_running, .. } = &self;
        let (cancel, program) = (cancel.clone(), program.clone());
        let limits = wait::Limits { time: *time_limit, leave_nothing_running: *leave_nothing_running, bounded };
        let running = child::spawn(self, streams)?;
        wait::wait(&running, &cancel, &limits, pump, command).map_err(|error| match error {
            wait::Broken::Cancelled(error) => error,
            wait::Broken::System(error) => Error::os("wait for", &program)(error),
        })
    }
}

fn locate(root: &Root, environment: &Environment, program: &OsStr) -> Option<PathBuf> {
    let given = Path::new(program);
    if given.is_absolute() {
        return root.is_executable(given).then(|| given.to_owned());
    }
    environment.find(root, program)
}

fn memory() -> Result<File, Error> {
    let handle = rustix::fs::memfd_create(c"output", MemfdFlags::CLOEXEC).map_err(Error::os("open", "memory file"))?;
    Ok(File::from(handle))
}

fn duplicate(file: &File) -> Result<OwnedFd, Error> {
    file.as_fd().try_clone_to_owned().map_err(Error::io("open", "output"))
}

fn content(file: &mut File) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(Error::io("read", "output"))?;
    Ok(bytes)
}

/// A word as a shell would have to be given it.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%~".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Standard input of nearly every child: at its end at once, so that nothing ever waits for a terminal.
fn empty_input() -> Result<OwnedFd, Error> {
    rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .or_else(|_| rustix::fs::memfd_create(c"empty", MemfdFlags::CLOEXEC))
        .map_err(Error::os("open", "/dev/null"))
}

#[cfg(test)]
mod tests;
