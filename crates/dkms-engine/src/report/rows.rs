//! What is shown of a run while it goes on: a row for each module and kernel, in columns, for all front doors.
//!
//! A build and the installation that follows it are one row. What is the same for many rows is shown once. It prints
//! nothing: a front door gives it what happens and shows the lines that come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::words::list;
use super::{Done, Entry, Outcome};
use crate::error::Error;
use crate::plan::{Action, Because, Operation, Plan};
use crate::record::Signature;
use crate::target::{KernelId, ModuleId, Target};

/// What a front door shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A row of what was done, or a remark that counts for many rows.
    Said(String),
    /// The end of something that did not come to its end; why is in the report.
    Unfinished(String),
    /// Something that ought to be otherwise.
    Warning(String),
}

/// What a run did, for its last line.
#[derive(Debug, Default)]
struct Sum {
    began: Option<Instant>,
    modules: BTreeSet<ModuleId>,
    kernels: BTreeSet<KernelId>,
    done: usize,
    failed: usize,
    not_tried: usize,
    depmod: Duration,
}

/// The rows of one run.
#[derive(Debug)]
pub struct Rows {
    /// Columns that a list of names may take.
    columns: usize,
    module_width: usize,
    kernel_width: usize,
    /// Builds that an installation follows.
    to_install: BTreeSet<Target>,
    /// Installations whose build goes, too.
    to_unbuild: BTreeSet<Target>,
    /// What there is to say of builds that wait for their installation, and of what goes before its build does.
    begun: BTreeMap<Target, String>,
    running: BTreeMap<Target, Instant>,
    /// What counts for many rows and was shown.
    remarks: BTreeSet<String>,
    sum: Sum,
    depmod: Option<Instant>,
}

impl Rows {
    /// Nothing happened yet. `columns` bounds lists of names; `usize::MAX` names everything.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            module_width: 0,
            kernel_width: 0,
            to_install: BTreeSet::new(),
            to_unbuild: BTreeSet::new(),
            begun: BTreeMap::new(),
            running: BTreeMap::new(),
            remarks: BTreeSet::new(),
            sum: Sum::default(),
            depmod: None,
        }
    }

    /// What is about to be built: a line for each kernel and reason. Builds can take minutes, and silence looks like a hang.
    pub fn planned(&mut self, plan: &Plan, now: Instant) -> Vec<String> {
        self.sum.began.get_or_insert(now);
        let mut builds: BTreeMap<(&KernelId, String), Vec<String>> = BTreeMap::new();
        for step in &plan.steps {
            self.module_width = self.module_width.max(step.action.module().to_string().chars().count());
            let Some(target) = step.action.target() else { continue };
            self.kernel_width = self.kernel_width.max(target.kernel.release.chars().count());
            match &step.action {
                Action::Install(_) => drop(self.to_install.insert(target.clone())),
                Action::Unbuild(_) => drop(self.to_unbuild.insert(target.clone())),
                Action::Build(_) => {
                    let names = builds.entry((&target.kernel, reason(&step.because))).or_default();
                    names.push(target.module.to_string());
                }
                _ => {}
            }
        }
        builds.into_iter().flat_map(|((kernel, reason), names)| self.coming(&kernel.release, &reason, &names)).collect()
    }

    /// One line if all names fit, else two.
    fn coming(&self, release: &str, reason: &str, names: &[String]) -> Vec<String> {
        let line = format!("building {} for {release}{reason}", names.join(", "));
        if names.len() == 1 || line.chars().count() <= self.columns {
            return vec![line];
        }
        let head = format!("building {} modules for {release}{reason}:", names.len());
        vec![head, format!("  {}", list(names, self.columns.saturating_sub(2)))]
    }

    /// A build began.
    pub fn started(&mut self, target: &Target, now: Instant) {
        self.running.insert(target.clone(), now);
    }

    /// What is still being built, the longest first: a sign of life.
    pub fn still(&self, now: Instant) -> Option<String> {
        let mut running: Vec<(&Instant, &Target)> =
            self.running.iter().map(|(target, began)| (began, target)).collect();
        running.sort();
        let name = |(began, target): (&Instant, &Target)| {
            let minutes = now.saturating_duration_since(*began).as_secs() / 60;
            format!("{} for {} ({minutes} min)", target.module, target.kernel.release)
        };
        let names: Vec<String> = running.into_iter().map(name).collect();
        let head = "still building ";
        (!names.is_empty()).then(|| format!("{head}{}", list(&names, self.columns.saturating_sub(head.len()))))
    }

    /// depmod began.
    pub fn depmod_begins(&mut self, now: Instant) {
        self.depmod = Some(now);
    }

    /// depmod ended.
    pub fn depmod_ended(&mut self, now: Instant) {
        self.sum.depmod += self.depmod.take().map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
    }

    /// The last line: `6 modules for 2 kernels in 14.1 s (1 failed, depmod 2.0 s)`. A single row says it all itself.
    pub fn summary(&self, now: Instant) -> Option<String> {
        let Sum { began, modules, kernels, done, failed, not_tried, depmod } = &self.sum;
        if done + failed + not_tried < 2 {
            return None;
        }
        let part = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let depmod = (depmod.as_millis() >= 100).then(|| format!("depmod {}", duration(*depmod)));
        let mut parts = [part(*failed, "failed"), part(*not_tried, "not tried"), depmod].into_iter().flatten();
        let kernels =
            if kernels.is_empty() { String::new() } else { format!(" for {}", count(kernels.len(), "kernel")) };
        let head = match done {
            0 => parts.next()?,
            _ => format!("{}{kernels}", count(modules.len(), "module")),
        };
        let rest: Vec<String> = parts.collect();
        let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
        Some(format!("{head} in {}{rest}", duration(now.saturating_duration_since((*began)?))))
    }

    /// What there is to say of something that came to an end. What needed no step is left to the front doors: whether it is
    /// worth a word depends on who asked.
    pub fn finished(&mut self, entry: &Entry, now: Instant) -> Vec<Line> {
        let target = entry.kernel.as_ref().map(|kernel| Target::new(entry.module.clone(), kernel.clone()));
        let began = target.as_ref().and_then(|target| self.running.remove(target));
        let kernel = entry.kernel.as_ref();
        match &entry.outcome {
            Outcome::Settled(_) => Vec::new(),
            Outcome::Done(done) => self.done(&entry.module, target, done),
            Outcome::Failed { operation, error, .. } => {
                self.sum.failed += 1;
                let begun = target.and_then(|target| self.begun.remove(&target));
                let stopped = matches!(error, Error::Interrupted { .. });
                let end = match (begun, began) {
                    (Some(begun), _) if *operation == Operation::Install => format!("{begun}, not installed"),
                    (Some(begun), _) => format!("{begun}, {operation} failed"),
                    (None, Some(began)) => {
                        let after = duration(now.saturating_duration_since(began));
                        format!("{} after {after}", if stopped { "stopped" } else { "failed" })
                    }
                    (None, None) if stopped => format!("no {operation}: stopped before it began"),
                    (None, None) => format!("{operation} failed"),
                };
                vec![Line::Unfinished(self.row(&entry.module, kernel, &end))]
            }
            // That its own build failed has been shown.
            Outcome::NotTried { after, .. } if *after == entry.module => Vec::new(),
            Outcome::NotTried { operation, after } => {
                self.sum.not_tried += 1;
                let end = format!("no {operation}, because `{after}` failed");
                vec![Line::Unfinished(self.row(&entry.module, kernel, &end))]
            }
        }
    }

    fn done(&mut self, module: &ModuleId, target: Option<Target>, done: &Done) -> Vec<Line> {
        let kernel = target.as_ref().map(|target| target.kernel.clone());
        let row = |rows: &mut Self, end: &str| {
            rows.sum.done += 1;
            rows.sum.modules.insert(module.clone());
            rows.sum.kernels.extend(kernel.clone());
            vec![Line::Said(rows.row(module, kernel.as_ref(), end))]
        };
        match done {
            Done::Built { signature, duration_ms, .. } => {
                let built = format!("built in {}", duration(Duration::from_millis(*duration_ms)));
                let mut lines = self.remark(signature);
                match target.filter(|target| self.to_install.contains(target)) {
                    Some(target) => drop(self.begun.insert(target, built)),
                    None => lines.extend(row(self, &built)),
                }
                lines
            }
            Done::Installed { refused, .. } => {
                let left = if refused.is_empty() { String::new() } else { format!(", {} left out", refused.len()) };
                match target.and_then(|target| self.begun.remove(&target)) {
                    Some(built) => row(self, &format!("{built}, installed{left}")),
                    None => row(self, &format!("installed{left}")),
                }
            }
            Done::Linked { from, .. } => row(self, &format!("linked to what is installed for {from}")),
            Done::Unlinked { .. } | Done::Uninstalled { .. } => {
                match target.filter(|target| self.to_unbuild.contains(target)) {
                    Some(target) => {
                        self.begun.insert(target, "uninstalled".to_owned());
                        Vec::new()
                    }
                    None => row(self, "uninstalled"),
                }
            }
            Done::Unbuilt { built } => match target.and_then(|target| self.begun.remove(&target)) {
                Some(_) => row(self, "removed"),
                None if *built => row(self, "its build is removed"),
                None => row(self, "its failed build is forgotten"),
            },
            Done::Deregistered { .. } => row(self, "removed"),
        }
    }

    /// Why modules are not signed: once, however many they are.
    fn remark(&mut self, signature: &Signature) -> Vec<Line> {
        let (reason, intended) = match signature {
            Signature::Signed { .. } => return Vec::new(),
            Signature::Unsigned { reason } => (reason, true),
            Signature::Failed { reason } => (reason, false),
        };
        let text = format!("modules are not signed: {reason}");
        if !self.remarks.insert(text.clone()) {
            return Vec::new();
        }
        vec![if intended { Line::Said(text) } else { Line::Warning(text) }]
    }

    /// `m/1  6.12.1-amd64  end`, in the columns of the plan.
    fn row(&self, module: &ModuleId, kernel: Option<&KernelId>, end: &str) -> String {
        let module = module.to_string();
        let width = if kernel.is_some() { self.module_width } else { 0 };
        let kernel = kernel.map(|kernel| format!("{:width$}  ", kernel.release, width = self.kernel_width));
        format!("{module:width$}  {}{end}", kernel.unwrap_or_default())
    }
}

/// Why something is built, where it is not simply that it never was, or that a person asked.
fn reason(because: &Because) -> String {
    match because {
        Because::Asked | Because::Forced | Because::NotBuilt | Because::NotInstalled | Because::PartOfDepmod => {
            String::new()
        }
        reason => format!(" ({reason})"),
    }
}

/// `1 module`, `2 modules`.
fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `2.9 s`, `75 s`, `12 min 5 s`.
fn duration(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (seconds @ 0..60, millis) => format!("{seconds}.{} s", millis / 100),
        (seconds @ 60..120, _) => format!("{seconds} s"),
        (seconds, _) => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::Step;
    use crate::record::Refusal;

    use super::*;

    fn target(module: &str, release: &str) -> Target {
        Target::new(ModuleId::new(module, "1.0").unwrap(), KernelId::new(release, "x86_64").unwrap())
    }

    fn plan(actions: Vec<(Action, Because)>) -> Plan {
        let step = |(action, because)| Step::new(action, because);
        Plan { steps: actions.into_iter().map(step).collect(), ..Plan::default() }
    }

    fn entry(target: &Target, outcome: Outcome) -> Entry {
        Entry { module: target.module.clone(), kernel: Some(target.kernel.clone()), outcome }
    }

    fn built(duration_ms: u64, signature: Signature) -> Outcome {
        Outcome::Done(Done::Built { because: Because::NotBuilt, signature, duration_ms })
    }

    fn installed(refused: Vec<Refusal>) -> Outcome {
        Outcome::Done(Done::Installed { because: Because::NotInstalled, files: vec!["/x.ko".into()], refused })
    }

    fn failed(operation: Operation, error: Error) -> Outcome {
        Outcome::Failed { operation, because: Because::NotBuilt, error }
    }

    fn image() -> Signature {
        Signature::Unsigned { reason: "this is the root of an image".into() }
    }

    #[test]
    fn a_build_and_its_installation_are_one_row_and_why_nothing_is_signed_is_told_once() {
        let (a, long) = (target("a", "6.1"), target("longer", "6.12.1"));
        let mut rows = Rows::new(80);
        let now = Instant::now();
        let actions = [&a, &long].into_iter().flat_map(|target| {
            [(Action::Build(target.clone()), Because::NotBuilt), (Action::Install(target.clone()), Because::NotBuilt)]
        });
        assert_eq!(
            rows.planned(&plan(actions.collect()), now),
            ["building a/1.0 for 6.1", "building longer/1.0 for 6.12.1"]
        );
        let remark = Line::Said("modules are not signed: this is the root of an image".into());
        assert_eq!(rows.finished(&entry(&a, built(2_987, image())), now), [remark]);
        assert_eq!(rows.finished(&entry(&long, built(125_000, image())), now), []);
        let lines: Vec<Line> =
            [(&long, vec![]), (&a, vec![Refusal { name: "x".into(), reason: "newer".into(), owner: None }])]
                .into_iter()
                .flat_map(|(target, refused)| rows.finished(&entry(target, installed(refused)), now))
                .collect();
        let expected = [
            "longer/1.0  6.12.1  built in 2 min 5 s, installed",
            "a/1.0       6.1     built in 2.9 s, installed, 1 left out",
        ];
        assert_eq!(lines, expected.map(|line| Line::Said(line.into())));
        assert_eq!(rows.summary(now + Duration::from_secs(14)).as_deref(), Some("2 modules for 2 kernels in 14.0 s"));
    }

    #[test]
    fn a_signature_that_was_meant_to_be_is_a_warning_and_a_build_alone_is_a_row() {
        let a = target("a", "6.1");
        let mut rows = Rows::new(80);
        rows.planned(&plan(vec![(Action::Build(a.clone()), Because::Asked)]), Instant::now());
        let lines =
            rows.finished(&entry(&a, built(59_999, Signature::Failed { reason: "no key".into() })), Instant::now());
        let warning = Line::Warning("modules are not signed: no key".into());
        assert_eq!(lines, [warning, Line::Said("a/1.0  6.1  built in 59.9 s".into())]);
        assert_eq!(rows.summary(Instant::now()), None);
    }

    #[test]
    fn the_last_line_has_what_depmod_took() {
        let mut rows = Rows::new(80);
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        rows.planned(&Plan::default(), began);
        for target in [target("a", "6.1"), target("b", "6.1")] {
            rows.finished(&entry(&target, installed(vec![])), after(3));
        }
        rows.finished(&entry(&target("c", "6.1"), failed(Operation::Install, Error::OsRelease)), after(3));
        rows.depmod_begins(after(4));
        rows.depmod_ended(after(6));
        assert_eq!(rows.summary(after(7)).as_deref(), Some("2 modules for 1 kernel in 7.0 s (1 failed, depmod 2.0 s)"));
    }

    #[test]
    fn every_build_that_was_named_has_an_end() {
        let began = Instant::now();
        let later = began + Duration::from_secs(75);
        let targets: Vec<Target> = ["a", "b", "c", "d", "e"].iter().map(|name| target(name, "6.1")).collect();
        let mut rows = Rows::new(80);
        let actions = targets.iter().flat_map(|target| {
            [(Action::Build(target.clone()), Because::NotBuilt), (Action::Install(target.clone()), Because::NotBuilt)]
        });
        rows.planned(&plan(actions.collect()), began);
        for target in &targets[..3] {
            rows.started(target, began);
        }
        let error = || Error::OsRelease;
        let stopped = || Error::Interrupted { signal: 15 };
        rows.finished(&entry(&targets[1], built(1_000, image())), later);
        let outcomes = [
            failed(Operation::Build, error()),
            failed(Operation::Install, error()),
            failed(Operation::Build, stopped()),
            failed(Operation::Build, stopped()),
            Outcome::NotTried { operation: Operation::Build, after: targets[0].module.clone() },
        ];
        let lines: Vec<Line> = targets
            .iter()
            .zip(outcomes)
            .flat_map(|(target, outcome)| rows.finished(&entry(target, outcome), later))
            .collect();
        let expected = [
            "a/1.0  6.1  failed after 75 s",
            "b/1.0  6.1  built in 1.0 s, not installed",
            "c/1.0  6.1  stopped after 75 s",
            "d/1.0  6.1  no build: stopped before it began",
            "e/1.0  6.1  no build, because `a/1.0` failed",
        ];
        assert_eq!(lines, expected.map(|line| Line::Unfinished(line.into())));
        assert_eq!(rows.still(later), None);
        let own = Outcome::NotTried { operation: Operation::Install, after: targets[0].module.clone() };
        assert_eq!(rows.finished(&entry(&targets[0], own), later), []);
        assert_eq!(rows.summary(later).as_deref(), Some("4 failed in 75 s (1 not tried)"));
    }

    #[test]
    fn an_installation_and_its_build_go_in_one_row() {
        let (a, b, c) = (target("a", "6.1"), target("b", "6.1"), target("c", "6.1"));
        let mut rows = Rows::new(80);
        let unbuild = |target: &Target| (Action::Unbuild(target.clone()), Because::KernelRemoved);
        assert!(rows.planned(&plan(vec![unbuild(&a), unbuild(&b)]), Instant::now()).is_empty());
        let uninstalled = || Outcome::Done(Done::Uninstalled { files: vec![], left: vec![], restored: vec![] });
        let gone = |built| Outcome::Done(Done::Unbuilt { built });
        let mut shown = |target: &Target, outcome| rows.finished(&entry(target, outcome), Instant::now());
        assert_eq!(shown(&a, uninstalled()), []);
        assert_eq!(shown(&a, gone(true)), [Line::Said("a/1.0  6.1  removed".into())]);
        assert_eq!(shown(&b, gone(true)), [Line::Said("b/1.0  6.1  its build is removed".into())]);
        assert_eq!(shown(&b, gone(false)), [Line::Said("b/1.0  6.1  its failed build is forgotten".into())]);
        assert_eq!(shown(&c, uninstalled()), [Line::Said("c/1.0  6.1  uninstalled".into())]);
    }

    #[test]
    fn names_are_shown_as_far_as_they_fit_and_a_reason_is_said_for_all() {
        let targets: Vec<Target> = (0..7).map(|at| target(&format!("module{at}"), "6.1")).collect();
        let plan = plan(targets.iter().map(|target| (Action::Build(target.clone()), Because::FilesLost)).collect());
        let end = " for 6.1 (its files are missing or changed)";
        let head = format!("building 7 modules{end}:");
        let names = "  module0/1.0, module1/1.0, module2/1.0, module3/1.0, module4/1.0";
        assert_eq!(Rows::new(80).planned(&plan, Instant::now()), [head.clone(), format!("{names} and 2 more")]);
        assert_eq!(Rows::new(10).planned(&plan, Instant::now()), [head, "  module0/1.0 and 6 more".to_owned()]);
        let all = Rows::new(usize::MAX).planned(&plan, Instant::now());
        assert!(all.len() == 1 && all[0].contains("module6/1.0") && all[0].ends_with(end), "{all:?}");
    }

    #[test]
    fn a_sign_of_life_names_the_longest_first() {
        let began = Instant::now();
        let mut rows = Rows::new(80);
        rows.started(&target("b", "6.1"), began);
        rows.started(&target("a", "6.1"), began + Duration::from_secs(60));
        let line = rows.still(began + Duration::from_secs(185)).unwrap();
        assert_eq!(line, "still building b/1.0 for 6.1 (3 min), a/1.0 for 6.1 (2 min)");
    }
}
