//! What a person sees of a run while it goes on.
//!
//! On a terminal a line for each running build, with the time that it took so far; otherwise a line for what is about to be
//! built, and each minute for what still is. What came of it is a row. All are standard output, which `-q` silences. What goes wrong is told on standard error as soon as it is
//! known, warnings through the logger.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use dkms_engine::build::BuildEvent;
use dkms_engine::error::Error;
use dkms_engine::install::{InstallEvent, LeftBecause};
use dkms_engine::layout::Layout;
use dkms_engine::plan::{Action, Operation, Plan, Settled, Step, Why};
use dkms_engine::report::rows::{Line, Rows};
use dkms_engine::report::{Entry, Outcome, words};
use dkms_engine::run::{Observer, Progress};
use dkms_engine::target::{KernelId, Target};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::session::Session;

/// What a list of names may take where nobody asked for all of them: a terminal's columns.
const COLUMNS: usize = 80;

/// Watches one run.
pub(crate) struct Watcher<'a> {
    session: &'a Session,
    layout: &'a Layout,
    progress: MultiProgress,
    running: BTreeMap<Target, ProgressBar>,
    rows: Rows,
    /// That a signal stopped the run has been told.
    stopped: bool,
    /// Nobody named the modules, so most of what is not done is the normal course of things.
    automatic: bool,
    /// Kernels whose missing headers have been told.
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
        let layout = &session.setup.layout;
        let rows = Rows::new(if session.setup.framework.verbose() { usize::MAX } else { COLUMNS });
        let (running, headless) = (BTreeMap::new(), BTreeSet::new());
        Self { session, layout, progress: progress.clone(), running, rows, stopped: false, automatic, headless }
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

    /// Something beside the steps went wrong.
    pub(crate) fn trouble(&self, error: &Error) {
        self.complain(&words::shown_error(error));
    }

    fn planned(&mut self, plan: &Plan) {
        let lines = self.rows.planned(plan);
        // What moves says it as well.
        if self.progress.is_hidden() || self.verbose() {
            lines.iter().for_each(|line| self.line(line));
        }
    }

    fn started(&mut self, step: &Step) {
        let Action::Build(target) = &step.action else { return };
        self.rows.started(target, Instant::now());
        if self.progress.is_hidden() {
            return;
        }
        let text = format!("building {target}");
        let bar = self.progress.add(ProgressBar::new_spinner().with_message(text));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.running.insert(target.clone(), bar);
    }

    fn building(&self, target: &Target, event: &BuildEvent) {
        let now = |what: &str| {
            if let Some(bar) = self.running.get(target) {
                bar.set_message(format!("building {target}: {what}"));
            }
        };
        match event {
            BuildEvent::Waiting => now("waiting for a processor"),
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

    fn installing(&self, event: &InstallEvent) {
        use InstallEvent as E;
        if let Some(text) = warning(event) {
            return log::warn!("{text}");
        }
        let detail = match event {
            E::Archived { from, to, package } => {
                self.line(&words::archived(from, to, package.as_deref()));
                return;
            }
            E::Restored { path } => {
                self.line(&format!("putting back `{}`", path.display()));
                return;
            }
            E::DepmodBegins { release } => {
                self.line(&format!("running depmod for {release}"));
                return;
            }
            E::TakenOver { object, from, to } => {
                self.line(&format!("`{object}` is {to}'s from now on, and no more {from}'s"));
                return;
            }
            E::PostTransaction { command } => {
                self.line(&format!("running post_transaction: {command}"));
                return;
            }
            E::ScriptSays { line } => {
                self.line(line);
                return;
            }
            E::ScriptBegins { module, directive } => {
                self.line(&format!("running {directive} of {module}"));
                return;
            }
            E::Left { .. }
            | E::Missing { .. }
            | E::PostTransactionFailed { .. }
            | E::Recovered { .. }
            | E::Refused { .. }
            | E::ScriptFailed { .. }
            | E::ScriptSkipped { .. }
            | E::FitUnknown { .. }
            | E::Unfit { .. }
            | E::WeakModulesFailed { .. } => return,
            E::Activated { target } => format!("{target} is the active version"),
            E::Deactivated { target } => format!("{target} is not the active version any more"),
            E::DepmodEnded { release } => format!("depmod for {release} is done"),
            E::DepmodLeftOut { release } => format!("depmod for {release} is left to its package"),
            E::ListForces { list, .. } => format!("forced by `{}`", list.display()),
            E::Loading { aliases } => format!("loading modules for {} devices", aliases.len()),
            E::Placed { path, .. } => format!("placed `{}`", path.display()),
            E::Removed { path } => format!("removed `{}`", path.display()),
        };
        if self.verbose() {
            self.line(&detail);
        }
    }

    fn finished(&mut self, entry: &Entry) {
        if let Some(kernel) = &entry.kernel {
            let target = Target::new(entry.module.clone(), kernel.clone());
            if let Some(bar) = self.running.remove(&target) {
                bar.finish_and_clear();
            }
        }
        for line in self.rows.finished(entry, Instant::now()) {
            match line {
                Line::Said(text) => self.line(&text),
                Line::Warning(text) => log::warn!("{text}"),
                Line::Unfinished(text) => match &entry.outcome {
                    // Its error is its end, but all that a signal stopped have the same one.
                    Outcome::Failed { operation: Operation::Build, error, .. } if !is_stop(error) => {}
                    Outcome::NotTried { .. } => self.complain(&format!("{text}\n")),
                    _ => self.line(&text),
                },
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

    fn settled(&mut self, entry: &Entry, subject: &str, why: &Why) {
        let settled = Settled { module: entry.module.clone(), kernel: entry.kernel.clone(), why: why.clone() };
        let sentence = || format!("{subject}: {}", words::reason(why));
        match (words::error_of(&settled, self.layout), why) {
            (Some(error), Why::HeadersMissing { .. }) if self.automatic => {
                let told = entry.kernel.as_ref().is_some_and(|kernel| !self.headless.insert(kernel.clone()));
                if !told {
                    self.complain(&words::shown_error(&error));
                }
            }
            (_, Why::Deferred { .. }) if self.automatic => self.line(&sentence()),
            (_, Why::Excluded { .. }) => log::warn!("{}", sentence()),
            (Some(error), Why::Broken) => self.complain(&words::shown_error(&error)),
            (Some(error), _) if !self.automatic || words::fails_automatic(why) => {
                self.complain(&words::shown_error(&error));
            }
            (None, Why::FailedBefore { .. }) => {
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

/// Why something stays where it is.
fn left(reason: LeftBecause) -> &'static str {
    match reason {
        LeftBecause::Changed => "it is not what was put there",
        LeftBecause::OriginInvalid => "the note beside it names a place outside its kernel",
        LeftBecause::OriginTaken => "its old place is taken",
        LeftBecause::OriginUnknown => "nobody noted where it came from",
        LeftBecause::Superseded => "the kernel has a newer one now",
        LeftBecause::Unknown => "nothing of dkms has that name",
    }
}

impl Observer for Watcher<'_> {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Waiting { holder } => log::warn!("waiting for {holder}, which is changing the tree"),
            Progress::Planned(plan) => self.planned(plan),
            Progress::MinutePassed if self.progress.is_hidden() => {
                self.rows.still(Instant::now()).iter().for_each(|line| self.line(line));
            }
            Progress::MinutePassed => {}
            Progress::Started(step) => self.started(step),
            Progress::Building(target, event) => self.building(target, event),
            Progress::Installing(event) => self.installing(event),
            Progress::Finished(entry) => self.finished(entry),
        }
    }
}

/// What a person should look at.
fn warning(event: &InstallEvent) -> Option<String> {
    use InstallEvent as E;
    Some(match event {
        E::Left { path, reason } => {
            format!("`{}` is left where it is: {}", path.display(), left(*reason))
        }
        E::Missing { path } => format!("`{}` is gone already", path.display()),
        E::PostTransactionFailed { outcome, .. } => format!("post_transaction: {outcome}"),
        E::Recovered { target, finished } => {
            let how = if *finished { "finished" } else { "taken back" };
            format!("an installation of {target} was cut off and has been {how}")
        }
        E::Refused { name, reason } => format!("`{name}` is not installed: {reason}"),
        E::ScriptFailed { module, directive, status } => {
            format!("{directive} of `{module}` failed with status {status}")
        }
        E::ScriptSkipped { directive, path, missing } => {
            let what = if *missing { "is not there" } else { "may not be executed" };
            format!("{directive} is left out: `{}` {what}", path.display())
        }
        E::FitUnknown { target } => {
            format!("cannot tell whether {target} fits: the kernel's table of symbols (Module.symvers) is not there")
        }
        E::Unfit { object, reason } => {
            format!("`{}` is installed by force: {reason}", object.display())
        }
        E::WeakModulesFailed { reason } => format!("weak-modules: {reason}"),
        _ => return None,
    })
}
