//! What is shown of a run while it goes on: one renderer for all front doors, which only choose where a line goes.

use std::time::Instant;

use super::Progress;
use crate::install::{self, InstallEvent, Weight};
use crate::plan::Action;
use crate::report::rows::{Line, Rows};

/// Turns what happens into lines. It prints nothing.
#[derive(Debug)]
pub struct Transcript {
    rows: Rows,
    is_verbose: bool,
}

impl Transcript {
    /// `columns` bounds lists of names. `is_verbose`: everything is named, and with its path.
    pub fn new(columns: usize, is_verbose: bool) -> Self {
        Self { rows: Rows::new(if is_verbose { usize::MAX } else { columns }), is_verbose }
    }

    /// What there is to say of something that happened, and who gets to read it.
    pub fn follow(&mut self, progress: &Progress<'_>, now: Instant) -> Vec<(Weight, Line)> {
        let notices = |lines: Vec<Line>| lines.into_iter().map(|line| (Weight::Notice, line)).collect();
        match progress {
            Progress::Waiting { holder } => {
                notices(vec![Line::Said(format!("waiting for {holder}, which is changing the tree"))])
            }
            Progress::Planned(plan) => notices(self.rows.planned(plan, now).into_iter().map(Line::Said).collect()),
            Progress::Started(step) => {
                if let Action::Build(target) = &step.action {
                    self.rows.started(target, now);
                }
                Vec::new()
            }
            Progress::MinutePassed => notices(self.rows.still(now).into_iter().map(Line::Said).collect()),
            Progress::Building(..) => Vec::new(),
            Progress::Installing(event) => vec![self.installing(event, now)],
            Progress::Finished(entry) => notices(self.rows.finished(entry, now)),
        }
    }

    fn installing(&mut self, event: &InstallEvent, now: Instant) -> (Weight, Line) {
        match event {
            InstallEvent::DepmodBegins { .. } => self.rows.depmod_begins(now),
            InstallEvent::DepmodEnded { .. } => self.rows.depmod_ended(now),
            _ => {}
        }
        let (weight, text) = install::words(event, self.is_verbose);
        let is_warning = matches!(weight, Weight::Caution | Weight::Warning);
        (weight, if is_warning { Line::Warning(text) } else { Line::Said(text) })
    }

    /// The last line, if there is more to sum up than a single row.
    pub fn summary(&self, now: Instant) -> Option<String> {
        self.rows.summary(now)
    }
}
