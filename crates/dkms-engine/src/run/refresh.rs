//! Keeps stamps fresh: a package that was installed again has the same content under new inodes.
//!
//! Nothing has to be built then, but every later run would read all of it again to find that out. The records therefore
//! get the new stamps as soon as a run may write. That is a courtesy: it does not wait, and failing costs time only.

use crate::facts::{Configuration, Facts};
use crate::fingerprint::Fingerprint;
use crate::record::{self, BuildRecord, FailureRecord};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::Target;

/// Records whose contents still hold and whose stamps do not.
#[derive(Debug, Default)]
pub(super) struct Stale<'a> {
    builds: Vec<Moved<'a>>,
    failures: Vec<Moved<'a>>,
}

/// What is recorded, and the same contents with the stamps of now.
#[derive(Debug)]
struct Moved<'a> {
    target: &'a Target,
    recorded: &'a Fingerprint,
    now: &'a Fingerprint,
}

impl<'a> Stale<'a> {
    /// Finds them.
    pub(super) fn of(facts: &'a Facts) -> Self {
        let mut stale = Self::default();
        for (target, known) in &facts.targets {
            let Configuration::Examined(examined) = &known.configuration else { continue };
            let now = &examined.fingerprint;
            let moved = |then: &Fingerprint| then != now && then.difference(now).is_none();
            if let Some(recorded) = known.recorded.as_ref().filter(|then| moved(then)) {
                stale.builds.push(Moved { target, recorded, now });
            }
            let failed = known.failed.as_ref().map(|failure| &failure.fingerprint);
            if let Some(recorded) = failed.filter(|then| moved(then)) {
                stale.failures.push(Moved { target, recorded, now });
            }
        }
        stale
    }

    /// Writes the new stamps, if no other process writes and we may.
    pub(super) fn refresh(&self, setup: &Setup, held: Option<&Guard>) {
        if self.builds.is_empty() && self.failures.is_empty() {
            return;
        }
        match held {
            Some(guard) => self.write(setup, guard),
            None => {
                if let Ok(Some(guard)) = Guard::try_acquire(&setup.root, &setup.layout.lock()) {
                    self.write(setup, &guard);
                }
            }
        }
    }

    fn write(&self, setup: &Setup, guard: &Guard) {
        for Moved { target, recorded, now } in &self.builds {
            let path = setup.layout.record(target);
            let Some(mut record) = record::load::<BuildRecord>(&setup.root, &path) else { continue };
            // The run itself wrote another one meanwhile.
            if record.fingerprint != **recorded {
                continue;
            }
            record.fingerprint = (*now).clone();
            if let Err(error) = record::store(guard.root(), &path, &record) {
                log::debug!("the stamps of {target} stay old: {error}");
            }
        }
        for Moved { target, recorded, now } in &self.failures {
            let path = setup.layout.failed(target).join("record.json");
            let Some(mut record) = record::load::<FailureRecord>(&setup.root, &path) else { continue };
            // The run itself wrote another one meanwhile.
            if record.fingerprint != **recorded {
                continue;
            }
            record.fingerprint = (*now).clone();
            if let Err(error) = record::store(guard.root(), &path, &record) {
                log::debug!("the stamps of {target} stay old: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Examined, TargetFacts};
    use crate::fingerprint::Part;
    use crate::target::{KernelId, ModuleId};
    use crate::testing;

    fn fingerprint(stamp: &str, content: &str) -> Fingerprint {
        Fingerprint { source: Part { stamp: stamp.into(), content: content.into() }, ..Fingerprint::default() }
    }

    #[test]
    fn moved_stamps_are_written_and_other_contents_are_not() {
        let (_directory, setup) = testing::setup();
        let config = testing::module_config();
        for (now, expected) in [(fingerprint("new", "same"), "new"), (fingerprint("new", "other"), "old")] {
            let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
            let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
            let record = testing::build_record(fingerprint("old", "same"), config.clone());
            record::store(&setup.root.writable(), &setup.layout.record(&target), &record).unwrap();
            drop(guard);
            let mut facts = Facts::default();
            let examined = Examined { config: config.clone(), exclusion: Default::default(), fingerprint: now };
            let known = TargetFacts {
                recorded: Some(record.fingerprint),
                configuration: Configuration::Examined(Box::new(examined)),
                ..TargetFacts::default()
            };
            facts.targets.insert(target.clone(), known);
            Stale::of(&facts).refresh(&setup, None);
            let stored: BuildRecord = record::load(&setup.root, &setup.layout.record(&target)).unwrap();
            assert_eq!(stored.fingerprint.source.stamp, expected);
        }
    }
}
