//! Waiting for a child: its end, a cancelled run, the end of its time, its output.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};

use super::child::{Running, reap};
use super::{CAPTURE_LIMIT, End, Finished};
use crate::error::Error;
use crate::system::cancel::Cancel;

/// How long a cancelled run may go unnoticed. The flag is set by a signal handler, which can wake no thread.
const LOOK: Duration = Duration::from_millis(50);

/// When to stop a child that does not end by itself.
pub(super) struct Limits<'a> {
    pub(super) time: Option<Duration>,
    pub(super) leave_nothing_running: bool,
    /// Files in memory that it writes to.
    pub(super) bounded: &'a [&'a File],
}

/// Why there is no result.
pub(super) enum Broken {
    Cancelled(Error),
    System(Errno),
}

/// What a pump waits for besides its own stream.
pub(super) struct Wakeup<'a> {
    child: BorrowedFd<'a>,
    timeout: Duration,
}

/// Waits for the child's end. `pump` is called to sleep (no longer than it is asked to, or until the child ends), so that
/// a caller who reads its output can do so meanwhile.
pub(super) fn wait(
    running: &Running,
    cancel: &Cancel,
    limits: &Limits<'_>,
    pump: &mut dyn FnMut(Wakeup<'_>) -> rustix::io::Result<()>,
    command: String,
) -> Result<Finished, Broken> {
    let start = Instant::now();
    let pid = running.pid;
    let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty());
    let mut stopped = None;
    while !ended(pid).map_err(Broken::System)? {
        if stopped.is_none() {
            stopped = reason_to_stop(cancel, limits, start);
            if stopped.is_some() {
                kill_group(pid);
            }
        }
        match &handle {
            Ok(handle) => pump(Wakeup { child: handle.as_fd(), timeout: LOOK }).map_err(Broken::System)?,
            // No handles for processes (kernels before 5.3): look now and then.
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    // The dead child still holds its number here, so that the group cannot be another one's.
    if stopped.is_some() || limits.leave_nothing_running {
        kill_group(pid);
    }
    let (status, peak_kib) = reap(pid).map_err(Broken::System)?;
    let end = match stopped {
        Some(Stop::Cancelled) => return Err(Broken::Cancelled(cancel.check().err().unwrap_or(interrupted()))),
        Some(Stop::Because(end)) => end,
        None => decode(status),
    };
    Ok(Finished { command, end, duration: start.elapsed(), peak_kib })
}

enum Stop {
    Cancelled,
    Because(End),
}

fn reason_to_stop(cancel: &Cancel, limits: &Limits<'_>, start: Instant) -> Option<Stop> {
    if cancel.signal().is_some() {
        return Some(Stop::Cancelled);
    }
    if let Some(limit) = limits.time.filter(|limit| start.elapsed() >= *limit) {
        return Some(Stop::Because(End::TimeLimit(limit)));
    }
    let too_long = |file: &&File| file.metadata().is_ok_and(|meta| meta.len() > CAPTURE_LIMIT);
    limits.bounded.iter().any(too_long).then_some(Stop::Because(End::OutputLimit))
}

fn interrupted() -> Error {
    Error::Interrupted { signal: 15 }
}

/// Whether the child has ended; it is left unreaped.
fn ended(pid: Pid) -> rustix::io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match rustix::process::waitid(WaitId::Pid(pid), options) {
        Ok(status) => Ok(status.is_some()),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error),
    }
}

fn kill_group(leader: Pid) {
    // An empty group is fine.
    let _ = rustix::process::kill_process_group(leader, Signal::KILL);
}

fn decode(status: i32) -> End {
    if libc::WIFSIGNALED(status) { End::Signal(libc::WTERMSIG(status)) } else { End::Status(libc::WEXITSTATUS(status)) }
}

impl Wakeup<'_> {
    /// Sleeps until the child ends or the time is over.
    pub(super) fn sleep(&self) -> rustix::io::Result<()> {
        poll(&mut [PollFd::from_borrowed_fd(self.child, PollFlags::IN)], self.timeout)
    }
}

fn poll(descriptors: &mut [PollFd<'_>], timeout: Duration) -> rustix::io::Result<()> {
    let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.subsec_nanos().into() };
    match rustix::event::poll(descriptors, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Bytes that are read at once.
const PART: usize = 16 << 10;
/// How often that is done before we look whether the child may go on: some never cease to write.
const PARTS: usize = 64;
/// A line that is longer is cut into several.
const LONGEST_LINE: usize = 1 << 20;

/// Cuts what comes out of a pipe into lines.
pub(super) struct Lines<'a> {
    pipe: File,
    open: bool,
    rest: Vec<u8>,
    each: &'a mut dyn FnMut(&str),
}

impl<'a> Lines<'a> {
    pub(super) fn new(pipe: OwnedFd, each: &'a mut dyn FnMut(&str)) -> Self {
        Self { pipe: File::from(pipe), open: true, rest: Vec::new(), each }
    }

    /// Sleeps until there is something to read, the child ends or the time is over; hands on what there is.
    pub(super) fn wait(&mut self, wakeup: Wakeup<'_>) -> rustix::io::Result<()> {
        if !self.open {
            return wakeup.sleep();
        }
        let mut descriptors = [
            PollFd::from_borrowed_fd(wakeup.child, PollFlags::IN),
            PollFd::from_borrowed_fd(self.pipe.as_fd(), PollFlags::IN),
        ];
        poll(&mut descriptors, wakeup.timeout)?;
        self.drain();
        Ok(())
    }

    /// Hands on what is still in the pipe. What the child left in the background may write later: that is lost.
    pub(super) fn finish(mut self) {
        self.drain();
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            (self.each)(&String::from_utf8_lossy(&rest));
        }
    }

    fn drain(&mut self) {
        let mut buffer = [0_u8; PART];
        for _ in 0..PARTS {
            if !self.open {
                return;
            }
            match self.pipe.read(&mut buffer) {
                Ok(0) => self.open = false,
                Ok(count) => self.take(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => self.open = false,
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            let is_whole = part.last() == Some(&b'\n');
            if is_whole {
                self.rest.pop();
            }
            if is_whole || self.rest.len() >= LONGEST_LINE {
                (self.each)(&String::from_utf8_lossy(&self.rest));
                self.rest.clear();
            }
        }
    }
}
