//! The pipe of tokens.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;

use crate::error::Error;
use crate::layout::PROC;

/// A jobserver: every byte in the pipe is a token.
#[derive(Debug)]
pub(super) struct Server {
    read: OwnedFd,
    write: OwnedFd,
    /// The reading end once more, as a description of its own that does not block; the other one is shared with makes,
    /// and releases before 4.3 do not expect that from it. `None` where there is no /proc.
    look: Option<File>,
    /// Tokens that we made; `None` if the pipe is our caller's.
    made: Option<usize>,
}

impl Server {
    /// A jobserver of our own.
    pub(super) fn new(tokens: usize) -> Result<Self, Error> {
        let (read, write) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(Error::os("open", "a pipe"))?;
        // A pipe holds 64 KiB, and no machine has as many processors.
        let tokens = tokens.min(1 << 12);
        let look = reopen(&read);
        let server = Self { read, write, look, made: Some(tokens) };
        server.put(tokens);
        Ok(server)
    }

    /// The one that `MAKEFLAGS` speaks of, if its pipe is really there.
    #[expect(clippy::disallowed_methods, reason = "descriptors of this process, or what make names, are below no root")]
    pub(super) fn inherited(makeflags: &str) -> Option<Self> {
        let address = makeflags
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--jobserver-auth=").or(word.strip_prefix("--jobserver-fds=")))
            .next_back()?;
        // Descriptor numbers are opened anew through /proc: no number can turn out to be another file in use.
        let (read, write) = match address.strip_prefix("fifo:") {
            Some(path) => (path.to_owned(), path.to_owned()),
            None => {
                let (read, write) = address.split_once(',')?;
                let (read, write): (u32, u32) = (read.parse().ok()?, write.parse().ok()?);
                (format!("/proc/self/fd/{read}"), format!("/proc/self/fd/{write}"))
            }
        };
        let look = open(&read, true)?;
        let read = open(&read, false)?.into();
        // Opened for both, so that opening does not wait for the other end.
        let write = OpenOptions::new().read(true).write(true).open(write).ok()?.into();
        Some(Self { read, write, look: Some(look), made: None })
    }

    pub(super) fn is_inherited(&self) -> bool {
        self.made.is_none()
    }

    /// A token, if one lies there.
    pub(super) fn take(&self) -> Result<Option<u8>, Error> {
        let mut byte = [0];
        let result = match &self.look {
            Some(look) => (&*look).read(&mut byte),
            None if self.is_readable() => rustix::io::read(&self.read, &mut byte).map_err(Into::into),
            None => return Ok(None),
        };
        match result {
            Ok(1) => Ok(Some(byte[0])),
            Ok(_) => Err(Error::io("read", "the jobserver")(std::io::ErrorKind::UnexpectedEof.into())),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {
                Ok(None)
            }
            Err(error) => Err(Error::io("read", "the jobserver")(error)),
        }
    }

    /// Whether the token went back.
    pub(super) fn give(&self, byte: u8) -> bool {
        rustix::io::write(&self.write, &[byte]).is_ok()
    }

    /// While nothing runs: all tokens of our own pipe lie in it again.
    pub(super) fn refill(&self) {
        let Some(made) = self.made else { return };
        while let Ok(Some(_)) = self.take() {}
        self.put(made);
    }

    fn put(&self, tokens: usize) {
        for _ in 0..tokens {
            self.give(b'+');
        }
    }

    fn is_readable(&self) -> bool {
        let mut descriptor = [PollFd::from_borrowed_fd(self.read.as_fd(), PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut descriptor, Some(&now)).is_ok_and(|count| count > 0)
    }

    /// Where others can open it while we are there. No number of a descriptor that they inherit: theirs may be closed on the
    /// way, and name something else by then.
    pub(super) fn path(&self) -> PathBuf {
        Path::new(PROC).join(format!("{}/fd/{}", std::process::id(), self.read.as_raw_fd()))
    }

    /// Both ends for a child.
    pub(super) fn descriptors(&self) -> Result<(OwnedFd, OwnedFd), Error> {
        let copy = |end: &OwnedFd| end.try_clone().map_err(Error::io("open", "the jobserver"));
        Ok((copy(&self.read)?, copy(&self.write)?))
    }
}

fn reopen(read: &OwnedFd) -> Option<File> {
    open(&format!("/proc/self/fd/{}", read.as_raw_fd()), true)
}

#[expect(clippy::disallowed_methods, reason = "a descriptor of this process is below no root")]
fn open(path: &str, nonblocking: bool) -> Option<File> {
    let is_pipe = std::fs::metadata(Path::new(path)).is_ok_and(|meta| meta.file_type().is_fifo());
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    // Nonblocking in any case while opening, which would else wait for a writer.
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok().filter(|_| is_pipe)?;
    if !nonblocking {
        rustix::fs::fcntl_setfl(&file, OFlags::empty()).ok()?;
    }
    Some(file)
}
