//! One installation as it reaches the disk: written down first, then done in steps each of which may be done again.
//!
//! ```text
//! journal -> originals archived -> files staged -> published -> link -> manifest -> what they displace goes -> ...
//! ```
//!
//! Until the first file is published nothing of the old state is gone, and up to the end each old file has either its
//! place or its copy. A run that finds the journal later takes the same steps again, which finishes the installation, or
//! takes it back if the kept objects are not there any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::event::InstallEvent;
use super::journal::{self, Journal, Previous, Transaction};
use super::originals::{Displaced, Origin, Original};
use super::placed::{self, active_version};
use super::placement::{
    make_active, remove_empty_archive, remove_empty_directories, remove_link, remove_placed, restore_previous,
};
use super::session::Session;
use crate::error::Error;
use crate::facts::package;
use crate::record::{self, FileRecord, Format, Manifest, PlacedFile};
use crate::system::staged::Staged;
use crate::target::{ModuleId, Target};

impl Transaction {
    /// Does all steps; on an error everything is taken back.
    pub(super) fn run(&self, session: &mut Session<'_>) -> Result<Manifest, Error> {
        session.about_to_change(&self.target.kernel.release)?;
        journal::store(session, &Journal::Installing(self.clone()))?;
        self.carry_out(session)
    }

    /// All steps; each finds out whether it is done already. On an error nothing of it stays.
    pub(super) fn carry_out(&self, session: &mut Session<'_>) -> Result<Manifest, Error> {
        let staged = match self.prepare(session) {
            Ok(staged) => staged,
            Err(error) if self.has_begun(session) => return Err(self.take_back_for(session, error)),
            Err(error) => {
                self.abandon(session);
                return Err(error);
            }
        };
        self.publish(session, staged).map_err(|error| self.take_back_for(session, error))
    }

    /// Everything that changes nothing of what counts: copies of what is displaced, our files beside their places.
    fn prepare(&self, session: &Session<'_>) -> Result<Vec<(&PlacedFile, Staged)>, Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        for displaced in &self.displaced {
            displaced.archive(root)?;
        }
        for taken in &self.taken {
            taken.prepare(session)?;
        }
        let mut staged = Vec::new();
        for file in &self.files {
            session.setup.cancel.check()?;
            if !placed::is_intact(root, layout, &self.target, file) {
                staged.push((file, self.stage(session, file)?));
            }
        }
        Ok(staged)
    }

    fn publish(&self, session: &mut Session<'_>, staged: Vec<(&PlacedFile, Staged)>) -> Result<Manifest, Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        for (file, staged) in staged {
            staged.publish()?;
            session.note(&self.kernel_directory, &file.path);
            session.say(InstallEvent::Placed { path: file.path.clone(), link: file.link });
        }
        let manifest = self.manifest(session)?;
        record::store(root, &layout.manifest(&self.target), &manifest)?;
        self.activate(session)?;
        let paths: BTreeSet<PathBuf> = self.displaced.iter().map(|displaced| displaced.from.clone()).collect();
        let packages = if paths.is_empty() { BTreeMap::new() } else { package::owners(session.setup, &paths) };
        for displaced in &self.displaced {
            let replaced = self.files.iter().any(|file| file.path == displaced.from);
            let gone = replaced || displaced.remove(root)?;
            if gone {
                if !replaced {
                    session.forget(&self.kernel_directory, &displaced.from);
                }
                let package = packages.get(&displaced.from).map(|package| package.name.clone());
                let (from, to) = (displaced.from.clone(), displaced.to.clone());
                session.say(InstallEvent::Archived { from, to, package });
            }
        }
        self.retire_previous(session)?;
        for taken in &self.taken {
            taken.carry_out(session, &self.target, &self.kernel_directory, &self.files)?;
        }
        Ok(manifest)
    }

    /// Whether a file of it has its place already.
    fn has_begun(&self, session: &Session<'_>) -> bool {
        let (root, layout) = (session.root(), &session.setup.layout);
        self.files.iter().any(|file| placed::is_intact(root, layout, &self.target, file))
    }

    fn stage(&self, session: &Session<'_>, file: &PlacedFile) -> Result<Staged, Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        let object = placed::object_of(layout, &self.target, &file.path);
        if file.link {
            return Staged::link(root, &object, &file.path);
        }
        let lost = || Error::ObjectMissing { target: self.target.clone(), object: file.name.clone() };
        let mode = root.meta(&object).ok_or_else(lost)?.mode & 0o755;
        let staged = Staged::copy(root, &object, &file.path, mode)?;
        if !file.content.holds(root, staged.path()) {
            return Err(lost());
        }
        Ok(staged)
    }

    /// What was placed, as it lies there now.
    fn manifest(&self, session: &Session<'_>) -> Result<Manifest, Error> {
        let measure = |file: &PlacedFile| {
            let content = FileRecord::measure(session.root(), &file.path)?;
            Ok(PlacedFile { content, ..file.clone() })
        };
        let mut files = self.files.iter().map(measure).collect::<Result<Vec<_>, Error>>()?;
        files.extend(self.kept.iter().cloned());
        Ok(Manifest { format: Format, files, refused: self.refused.clone(), chosen: self.chosen })
    }

    fn activate(&self, session: &mut Session<'_>) -> Result<(), Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        let Target { module, kernel } = &self.target;
        if active_version(root, layout, &module.name, kernel).as_ref() != Some(module) {
            make_active(session, &self.target)?;
        }
        session.say(InstallEvent::Activated { target: self.target.clone() });
        Ok(())
    }

    /// Files of the earlier installation that nothing replaced go, and so does its manifest.
    fn retire_previous(&self, session: &mut Session<'_>) -> Result<(), Error> {
        let Some((target, previous)) = self.previous() else { return Ok(()) };
        for file in &previous.files {
            let stays = |other: &&PlacedFile| other.path == file.path;
            if self.files.iter().chain(&self.kept).any(|other| stays(&other)) {
                continue;
            }
            remove_placed(session, &self.kernel_directory, &target, file)?;
            remove_empty_directories(session, &self.kernel_directory, file);
        }
        if target != self.target {
            session.root().remove_file(&session.setup.layout.manifest(&target))?;
        }
        Ok(())
    }

    fn previous(&self) -> Option<(Target, &Previous)> {
        let previous = self.previous.as_ref()?;
        let module = ModuleId { name: self.target.module.name.clone(), version: previous.version.clone() };
        Some((Target::new(module, self.target.kernel.clone()), previous))
    }

    fn take_back_for(&self, session: &mut Session<'_>, error: Error) -> Error {
        log::debug!("taking back the installation of {}: {error}", self.target);
        self.take_back(session);
        error
    }

    /// Nothing was published: only our copies go.
    fn abandon(&self, session: &mut Session<'_>) {
        let clean = || -> Result<(), Error> {
            for displaced in &self.displaced {
                displaced.remove_copy(session.root())?;
            }
            for original in self.taken.iter().flat_map(|taken| &taken.originals) {
                original.take_back(session.root())?;
            }
            for file in &self.files {
                remove_empty_directories(session, &self.kernel_directory, file);
            }
            remove_empty_archive(session, &self.target);
            journal::clear(session, &self.target)
        };
        if let Err(error) = clean() {
            log::warn!("the failed installation of {} left files behind: {error}", self.target);
        }
    }

    /// Puts everything back as far as that can be done; what cannot is reported and left.
    pub(super) fn take_back(&self, session: &mut Session<'_>) {
        if let Err(error) = self.try_take_back(session) {
            log::warn!("the installation of {} could not be undone completely: {error}", self.target);
        }
    }

    fn try_take_back(&self, session: &mut Session<'_>) -> Result<(), Error> {
        let root = session.root();
        let layout = &session.setup.layout;
        let earlier = self.previous().filter(|(target, _)| *target != self.target);
        // First what comes back, then what goes: a place that had a module never stays empty.
        let mut taken: Vec<PathBuf> = Vec::new();
        if let Some((target, previous)) = &earlier {
            taken = restore_earlier(session, target, previous, self.chosen)?;
        }
        for other in &self.taken {
            taken.extend(other.give_back(session)?);
        }
        for displaced in self.displaced.iter().filter(|displaced| !taken.contains(&displaced.from)) {
            self.restore_displaced(session, displaced)?;
        }
        taken.extend(self.displaced.iter().map(|displaced| displaced.from.clone()));
        let kept = if earlier.is_some() { &[][..] } else { &self.kept[..] };
        for file in self.files.iter().chain(kept).filter(|file| !taken.contains(&file.path)) {
            if root.link_meta(&file.path).is_some() {
                remove_placed(session, &self.kernel_directory, &self.target, file)?;
            }
            remove_empty_directories(session, &self.kernel_directory, file);
        }
        match &earlier {
            Some((target, _)) => make_active(session, target)?,
            None => remove_link(session, &self.target)?,
        }
        root.remove_file(&layout.manifest(&self.target))?;
        remove_empty_archive(session, &self.target);
        journal::clear(session, &self.target)
    }

    fn restore_displaced(&self, session: &mut Session<'_>, displaced: &Displaced) -> Result<(), Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        let is_ours =
            |file: &&PlacedFile| file.path == displaced.from && placed::is_intact(root, layout, &self.target, file);
        let free = root.link_meta(&displaced.from).is_none() || self.files.iter().any(|file| is_ours(&file));
        if free && root.link_meta(&displaced.to).is_some() {
            let origin = Origin::Path(displaced.from.clone());
            Original { file: displaced.to.clone(), origin }.restore(root, &displaced.from)?;
            session.note(&self.kernel_directory, &displaced.from);
            session.say(InstallEvent::Restored { path: displaced.from.clone() });
            return Ok(());
        }
        displaced.remove_copy(root)
    }
}

/// Brings back an earlier version: its files as far as its build still has them, and its manifest. Gives their places.
fn restore_earlier(
    session: &mut Session<'_>,
    target: &Target,
    Previous { files, .. }: &Previous,
    chosen: Option<u64>,
) -> Result<Vec<PathBuf>, Error> {
    let mut back = Vec::new();
    for file in files {
        if restore_previous(session, target, file)? {
            back.push(file.path.clone());
        }
    }
    if !files.is_empty() {
        let manifest = Manifest { format: Format, files: files.clone(), refused: Vec::new(), chosen };
        record::store(session.root(), &session.setup.layout.manifest(target), &manifest)?;
    }
    Ok(back)
}
