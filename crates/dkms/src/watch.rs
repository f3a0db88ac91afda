//! What a person sees of a run while it goes on.
//!
//! On a terminal a line for each running build, with the time that it took so far; otherwise a line for what is about to be
//! built, and each minute for what still is. What came of it is a row. All are standard output, which `-q` silences. What
//! goes wrong is reported on standard error as soon as it is known, warnings through the logger.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use dkms_engine::build::BuildEvent;
use dkms_engine::error::Error;
use dkms_engine::install::Weight;
use dkms_engine::layout::Layout;
use dkms_engine::plan::{Action, Operation, Settled, SkipReason, Step};
use dkms_engine::report::rows::Line;
use dkms_engine::report::{Entry, Outcome, Report, words};
use dkms_engine::run::{Observer, Progress, Transcript};
use dkms_engine::target::{KernelId, Target};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::session::Session;

/// What a list of names may take where the user did not ask for all of them: a terminal's columns.
pub(crate) const COLUMNS: usize = 80;

/// Watches one run.
pub(crate) struct Watcher<'a> {
    session: &'a Session,
    layout: &'a Layout,
    progress: MultiProgress,
    running: BTreeMap<Target, ProgressBar>,
    /// depmod, while it runs.
    step: Option<ProgressBar>,
    transcript: Transcript,
    /// That a signal stopped the run has been reported.
    stopped: bool,
    /// The user named no modules, so most of what is not done is normal.
    automatic: bool,
    /// Kernels whose missing headers have been reported.
    headless: BTreeSet<KernelId>,
}

impl<'a> Watcher<'a> {
    /// Draws on the terminal if there is one and it may move.
    pub(crate) fn new(session: &'a Session, progress: &MultiProgress, automatic: bool) -> Self {
        let environment = &session.setup.environment;
        let moves = io::stdout().is_terminal()
            && !session.output.is_quiet()
            && environment.get("NO_COLOR").is_none_or(str::is_empty)
            && environment.get("TERM") != Some("dumb");
        progress.set_draw_target(if moves { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() });
        Self {
            session,
            layout: &session.setup.layout,
            progress: progress.clone(),
            running: BTreeMap::new(),
            step: None,
            transcript: Transcript::new(COLUMNS, session.setup.framework.verbose()),
            stopped: false,
            automatic,
            headless: BTreeSet::new(),
        }
    }

    fn verbose(&self) -> bool {
        self.session.setup.framework.verbose()
    }

    /// A line on standard output, above what moves.
    fn line(&self, text: &str) {
        // A full disk behind standard output must not stop an installation halfway.
        self.progress.suspend(|| drop(self.session.output.line(text)));
    }

    fn complain(&self, text: &str) {
        self.progress.suspend(|| drop(io::stderr().write_all(text.as_bytes())));
    }

    /// The end of the run: what went wrong beside the steps, and the last line.
    pub(crate) fn finish(&mut self, report: &Report) {
        if let Some(bar) = self.step.take() {
            bar.finish_and_clear();
        }
        report.troubles.iter().for_each(|trouble| self.complain(&words::shown_error(trouble)));
        let is_stopped = self.stopped || report.errors().any(is_stop);
        if let Some(summary) = self.transcript.summary(Instant::now()).filter(|_| !is_stopped) {
            self.line(&summary);
        }
    }

    fn started(&mut self, step: &Step) {
        let Action::Build(target) = &step.action else { return };
        if self.progress.is_hidden() {
            return;
        }
        let text = format!("building {target}");
        let bar = self.progress.add(ProgressBar::new_spinner().with_message(text));
        animate(&bar);
        self.running.insert(target.clone(), bar);
    }

    fn building(&self, target: &Target, event: &BuildEvent) {
        let now = |what: &str| {
            if let Some(bar) = self.running.get(target) {
                bar.set_message(format!("building {target}: {what}"));
            }
        };
        match event {
            BuildEvent::Waiting => now("waiting for a free job slot"),
            BuildEvent::StepBegun { description, command } => {
                now(description);
                if self.verbose() {
                    self.line(&format!("{target}: {command}"));
                }
            }
            BuildEvent::StepEnded { .. } => {}
            BuildEvent::Signing { object } => now(&format!("signing {object}")),
            BuildEvent::Warning(text) => {
                log::warn!(module:% = target.module, kernel:% = target.kernel.release; "{text}");
            }
        }
    }

    /// What goes on right now: drawn where something moves, a line for those who want to know everything.
    fn step(&mut self, text: &str) {
        if self.verbose() {
            self.line(text);
        }
        if self.progress.is_hidden() {
            return;
        }
        let bar = self.progress.add(ProgressBar::new_spinner().with_message(text.to_owned()));
        animate(&bar);
        self.step = Some(bar);
    }

    fn show(&mut self, weight: Weight, line: Line) {
        match line {
            Line::Said(text) => match weight {
                Weight::Step => self.step(&text),
                Weight::Detail if !self.verbose() => {}
                _ => self.line(&text),
            },
            Line::Warning(text) => log::warn!("{text}"),
            Line::Unfinished(text) => self.line(&text),
        }
    }

    fn finished(&mut self, entry: &Entry, lines: Vec<(Weight, Line)>) {
        if let Some(kernel) = &entry.kernel {
            let target = Target::new(entry.module.clone(), kernel.clone());
            if let Some(bar) = self.running.remove(&target) {
                bar.finish_and_clear();
            }
        }
        for (weight, line) in lines {
            match (&line, &entry.outcome) {
                // Its error is its end, but all that a signal stopped have the same one.
                (Line::Unfinished(_), Outcome::Failed { operation: Operation::Build, error, .. })
                    if !is_stop(error) => {}
                (Line::Unfinished(text), Outcome::NotTried { .. }) => self.complain(&format!("{text}\n")),
                _ => self.show(weight, line),
            }
        }
        match &entry.outcome {
            Outcome::Failed { error, .. } if is_stop(error) && self.stopped => {}
            Outcome::Failed { error, .. } => {
                self.stopped |= is_stop(error);
                self.complain(&words::shown_error(error));
            }
            Outcome::Settled(why) => self.settled(entry, &words::subject(entry), why),
            Outcome::Done(_) | Outcome::NotTried { .. } => {}
        }
    }

    fn settled(&mut self, entry: &Entry, subject: &str, why: &SkipReason) {
        let settled = Settled { module: entry.module.clone(), kernel: entry.kernel.clone(), why: why.clone() };
        let sentence = || format!("{subject}: {}", words::reason(why));
        match (words::error_of(&settled, self.layout), why) {
            (Some(error), SkipReason::HeadersMissing { .. }) if self.automatic => {
                let is_reported = entry.kernel.as_ref().is_some_and(|kernel| !self.headless.insert(kernel.clone()));
                if !is_reported {
                    self.complain(&words::shown_error(&error));
                }
            }
            (_, SkipReason::Deferred { .. }) if self.automatic => self.line(&sentence()),
            (_, SkipReason::Excluded { .. }) => log::warn!("{}", sentence()),
            (Some(error), SkipReason::Broken) => self.complain(&words::shown_error(&error)),
            (Some(error), _) if !self.automatic || words::fails_automatic(why) => {
                self.complain(&words::shown_error(&error));
            }
            (None, SkipReason::FailedBefore { .. }) => {
                let kernel = entry.kernel.as_ref().map_or("", |kernel| &kernel.release);
                let hint = format!("dkms install {} -k {kernel} tries it again", entry.module);
                self.complain(&words::shown(&sentence(), Some(&hint)));
            }
            _ if !self.automatic || self.verbose() => self.line(&format!("nothing to do for {}", sentence())),
            _ => {}
        }
    }
}

fn is_stop(error: &Error) -> bool {
    matches!(error, Error::Interrupted { .. })
}

/// Gives a bar its shape and lets it move.
fn animate(bar: &ProgressBar) {
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
}

impl Observer for Watcher<'_> {
    fn progress(&mut self, progress: Progress<'_>) {
        if let (Progress::Installing(_) | Progress::Finished(_), Some(bar)) = (&progress, self.step.take()) {
            bar.finish_and_clear();
        }
        let lines = self.transcript.follow(&progress, Instant::now());
        match progress {
            // What moves says it as well.
            Progress::Planned(_) if !self.progress.is_hidden() && !self.verbose() => {}
            Progress::MinutePassed if !self.progress.is_hidden() => {}
            Progress::Started(step) => self.started(step),
            Progress::Building(target, event) => self.building(target, event),
            Progress::Finished(entry) => self.finished(entry, lines),
            _ => lines.into_iter().for_each(|(weight, line)| self.show(weight, line)),
        }
    }
}
