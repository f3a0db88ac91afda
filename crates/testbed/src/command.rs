//! The one door of xtask to child processes: shown when it fails, with the last lines of what it said.
//!
//! Output goes to temporary files, not pipes, so no child blocks on us and a killed one leaves what it wrote.
#![expect(clippy::disallowed_methods, reason = "this is the file that wraps Command::new")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A child process to be.
pub struct Cmd {
    inner: Command,
    shown: String,
}

/// What a finished child left.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit status; 128 + signal for a killed child, as a shell tells it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// The last lines of both streams, for an error message.
    pub fn tail(&self) -> String {
        let text = format!("{}{}", self.stdout, self.stderr);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Cmd {
    /// A command found in PATH, with the caller's environment.
    pub fn new(program: impl AsRef<OsStr>) -> Cmd {
        let shown = program.as_ref().to_string_lossy().into_owned();
        let mut inner = Command::new(program);
        inner.stdin(Stdio::null());
        Cmd { inner, shown }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Cmd {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.inner.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Cmd {
        args.into_iter().fold(self, Cmd::arg)
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Cmd {
        self.inner.env(name, value);
        self
    }

    /// Starts from an empty environment.
    pub fn clean_env(mut self) -> Cmd {
        self.inner.env_clear();
        self
    }

    /// The directory in which it runs.
    pub fn cwd(mut self, dir: &Path) -> Cmd {
        self.inner.current_dir(dir);
        self
    }

    /// Runs on our own terminal; an error if it does not succeed.
    pub fn run(mut self) -> Result<()> {
        let status = self.inner.status().with_context(|| format!("start {}", self.shown))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }

    /// Runs with captured output, whatever the exit status.
    pub fn output(mut self) -> Result<Output> {
        let mut stdout = tempfile::tempfile().context("make a temporary file")?;
        let mut stderr = tempfile::tempfile().context("make a temporary file")?;
        let status = self
            .inner
            .stdout(stdout.try_clone().context("clone a descriptor")?)
            .stderr(stderr.try_clone().context("clone a descriptor")?)
            .status()
            .with_context(|| format!("start {}", self.shown))?;
        Ok(Output { code: code(status), stdout: rewind(&mut stdout)?, stderr: rewind(&mut stderr)? })
    }

    /// Runs with captured output; the error of a failure ends with the last lines of it.
    pub fn checked(self) -> Result<Output> {
        let shown = self.shown.clone();
        let output = self.output()?;
        if output.code != 0 {
            bail!("`{shown}` ended with {}\n{}", output.code, output.tail());
        }
        Ok(output)
    }

    /// Runs it for the bytes on its stdout; stderr stays ours.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let output = self.inner.stderr(Stdio::null()).output().with_context(|| format!("start {}", self.shown))?;
        if !output.status.success() {
            bail!("`{}` ended with {}", self.shown, output.status);
        }
        Ok(output.stdout)
    }

    /// Starts it with pipes on stdin and stdout; the caller keeps the child.
    pub fn piped(mut self) -> Result<Child> {
        self.inner.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("start {}", self.shown))
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn rewind(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind().context("rewind captured output")?;
    file.read_to_end(&mut bytes).context("read captured output")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
