//! What is told of a run while it goes on: a row for each module and kernel that changed, or did not come to its end.
//!
//! Why something failed is not told here: at the end of a transaction the verdict says what will not work, once and last.

use std::io::Write;
use std::time::Instant;

use dkms_engine::install::InstallEvent;
use dkms_engine::plan::Action;
use dkms_engine::report::rows::{Line, Rows};
use dkms_engine::report::words;
use dkms_engine::run::{Observer, Progress};

/// A terminal's columns, less our name before each line.
const COLUMNS: usize = 80 - "dkms: ".len();

/// Prints plain lines on standard output.
#[derive(Debug)]
pub struct Lines {
    rows: Rows,
}

impl Default for Lines {
    fn default() -> Self {
        Self { rows: Rows::new(COLUMNS) }
    }
}

impl Observer for Lines {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Waiting { holder } => print(&format!("waiting for {holder}, which is changing the tree")),
            Progress::Planned(plan) => self.rows.planned(plan).iter().for_each(|line| print(line)),
            Progress::Started(step) => {
                if let Action::Build(target) = &step.action {
                    self.rows.started(target, Instant::now());
                }
            }
            Progress::MinutePassed => self.rows.still(Instant::now()).iter().for_each(|line| print(line)),
            Progress::Finished(entry) => {
                for line in self.rows.finished(entry, Instant::now()) {
                    match line {
                        Line::Said(text) | Line::Unfinished(text) => print(&text),
                        Line::Warning(text) => log::warn!("{text}"),
                    }
                }
            }
            Progress::Installing(event) => installing(event),
            Progress::Building(..) => {}
        }
    }
}

/// What happens beside the modules themselves, as far as somebody has to know.
fn installing(event: &InstallEvent) {
    match event {
        InstallEvent::Archived { from, to, package } => print(&words::archived(from, to, package.as_deref())),
        InstallEvent::Restored { path } => print(&format!("putting back `{}`", path.display())),
        InstallEvent::Refused { name, reason } => log::warn!("`{name}` is not installed: {reason}"),
        InstallEvent::TakenOver { object, from, to } => {
            print(&format!("`{object}` is {to}'s from now on, and no more {from}'s"));
        }
        InstallEvent::ScriptSays { line } => print(line),
        InstallEvent::ScriptFailed { module, directive, status } => {
            log::warn!("{directive} of `{module}` failed with status {status}");
        }
        InstallEvent::Recovered { target, finished } => {
            let how = if *finished { "finished" } else { "taken back" };
            print(&format!("an installation of {target} was cut off and has been {how}"));
        }
        InstallEvent::Unfit { object, reason } => log::warn!("`{}`: {reason}", object.display()),
        InstallEvent::WeakModulesFailed { reason } => log::warn!("weak-modules: {reason}"),
        _ => {}
    }
}

/// A full disk or a closed pipe behind standard output must not stop an installation halfway.
fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(format!("dkms: {line}\n").as_bytes()).and_then(|()| stdout.flush()));
}
