//! Carries a plan out: builds in parallel, everything else here, depmod once per kernel at the end.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::attempts::{self, Reason};
use super::schedule::{Job, Sender, Task, drive};
use super::{Depmod, Observer, Progress, RunOptions, failures, weak_links};
use crate::build::{self, BuildEvent, BuildOrder, Failed};
use crate::error::Error;
use crate::facts::{Configuration, Examined, Facts};
use crate::install::{self, Installed, Session};
use crate::jobs::Jobs;
use crate::plan::{Action, Because, Operation, Plan, SkipReason, Step, WeakLink};
use crate::register;
use crate::report::{Done, Entry, Outcome, Report};
use crate::setup::Setup;
use crate::sign::{self, Origin, Signed};
use crate::signer::Signer;
use crate::system::lock::Guard;
use crate::target::{KernelId, Target};

/// How often builds that take long give a sign of life.
const MINUTE: Duration = Duration::from_secs(60);

/// What a worker has to say.
enum Message {
    /// The build begins.
    Started,
    /// The build goes on.
    Build(BuildEvent),
}

type WorkResult = Result<Signed, Box<Failed>>;

/// Takes all steps and completes the report.
pub(super) fn carry_out(
    setup: &Setup,
    guard: &Guard,
    facts: &Facts,
    plan: &Plan,
    options: &RunOptions,
    report: &mut Report,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let jobs = Jobs::new(setup, guard.root())?;
    let signers: BTreeMap<&KernelId, Signer> =
        facts.kernels.iter().map(|(id, kernel)| (id, Signer::find(setup, kernel))).collect();
    let observer = RefCell::new(observer);
    let mut listener = |event| observer.borrow_mut().progress(Progress::Installing(&event));
    let mut session = Session::new(setup, guard, &mut listener);
    session.note_initramfs = options.initramfs;
    let build_one =
        |target: &Target, listener: build::Listener<'_>| build_one(setup, facts, target, &signers, &jobs, listener);
    let mut executor = Executor {
        setup,
        guard,
        facts,
        options,
        jobs: &jobs,
        build: &build_one,
        session,
        observer: &observer,
        report,
        installed: Vec::new(),
    };
    let schedule: Vec<Job<&Target>> = plan
        .steps
        .iter()
        .map(|step| Job { parallel: step.action.build(), after: step.after.clone(), waits: step.waits.clone() })
        .collect();
    let work = |target: &&Target, sender: &Sender<Message, WorkResult>| {
        sender.say(Message::Started);
        build_one(target, &|event| sender.say(Message::Build(event)))
    };
    drive(&schedule, jobs.workers(), MINUTE, &work, &mut |task| match task {
        Task::Elapsed => {
            executor.say(Progress::MinutePassed);
            true
        }
        Task::Message(place, message) => executor.pass_on(&plan.steps[place], &message),
        Task::GiveUp(place, earlier) => executor.give_up(&plan.steps[place], &plan.steps[earlier]),
        Task::Finish(place, result) => executor.finish(&plan.steps[place], result),
    });
    executor.complete();
    Ok(())
}

/// The part of a build that runs on a worker thread.
fn build_one(
    setup: &Setup,
    facts: &Facts,
    target: &Target,
    signers: &BTreeMap<&KernelId, Signer>,
    jobs: &Jobs,
    listener: build::Listener<'_>,
) -> WorkResult {
    let found = (facts.kernels.get(&target.kernel), examined(facts, target), signers.get(&target.kernel));
    let (Some(kernel), Some(examined), Some(signer)) = found else {
        return Err(Box::new(Failed::before(Error::NotAdded { module: target.module.clone() })));
    };
    let order = BuildOrder {
        target: target.clone(),
        kernel: kernel.clone(),
        config: examined.config.clone(),
        records: examined.exclusion.built().collect(),
    };
    let built = build::build(setup, order, jobs, listener)?;
    sign::sign(setup, built, signer, jobs, listener)
}

fn examined<'a>(facts: &'a Facts, target: &Target) -> Option<&'a Examined> {
    match &facts.targets.get(target)?.configuration {
        Configuration::Examined(examined) => Some(examined),
        _ => None,
    }
}

/// What the calling thread does with its steps.
struct Executor<'a, 'o> {
    setup: &'a Setup,
    guard: &'a Guard,
    facts: &'a Facts,
    options: &'a RunOptions,
    jobs: &'a Jobs,
    build: &'a dyn Fn(&Target, build::Listener<'_>) -> WorkResult,
    session: Session<'a>,
    observer: &'a RefCell<&'o mut dyn Observer>,
    report: &'a mut Report,
    installed: Vec<Installed>,
}

impl Executor<'_, '_> {
    fn say(&self, progress: Progress<'_>) {
        self.observer.borrow_mut().progress(progress);
    }

    fn pass_on(&self, step: &Step, message: &Message) -> bool {
        match (message, step.action.target()) {
            (Message::Build(event), Some(target)) => self.say(Progress::Building(target, event)),
            _ => self.say(Progress::Started(step)),
        }
        true
    }

    fn give_up(&mut self, step: &Step, earlier: &Step) -> bool {
        let outcome = Outcome::NotTried { operation: step.action.operation(), after: earlier.action.module().clone() };
        self.enter(step, outcome);
        false
    }

    /// Ends a step; whether it succeeded.
    fn finish(&mut self, step: &Step, result: Option<WorkResult>) -> bool {
        let because = step.because.clone();
        if result.is_none() {
            self.say(Progress::Started(step));
        }
        if let (Action::Install(target), Ok(())) = (&step.action, self.setup.cancel.check()) {
            if let Some(why) = self.overtaken(step, target) {
                // It stays built. What is to come after it may come.
                self.enter(step, Outcome::Settled(why));
                return true;
            }
        }
        let done = self.setup.cancel.check().and_then(|()| match (&step.action, result) {
            (Action::Build(target), Some(result)) => self.keep(target, result, because),
            (Action::Build(target), None) => self.keep(target, (self.build)(target, &|_| {}), because),
            (Action::Install(target), _) => self.install(step, target, because),
            (Action::Link(WeakLink { target, from }), _) => {
                let links = install::link(&mut self.session, target, from)?;
                Ok(Done::Linked { from: from.release.clone(), links })
            }
            (Action::Unlink(WeakLink { target, from }), _) => {
                Ok(Done::Unlinked { links: install::unlink(&mut self.session, target, from)? })
            }
            (Action::Uninstall(target), _) => self.uninstall(target),
            (Action::Unbuild(target), _) => {
                let built = register::unbuild(self.setup, self.guard, target)?;
                failures::forget(self.setup, self.guard, target)?;
                attempts::forget(self.setup, self.guard, target)?;
                Ok(Done::Unbuilt { built })
            }
            (Action::Deregister(module), _) => {
                register::reinstate(self.setup, self.guard, module)?;
                failures::forget_all(self.setup, self.guard, module)?;
                attempts::forget_all(self.setup, self.guard, module)?;
                let left = register::deregister(self.setup, self.guard, module)?;
                Ok(Done::Deregistered { left })
            }
        });
        let success = done.is_ok();
        let outcome = match done {
            Ok(done) => Outcome::Done(done),
            Err(error) => Outcome::Failed { operation: step.action.operation(), because: step.because.clone(), error },
        };
        self.enter(step, outcome);
        success
    }

    fn enter(&mut self, step: &Step, outcome: Outcome) {
        let kernel = step.action.target().map(|target| target.kernel.clone());
        let entry = Entry { module: step.action.module().clone(), kernel, outcome };
        self.say(Progress::Finished(&entry));
        self.report.entries.push(entry);
    }

    /// Keeps a build, or what is to be known of its failure.
    fn keep(&mut self, target: &Target, result: WorkResult, because: Because) -> Result<Done, Error> {
        let changes = match &result {
            Ok(signed) => signed.own_changes(),
            Err(failed) => failed.own_changes(),
        };
        for (before, after) in changes {
            self.session.note_own_change(&target.module, &before, after);
        }
        let examined = examined(self.facts, target);
        let settled = examined.map(|examined| self.session.settled(&target.module, &examined.fingerprint));
        let reason = Reason::new(because.clone(), self.facts.targets.get(target), settled.as_ref());
        let signed = match result {
            Ok(signed) => signed,
            Err(failed) => {
                let inputs = examined.map(|examined| &examined.config).zip(settled);
                return Err(failures::remember(self.setup, self.guard, target, inputs, reason, *failed));
            }
        };
        attempts::set_aside(self.setup, self.guard, target);
        let duration = signed.duration().unwrap_or_default();
        let fingerprint = settled.unwrap_or_default();
        let signed = signed.store(self.setup, self.jobs, self.guard, Origin { fingerprint })?;
        failures::forget(self.setup, self.guard, target)?;
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        attempts::note(self.setup, self.guard, target, reason.built(self.setup, duration_ms));
        Ok(Done::Built { because, signature: signed.signature, duration_ms })
    }

    /// Why nothing is installed of a target after all: the plan is asked again, with what other modules have by now.
    fn overtaken(&mut self, step: &Step, target: &Target) -> Option<SkipReason> {
        let objects = self.facts.targets.get(target)?.objects();
        let held = install::held(&self.session, target, &step.placement.yields);
        step.placement.overtaken(objects.into_iter(), &held)
    }

    fn install(&mut self, step: &Step, target: &Target, because: Because) -> Result<Done, Error> {
        let missing = || Error::NotAdded { module: target.module.clone() };
        let kernel = self.facts.kernels.get(&target.kernel).ok_or_else(missing)?;
        let config = self.facts.targets.get(target).and_then(|known| known.config()).ok_or_else(missing)?;
        let signed = Signed::load(self.setup, target)?.ok_or_else(missing)?;
        let installed = install::install(&mut self.session, &signed, kernel, config, &step.placement)?;
        let done = Done::Installed { because, files: installed.files.clone(), refused: installed.refused.clone() };
        self.installed.push(installed);
        Ok(done)
    }

    fn uninstall(&mut self, target: &Target) -> Result<Done, Error> {
        let config = self.facts.targets.get(target).and_then(|known| known.config());
        let gone = install::uninstall(&mut self.session, target, config)?;
        Ok(Done::Uninstalled { files: gone.removed, left: gone.left, restored: gone.restored })
    }

    /// What follows once for all steps.
    fn complete(&mut self) {
        failures::show_logs(self.setup, self.guard, self.report);
        if let Err(Error::Interrupted { signal }) = self.setup.cancel.check() {
            return self.leave_to_the_next_run(signal);
        }
        if let Err(error) = self.look_again() {
            self.report.troubles.push(error);
        }
        let changed: Vec<String> = self.session.changed_kernels().map(str::to_owned).collect();
        for release in &changed {
            let result = match self.options.depmod {
                Depmod::Run => install::depmod(&mut self.session, release),
                Depmod::LeaveOut => install::forgo_depmod(&mut self.session, release),
                Depmod::Later => Ok(()),
            };
            match result {
                Ok(()) => {}
                Err(Error::Interrupted { signal }) => return self.leave_to_the_next_run(signal),
                Err(error) => self.take_back(release, error),
            }
        }
        for release in &changed {
            let files: Vec<_> = self
                .installed
                .iter()
                .filter(|installed| installed.target.kernel.release == *release)
                .flat_map(|installed| installed.files.clone())
                .collect();
            if let Err(error) = install::load_for_devices(&mut self.session, release, &files) {
                self.report.troubles.push(error);
            }
        }
        if !changed.is_empty() {
            if let Err(error) = install::post_transaction(&mut self.session, &changed) {
                self.report.troubles.push(error);
            }
        }
    }

    /// What was installed may fit other kernels, which is known now: a second plan says into which of them it is linked.
    fn look_again(&mut self) -> Result<(), Error> {
        let installed: BTreeSet<Target> = self.installed.iter().map(|installed| installed.target.clone()).collect();
        let Some(goal) = weak_links::goal(self.setup, installed)? else { return Ok(()) };
        let (_, plan) = super::look(self.setup, &goal)?;
        if !plan.steps.is_empty() {
            self.say(Progress::Planned(&plan));
        }
        let mut done: Vec<bool> = Vec::new();
        for step in &plan.steps {
            let failed = step.after.iter().find(|earlier| !done[**earlier]);
            done.push(match failed {
                Some(earlier) => self.give_up(step, &plan.steps[*earlier]),
                None => self.finish(step, None),
            });
        }
        Ok(())
    }

    /// A signal stopped us. What is in place is whole and stays; each kernel whose depmod is due has a note of that, by which the
    /// next run makes up for it.
    fn leave_to_the_next_run(&mut self, signal: i32) {
        let due = self.session.changed_kernels().map(|kernel| Error::DepmodDue { kernel: kernel.to_owned(), signal });
        self.report.troubles.extend(due);
    }

    /// Without depmod no installation of a kernel counts: they go back to built.
    fn take_back(&mut self, release: &str, error: Error) {
        let reason = error.to_string();
        let (lost, kept) = std::mem::take(&mut self.installed)
            .into_iter()
            .partition::<Vec<_>, _>(|installed| installed.target.kernel.release == release);
        self.installed = kept;
        for installed in lost {
            install::roll_back(&mut self.session, &installed);
            let target = &installed.target;
            let is_it = |entry: &&mut Entry| {
                entry.module == target.module
                    && entry.kernel.as_ref() == Some(&target.kernel)
                    && matches!(entry.outcome, Outcome::Done(Done::Installed { .. }))
            };
            if let Some(entry) = self.report.entries.iter_mut().find(is_it) {
                let because = Because::PartOfDepmod;
                let error = Error::Depmod { kernel: release.to_owned(), reason: reason.clone() };
                entry.outcome = Outcome::Failed { operation: Operation::Install, because, error };
            }
        }
        self.report.troubles.push(error);
    }
}
