//! What is told of a run while it goes on: a line for each module and kernel that changed.
//!
//! Failures are not told here: at the end of a transaction the verdict says what will not work, once and last.

use std::collections::BTreeMap;
use std::io::Write;

use dkms_engine::install::InstallEvent;
use dkms_engine::plan::{Action, Plan, Step};
use dkms_engine::report::{Done, Entry, Outcome, words};
use dkms_engine::run::{Observer, Progress};
use dkms_engine::target::Target;

/// Prints plain lines on standard output.
#[derive(Debug, Default)]
pub struct Lines {
    /// What was told of builds, for the line that says that they are installed.
    built: BTreeMap<Target, String>,
}

impl Observer for Lines {
    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Waiting { holder } => print(&format!("waiting for {holder}, which is changing the tree")),
            Progress::Planned(plan) => self.planned(plan),
            Progress::Finished(entry) => self.finished(entry),
            Progress::Installing(event) => installing(event),
            Progress::Started(_) | Progress::Building(..) => {}
        }
    }
}

impl Lines {
    /// Builds can take minutes, and silence looks like a hang.
    fn planned(&self, plan: &Plan) {
        let is_build = |step: &&Step| matches!(step.action, Action::Build(_));
        let builds: Vec<&Target> = plan.steps.iter().filter(is_build).filter_map(|step| step.action.target()).collect();
        if let [first, others @ ..] = builds.as_slice() {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            print(&format!("building {first}{more}"));
        }
    }

    fn finished(&mut self, entry: &Entry) {
        let Outcome::Done(done) = &entry.outcome else { return };
        let subject = words::subject(entry);
        let target = entry.kernel.as_ref().map(|kernel| Target::new(entry.module.clone(), kernel.clone()));
        match (done, target) {
            (Done::Built { because, .. }, Some(target)) => {
                self.built.insert(target, format!("{} ({because})", words::done(&subject, done)));
            }
            (Done::Installed { refused, .. }, Some(target)) => {
                let left: String =
                    refused.iter().map(|it| format!("; `{}` is left out: {}", it.name, it.reason)).collect();
                match self.built.remove(&target) {
                    Some(built) => print(&format!("{built} and installed it{left}")),
                    None => print(&format!("installed {subject}{left}")),
                }
            }
            (Done::Borrowed { from, .. }, Some(_)) => {
                print(&format!("linked {subject} to what is installed for {from}, which fits"));
            }
            (Done::Unbuilt | Done::GivenBack { .. }, Some(_)) => print(&format!("removed {subject}")),
            _ => {}
        }
    }
}

/// What happens beside the modules themselves, as far as somebody has to know.
fn installing(event: &InstallEvent) {
    match event {
        InstallEvent::Archived { from, to } => print(&format!("keeping `{}` as `{}`", from.display(), to.display())),
        InstallEvent::Restored { path } => print(&format!("putting back `{}`", path.display())),
        InstallEvent::ScriptSays { line } => print(line),
        InstallEvent::ScriptFailed { module, directive, status } => {
            log::warn!("{directive} of `{module}` failed with status {status}");
        }
        InstallEvent::Recovered { target, finished } => {
            let how = if *finished { "finished" } else { "taken back" };
            print(&format!("an installation of {target} was cut off and has been {how}"));
        }
        InstallEvent::WeakModulesFailed { reason } => log::warn!("weak-modules: {reason}"),
        _ => {}
    }
}

/// A full disk or a closed pipe behind standard output must not stop an installation halfway.
fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(format!("dkms: {line}\n").as_bytes()).and_then(|()| stdout.flush()));
}
