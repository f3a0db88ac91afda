//! What is kept of the attempts to build a target: the last one, and the one before it.
//!
//! None of it is needed for anything but to tell about it, so what cannot be kept fails nothing.

use crate::build::Failed;
use crate::error::Error;
use crate::facts::TargetFacts;
use crate::facts::attempts::last;
use crate::fingerprint::{Change, Fingerprint};
use crate::plan::Because;
use crate::record::{self, Attempt, Failure, Format};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::Kind;
use crate::target::{ModuleId, Target};

use super::log_copy;

/// Why an attempt is made, as far as it is known before it.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    because: Because,
    changes: Vec<Change>,
}

impl Reason {
    /// From the reason of the step, what is known of the target, and the inputs of the attempt.
    pub(super) fn new(because: Because, known: Option<&TargetFacts>, inputs: Option<&Fingerprint>) -> Self {
        // A failure is remembered until something is built.
        let before =
            known.and_then(|known| known.failed.as_ref().map(|it| &it.fingerprint).or(known.recorded.as_ref()));
        let changes = before.zip(inputs).map(|(before, now)| before.differences(now).collect());
        Self { because, changes: changes.unwrap_or_default() }
    }

    fn attempt(self, setup: &Setup, duration_ms: u64, failure: Option<Failure>) -> Attempt {
        let asked_by = setup.options.asked_by.clone();
        let because = self.because.to_string();
        Attempt { format: Format, ended: 0, duration_ms, asked_by, because, changes: self.changes, failure }
    }

    /// Of a build that is in the tree by now.
    pub(super) fn built(self, setup: &Setup, duration_ms: u64) -> Attempt {
        self.attempt(setup, duration_ms, None)
    }

    /// Of one that came to nothing.
    pub(super) fn failed(self, setup: &Setup, failed: &Failed) -> Attempt {
        let failure = Failure {
            message: failed.error.clause(),
            first_error: failed.diagnosis.text(),
            advice: failed.diagnosis.advice.clone(),
        };
        let duration_ms = u64::try_from(failed.duration.as_millis()).unwrap_or(u64::MAX);
        self.attempt(setup, duration_ms, Some(failure))
    }
}

/// Makes the last attempt the previous one, because the log of another one is about to take its place.
pub(super) fn set_aside(setup: &Setup, guard: &Guard, target: &Target) {
    if let Err(error) = try_set_aside(setup, guard, target) {
        log::warn!("the log of the last attempt to build {target} is not kept: {error}");
    }
}

fn try_set_aside(setup: &Setup, guard: &Guard, target: &Target) -> Result<(), Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    let Some(before) = last(setup, target) else { return Ok(()) };
    // What lies there as a link was never written by us.
    if setup.root.link_meta(&before.log).is_none_or(|meta| meta.kind != Kind::File) {
        return Ok(());
    }
    log_copy::keep_aside(root, &before.log, &layout.previous_log(target))?;
    match before.attempt {
        Some(_) => root.rename(&layout.last_attempt(target), &layout.previous_attempt(target)),
        None => root.remove_file(&layout.previous_attempt(target)),
    }
}

/// Keeps what is to be known of an attempt whose log is in its place.
pub(super) fn note(setup: &Setup, guard: &Guard, target: &Target, attempt: Attempt) {
    let log = if attempt.failure.is_none() { setup.layout.make_log(target) } else { setup.layout.failed_log(target) };
    let Some(meta) = setup.root.link_meta(&log) else { return };
    let attempt = Attempt { ended: meta.mtime, ..attempt };
    if let Err(error) = record::store(guard.root(), &setup.layout.last_attempt(target), &attempt) {
        log::warn!("how {target} was built is not kept: {error}");
    }
}

/// Forgets the attempts of a target.
pub(super) fn forget(setup: &Setup, guard: &Guard, target: &Target) -> Result<(), Error> {
    remove(setup, guard, &setup.layout.attempts(target))
}

/// Forgets the attempts of a module version.
pub(super) fn forget_all(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    remove(setup, guard, &setup.layout.attempts_of(module))
}

fn remove(setup: &Setup, guard: &Guard, directory: &std::path::Path) -> Result<(), Error> {
    guard.root().remove_tree(directory)?;
    if let Some(parent) = directory.parent() {
        guard.root().remove_empty_parents(parent, &setup.layout.state());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::facts::attempts::previous;
    use crate::fingerprint::Part;
    use crate::target::KernelId;
    use crate::testing;

    #[test]
    fn the_last_two_attempts_are_kept_and_go_together() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
        let try_it = |message: Option<&str>, time: i64| {
            set_aside(&setup, &guard, &target);
            let failed = setup.layout.failed_log(&target);
            let log = if message.is_some() { failed.clone() } else { setup.layout.make_log(&target) };
            testing::write(&setup, log.to_str().unwrap(), time.to_string());
            setup.root.writable().set_mtime(&log, time).unwrap();
            if message.is_none() {
                setup.root.writable().remove_file(&failed).unwrap();
            }
            note(&setup, &guard, &target, testing::attempt(0, message));
            let read = |log: &Path| setup.root.read_to_string(log).unwrap();
            let before = previous(&setup, &target).map(|it| (read(&it.log), it.is_built));
            let now = last(&setup, &target).map(|it| (read(&it.log), it.is_built));
            (before, now)
        };
        let of = |time: i64, is_built| Some((time.to_string(), Some(is_built)));
        assert_eq!(try_it(None, 1), (None, of(1, true)));
        assert_eq!(try_it(None, 2), (of(1, true), of(2, true)));
        assert_eq!(try_it(Some("a"), 3), (of(2, true), of(3, false)));
        assert_eq!(try_it(Some("b"), 4), (of(3, false), of(4, false)));
        assert_eq!(try_it(None, 5), (of(4, false), of(5, true)));
        // One that another dkms made is kept, too, and what was recorded before is not taken for its record.
        testing::write(&setup, setup.layout.make_log(&target).to_str().unwrap(), "6");
        setup.root.writable().set_mtime(&setup.layout.make_log(&target), 6).unwrap();
        assert_eq!(try_it(None, 7), (Some(("6".into(), None)), of(7, true)));
        forget(&setup, &guard, &target).unwrap();
        assert!(!setup.root.exists(&setup.layout.all_attempts()));
    }

    #[test]
    fn changes_are_those_since_the_last_attempt() {
        let fingerprint = |content: &str| Fingerprint {
            source: Part { stamp: String::new(), content: content.into() },
            ..Fingerprint::default()
        };
        let (built, failed, now) = (fingerprint("a"), fingerprint("b"), fingerprint("b"));
        let mut known = TargetFacts { recorded: Some(built), ..TargetFacts::default() };
        let changes = |known: &TargetFacts| Reason::new(Because::NotBuilt, Some(known), Some(&now)).changes;
        assert_eq!(changes(&known), [Change::Source]);
        known.failed = Some(testing::failure_record(failed, testing::module_config()));
        assert_eq!(changes(&known), []);
    }
}
