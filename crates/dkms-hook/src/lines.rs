//! What is shown of a run while it goes on: a row for each module and kernel that changed, or did not come to its end.
//!
//! Why something failed is not shown here: at the end of a transaction the verdict says what will not work, once and last.

use std::io::Write;
use std::time::Instant;

use dkms_engine::install::Weight;
use dkms_engine::report::rows::Line;
use dkms_engine::run::{Observer, Progress, Transcript};

/// A terminal's columns, less our name before each line.
const COLUMNS: usize = 80 - "dkms: ".len();

/// Prints plain lines on standard output.
#[derive(Debug)]
pub struct Lines {
    transcript: Transcript,
}

impl Default for Lines {
    fn default() -> Self {
        Self { transcript: Transcript::new(COLUMNS, false) }
    }
}

impl Lines {
    /// The last line.
    pub(crate) fn finish(&self) {
        if let Some(line) = self.transcript.summary(Instant::now()) {
            print(&line);
        }
    }
}

impl Observer for Lines {
    fn progress(&mut self, progress: Progress<'_>) {
        for (weight, line) in self.transcript.follow(&progress, Instant::now()) {
            match (weight, line) {
                (Weight::Detail | Weight::Step | Weight::Progress | Weight::Caution, _) => {}
                (_, Line::Said(text) | Line::Unfinished(text)) => print(&text),
                (_, Line::Warning(text)) => log::warn!("{text}"),
            }
        }
    }
}

/// A full disk or a closed pipe behind standard output must not stop an installation halfway.
fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(format!("dkms: {line}\n").as_bytes()).and_then(|()| stdout.flush()));
}
