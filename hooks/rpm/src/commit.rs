//! A commit of zypper, as its plugin sees it.
//!
//! As long as it goes on, what triggers get is kept (see [`Commit`]), and acted on once, when it ends.
//!
//! Frames are a command, headers, an empty line and a body, and end with a zero byte; each is answered. zypper takes half a
//! minute of silence for the end of a plugin, and kills it: an answer that takes long is begun at once, and has a header more
//! every few seconds.

use std::fs::File;
use std::io::{BufRead, Write};
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use dkms_engine::transaction::commit::Commit;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getppid, pidfd_getfd, pidfd_open};

/// How the answer to every frame begins.
const ACK: &[u8] = b"ACK\n";
/// One more header of an answer.
const WORKING: &[u8] = b"dkms:working\n";
/// How an answer ends.
const END: &[u8] = b"\n\0";
/// How long zypper hears nothing.
const SILENCE: Duration = Duration::from_secs(5);

/// Answers zypper until it has no more to say; when the commit is over, `ended` gets the paths of all rpm runs.
pub(crate) fn attend(ended: impl Fn(&str) -> ExitCode) -> ExitCode {
    let Ok(mut answers) = step_aside() else { return ExitCode::SUCCESS };
    let mut commit = dkms_hook::root().as_ref().and_then(Commit::begin);
    let mut frames = std::io::stdin().lock();
    let mut frame = Vec::new();
    while frames.read_until(0, &mut frame).is_ok_and(|read| read > 0) {
        let is_end = command(&frame) == "COMMITEND";
        let act = || {
            if is_end {
                ended(&commit.take().map_or_else(String::new, Commit::end));
            }
        };
        if answer(&mut answers, SILENCE, act).is_err() {
            break;
        }
        frame.clear();
    }
    // zypper died, or gave up: what was installed until then is installed.
    if let Some(paths) = commit.map(Commit::end).filter(|paths| !paths.is_empty()) {
        ended(&paths);
    }
    ExitCode::SUCCESS
}

/// Answers a frame when what it asks for is done, and is never silent for longer than `silence` meanwhile. There may be none
/// left who listens: what is to be done is done.
fn answer(answers: &mut File, silence: Duration, act: impl FnOnce()) -> std::io::Result<()> {
    let begun = answers.write_all(ACK);
    let more = answers.try_clone();
    let (done, is_done) = channel::<()>();
    std::thread::scope(|scope| {
        if let Ok(mut more) = more {
            let is_silent = move || is_done.recv_timeout(silence) == Err(RecvTimeoutError::Timeout);
            scope.spawn(move || while is_silent() && more.write_all(WORKING).is_ok() {});
        }
        // Dropped also if this panics.
        let _done = done;
        act();
    });
    begun.and_then(|()| answers.write_all(END))
}

/// Leaves standard output to the answers alone. What is reported from now on goes where zypper itself tells errors, as it
/// shows nothing of what its plugins say; if that is out of reach, to standard error, which is its log.
fn step_aside() -> rustix::io::Result<File> {
    let answers = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let screen = screen().or_else(|error| {
        log::debug!("the screen of zypper: {error}");
        rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)
    })?;
    rustix::stdio::dup2_stdout(&screen)?;
    rustix::stdio::dup2_stderr(&screen)?;
    Ok(File::from(answers))
}

/// Standard error of who started us: on its standard output there may be XML for a program.
fn screen() -> rustix::io::Result<OwnedFd> {
    let zypper = pidfd_open(getppid().ok_or(rustix::io::Errno::SRCH)?, PidfdFlags::empty())?;
    pidfd_getfd(&zypper, 2, PidfdGetfdFlags::empty())
}

fn command(frame: &[u8]) -> &str {
    let line = frame.trim_ascii_start().split(|byte| matches!(byte, b'\n' | b'\r' | 0)).next().unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;

    #[test]
    fn an_answer_that_takes_long_is_not_silent() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = || std::fs::read(file.path()).unwrap();
        let mut answers = file.reopen().unwrap();
        answer(&mut answers, Duration::from_secs(600), || ()).unwrap();
        assert_eq!(said(), b"ACK\n\n\0");
        answers.set_len(0).unwrap();
        answers.seek(SeekFrom::Start(0)).unwrap();
        answer(&mut answers, Duration::from_millis(1), || {
            while !said().ends_with(b"dkms:working\ndkms:working\n") {
                std::thread::yield_now();
            }
        })
        .unwrap();
        let said = said();
        assert!(said.starts_with(b"ACK\ndkms:working\n") && said.ends_with(b"dkms:working\n\n\0"));
    }

    #[test]
    fn a_frame_begins_with_its_command() {
        for (frame, wanted) in [
            (&b"COMMITEND\ncontent-length:2\n\n{}\0"[..], "COMMITEND"),
            (b"\nPLUGINBEGIN\n\n\0", "PLUGINBEGIN"),
            (b"_DISCONNECT\0", "_DISCONNECT"),
            (b"\0", ""),
            (b"\xff\n\0", ""),
        ] {
            assert_eq!(command(frame), wanted);
        }
    }
}
