//! `--rpm_safe_upgrade`: rpm runs the scripts of a new package before those of the one that it replaces, so the old
//! package's `remove` would take away what the new one's `add` has just registered under the same version.
//!
//! `add` leaves a note under the process that drives both scripts; `remove` from under the same process takes the note
//! and does nothing. Notes are believed only out of a directory that belongs to us and that no other user can enter.

use std::path::PathBuf;

use super::owner::Owner;
use crate::error::Error;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::Kind;
use crate::system::staged::Staged;
use crate::target::ModuleId;

/// Leaves a note that this module version was added.
///
/// # Errors
/// `Io`; `State` if the directory of the notes is not ours.
pub fn note_upgrade(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    Owner::of_caller().map_or(Ok(()), |owner| leave(setup, guard, module, owner))
}

fn leave(setup: &Setup, guard: &Guard, module: &ModuleId, owner: Owner) -> Result<(), Error> {
    let directory = setup.layout.rpm_upgrades();
    if setup.root.link_meta(&directory).is_none() {
        guard.root().create_dir_all(&setup.layout.state())?;
        guard.root().create_dir(&directory, 0o700)?;
    }
    trusted(setup)?;
    Staged::file(guard.root(), &note(setup, module, owner), text(module, owner).as_bytes(), 0o600)?.publish()
}

/// Takes the note of this module version; `true` if there was one, so that nothing is to be removed.
///
/// # Errors
/// `Io`; `State` if the directory of the notes is not ours.
pub(super) fn take_upgrade_note(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<bool, Error> {
    Owner::of_caller().map_or(Ok(false), |owner| take(setup, guard, module, owner))
}

fn take(setup: &Setup, guard: &Guard, module: &ModuleId, owner: Owner) -> Result<bool, Error> {
    let path = note(setup, module, owner);
    if setup.root.link_meta(&path).is_none_or(|meta| meta.kind != Kind::File) {
        return Ok(false);
    }
    trusted(setup)?;
    let valid = setup.root.read_bounded(&path, 4096)? == text(module, owner).as_bytes();
    guard.root().remove_file(&path)?;
    Ok(valid)
}

fn trusted(setup: &Setup) -> Result<(), Error> {
    let directory = setup.layout.rpm_upgrades();
    let ours = setup.root.link_meta(&directory).is_some_and(|meta| {
        let own = meta.uid == rustix::process::geteuid().as_raw();
        meta.kind == Kind::Directory && meta.mode & 0o077 == 0 && own
    });
    if ours {
        return Ok(());
    }
    Err(Error::State { path: directory, reason: "it is no directory that only its owner can enter".into() })
}

fn note(setup: &Setup, module: &ModuleId, owner: Owner) -> PathBuf {
    setup.layout.rpm_upgrades().join(format!("{}-{}", owner.id(), module.dashed()))
}

fn text(module: &ModuleId, owner: Owner) -> String {
    format!("{module}\n{owner}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_note_is_for_one_module_and_one_owner_and_works_once() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let module = ModuleId::new("m", "1").unwrap();
        let other = ModuleId::new("m", "2").unwrap();
        let owner = Owner::of_caller().unwrap();
        assert!(!take(&setup, &guard, &module, owner).unwrap());
        leave(&setup, &guard, &module, owner).unwrap();
        assert!(!take(&setup, &guard, &other, owner).unwrap());
        assert!(!take(&setup, &guard, &module, Owner::of(1).unwrap()).unwrap());
        assert!(take(&setup, &guard, &module, owner).unwrap());
        assert!(!take(&setup, &guard, &module, owner).unwrap());
    }

    #[test]
    fn notes_that_others_could_have_written_are_not_believed() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let module = ModuleId::new("m", "1").unwrap();
        let owner = Owner::of_caller().unwrap();
        leave(&setup, &guard, &module, owner).unwrap();
        setup.root.writable().set_mode(&setup.layout.rpm_upgrades(), 0o777).unwrap();
        assert!(matches!(take(&setup, &guard, &module, owner), Err(Error::State { .. })));
    }
}
