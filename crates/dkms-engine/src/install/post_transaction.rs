//! `post_transaction`: the administrator's command after modules were installed or removed, an initramfs rebuild for
//! example. Once at the end of a run that changed a kernel's modules, never after one that changed nothing.
//!
//! Its output goes to `post_transaction.log`, begun anew each time, in the form of make.log. Its failure is reported and
//! changes nothing about what was done.

use std::io::Write;
use std::time::Duration;

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::layout::SHELL;
use crate::system::root::RootMut;
use crate::system::staged::Staged;

/// Runs the command for the kernels that were changed: once if it does not name the kernel, else once for each.
///
/// # Errors
/// `Interrupted`, or `Io` of the log.
pub fn post_transaction(session: &mut Session<'_>, releases: &[String]) -> Result<(), Error> {
    let mut commands: Vec<(String, &str)> = Vec::new();
    for release in releases {
        if let Some(command) = session.setup.framework.post_transaction(release) {
            if !commands.iter().any(|(known, _)| *known == command) {
                commands.push((command, release));
            }
        }
    }
    if commands.is_empty() {
        return Ok(());
    }
    let path = session.setup.layout.post_transaction_log();
    Staged::file(session.root(), &path, b"", 0o644)?.publish()?;
    for (command, release) in commands {
        session.say(InstallEvent::PostTransaction { command: command.clone() });
        if let Err(error) = run(session, &command, release) {
            if matches!(error, Error::Interrupted { .. }) {
                return Err(error);
            }
            session.say(InstallEvent::PostTransactionFailed { command, outcome: error.to_string() });
        }
    }
    Ok(())
}

fn run(session: &Session<'_>, command: &str, release: &str) -> Result<(), Error> {
    let setup = session.setup;
    let path = setup.layout.post_transaction_log();
    let mut log = end_of(session.root(), &path)?;
    write!(log, "\nRunning the post_transaction script\n# command: {command}\n").map_err(Error::io("write", &path))?;
    let tool = setup.tool(SHELL)?.inherit(&setup.environment).env("kernelver", release).args(["-c", command]);
    let finished = tool.append_to(&log)?;
    let mut log = end_of(session.root(), &path)?;
    let (status, elapsed) = (finished.end.status(), clock(finished.duration));
    write!(log, "\n# exit code: {status}\n# elapsed time: {elapsed}\n{}\n", "-".repeat(64))
        .map_err(Error::io("write", &path))?;
    finished.require(b"")
}

fn end_of(root: &RootMut, path: &std::path::Path) -> Result<std::fs::File, Error> {
    use std::io::{Seek, SeekFrom};
    let mut file = root.open_or_create(path, 0o644)?;
    file.seek(SeekFrom::End(0)).map_err(Error::io("write", path))?;
    Ok(file)
}

fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
