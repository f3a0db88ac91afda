//! After a run that was cut off: finishes what it had begun, or takes it back.

use std::collections::BTreeSet;

use super::event::InstallEvent;
use super::finish;
use super::journal::Transaction;
use super::journal::{self, Journal};
use super::placed;
use super::session::Session;
use crate::error::Error;
use crate::facts::condition::is_half_done;
use crate::record::{self, BuildRecord};
use crate::system::staged;
use crate::target::Target;

/// Looks for a journal of the target and settles it; costs one look if there is none. Tells whether there was one.
///
/// # Errors
/// `Io`, `Interrupted`; the journal then stays for the next run.
pub fn recover(session: &mut Session<'_>, target: &Target) -> Result<bool, Error> {
    if !is_half_done(session.setup, target) {
        return Ok(false);
    }
    let Some(found) = journal::load(session, target) else {
        // It cannot be understood; what it was about is then judged by what is there.
        journal::clear(session, target)?;
        return Ok(false);
    };
    session.about_to_change(&target.kernel.release)?;
    let built: Option<BuildRecord> = record::load(session.root(), &session.setup.layout.record(target));
    let config = built.as_ref().map(|record| &record.config);
    if let Journal::Installing(transaction) = &found {
        sweep(session, transaction)?;
    }
    let finished = match found {
        Journal::Installing(transaction) if can_be_finished(session, &transaction) => {
            // An error has taken everything back already.
            match transaction.carry_out(session) {
                Ok(manifest) => {
                    finish(session, target, &manifest.files, config)?;
                    true
                }
                Err(error @ Error::Interrupted { .. }) => return Err(error),
                Err(error) => {
                    log::warn!("the interrupted installation of {target} could not be finished: {error}");
                    false
                }
            }
        }
        Journal::Installing(transaction) => {
            transaction.take_back(session);
            false
        }
        Journal::Removing(removal) => {
            removal.carry_out(session, config)?;
            true
        }
    };
    session.say(InstallEvent::Recovered { target: target.clone(), finished });
    Ok(true)
}

/// What was being staged when the run was cut off lies beside its place.
fn sweep(session: &Session<'_>, transaction: &Transaction) -> Result<(), Error> {
    let beside = transaction.files.iter().map(|file| &file.path).chain(transaction.displaced.iter().map(|one| &one.to));
    for directory in beside.filter_map(|path| path.parent()).collect::<BTreeSet<_>>() {
        staged::sweep(session.root(), directory)?;
    }
    Ok(())
}

/// Whether the kernel is still there and the kept objects are still those that were to be placed.
fn can_be_finished(session: &Session<'_>, transaction: &Transaction) -> bool {
    let (root, layout) = (session.root(), &session.setup.layout);
    root.is_dir(&transaction.kernel_directory)
        && transaction
            .files
            .iter()
            .all(|file| file.content.holds(root, &placed::object_of(layout, &transaction.target, &file.path)))
}
