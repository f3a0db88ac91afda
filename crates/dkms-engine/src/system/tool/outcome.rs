//! How a program ended and what it had to say, and the error that is made of both.

use std::time::Duration;

use super::CAPTURE_LIMIT;
use crate::error::{Error, span};

/// How much of an output an error shows.
const SHOWN_LINES: usize = 12;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Status(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// We stopped it after this time.
    TimeLimit(Duration),
    /// We stopped it because it wrote without end.
    OutputLimit,
}

impl End {
    /// The number that a shell would report.
    pub fn status(self) -> i32 {
        match self {
            End::Status(status) => status,
            End::Signal(signal) => 128 + signal,
            End::TimeLimit(_) | End::OutputLimit => 124,
        }
    }

    /// Whether it ended with status 0.
    pub fn success(self) -> bool {
        self == End::Status(0)
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Status(status) => write!(f, "ended with status {status}"),
            End::Signal(libc::SIGXFSZ) => f.write_str("was ended by the limit on the size of files (`ulimit -f`)"),
            End::Signal(libc::SIGXCPU) => f.write_str("was ended by the limit on processor time (`ulimit -t`)"),
            End::Signal(signal) => write!(f, "was killed by signal {signal}"),
            End::TimeLimit(limit) => write!(f, "took longer than {} (`build_timeout`)", span(*limit)),
            End::OutputLimit => write!(f, "wrote more than {} MiB", CAPTURE_LIMIT >> 20),
        }
    }
}

/// A program that ran.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The command as one would type it.
    pub command: String,
    /// How it ended.
    pub end: End,
    /// Wall time.
    pub duration: Duration,
    /// Largest resident size of the program or one of those that it waited for, in KiB; 0 if unknown.
    pub peak_kib: u64,
}

impl Finished {
    /// `ToolFailed` unless it ended with status 0; `output` is what it had to say.
    ///
    /// # Errors
    /// `ToolFailed`.
    pub fn require(&self, output: &[u8]) -> Result<(), Error> {
        if self.end.success() {
            return Ok(());
        }
        let output = last_lines(output);
        Err(Error::ToolFailed { command: self.command.clone(), outcome: self.end.to_string(), output })
    }
}

/// A program that ran, with what it wrote.
#[derive(Clone, Debug)]
pub struct Captured {
    /// How it went.
    pub finished: Finished,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// What the program had to say about itself: standard error, or standard output if that is empty.
    pub fn complaint(&self) -> &[u8] {
        if self.stderr.iter().all(u8::is_ascii_whitespace) { &self.stdout } else { &self.stderr }
    }
}

/// The end of an output, as text for an error.
pub fn last_lines(output: &[u8]) -> String {
    let tail = &output[output.len().saturating_sub(8 << 10)..];
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
