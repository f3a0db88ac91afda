//! What an installation takes from other modules of ours that build an object of the same name.
//!
//! They keep their builds and lose the place: their manifests say to whom. What of the kernel they had displaced moves to
//! the archive of the one who has the place now, so that it comes back when that one goes, whichever goes first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::event::InstallEvent;
use super::originals::{self, Displaced, Origin, Original};
use super::placed::{self, active_version, files_of};
use super::placement::{
    make_active, remove_empty_archive, remove_empty_directories, remove_link, remove_placed, restore_previous,
};
use super::session::Session;
use super::weak_links;
use crate::error::Error;
use crate::module_file::compression::Compression;
use crate::plan::Yielded;
use crate::record::{self, BuildRecord, Format, Manifest, PlacedFile, Refusal};
use crate::target::{ModuleId, Target};

/// Which of the objects that are left to other modules those have right now.
pub fn held(session: &Session<'_>, target: &Target, yields: &[Yielded]) -> BTreeSet<String> {
    let is_held = |yielded: &&Yielded| {
        let owner = yielded.owner().map(|owner| Target::new(owner, target.kernel.clone()));
        owner.is_some_and(|owner| has(session, &owner, &yielded.object))
    };
    yields.iter().filter(is_held).map(|yielded| yielded.object.clone()).collect()
}

/// Whether a module is installed with an object of that name, and the file is what was placed.
fn has(session: &Session<'_>, target: &Target, object: &str) -> bool {
    let (root, layout) = (session.root(), &session.setup.layout);
    if active_version(root, layout, &target.module.name, &target.kernel).as_ref() != Some(&target.module) {
        return false;
    }
    match record::load::<Manifest>(root, &layout.manifest(target)) {
        Some(manifest) => {
            let mut files = manifest.files.iter();
            files.any(|file| file.name == object && placed::is_intact(root, layout, target, file))
        }
        None => true,
    }
}

/// What one other module loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taken {
    /// Who.
    pub(super) target: Target,
    /// Its manifest as it was.
    pub(super) manifest: Manifest,
    /// Names of the objects.
    pub(super) objects: Vec<String>,
    /// What it had displaced for them: from its archive to ours.
    pub(super) originals: Vec<Displaced>,
    /// What its archive has of the one who takes: that one's build has it.
    pub(super) copies: Vec<PathBuf>,
}

impl Taken {
    /// From all other modules that are installed for the kernel and have one of these objects there.
    pub(super) fn find(
        session: &mut Session<'_>,
        target: &Target,
        kernel_directory: &Path,
        objects: &[String],
    ) -> Result<Vec<Self>, Error> {
        let mut taken = Vec::new();
        for other in neighbours(session, target)? {
            let config: Option<BuildRecord> = record::load(session.root(), &session.setup.layout.record(&other));
            let config = config.as_ref().map(|record| &record.config);
            let files = files_of(session, &other, kernel_directory, config)?;
            let is_taken = |file: &PlacedFile| objects.contains(&file.name);
            let names: Vec<String> = files.iter().filter(|file| is_taken(file)).map(|file| file.name.clone()).collect();
            if names.is_empty() {
                continue;
            }
            let recorded = record::load(session.root(), &session.setup.layout.manifest(&other));
            let manifest = recorded.unwrap_or(Manifest { format: Format, files, ..Manifest::default() });
            let (originals, copies) = displaced_by(session, &other, target, kernel_directory, &names)?;
            taken.push(Self { target: other, manifest, objects: names, originals, copies });
        }
        Ok(taken)
    }

    /// Leaves it what is not among these files after all.
    pub(super) fn keep_only(&mut self, files: &[PlacedFile]) {
        let is_taken = |name: &str| files.iter().any(|file| file.name == name);
        self.objects.retain(|name| is_taken(name));
        self.originals.retain(|original| {
            let file = original.from.file_name().and_then(|file| file.to_str()).and_then(Compression::of_file_name);
            file.is_some_and(|(name, _)| is_taken(name))
        });
    }

    /// Its files in places that are taken.
    pub(super) fn files(&self) -> impl Iterator<Item = &PlacedFile> {
        self.manifest.files.iter().filter(|file| self.objects.contains(&file.name))
    }

    /// Copies what it had displaced into our archive; nothing is taken away yet.
    pub(super) fn prepare(&self, session: &Session<'_>) -> Result<(), Error> {
        self.originals.iter().try_for_each(|original| original.hand_over(session.root()))
    }

    /// Takes away what is not replaced by a file of ours, and writes down what is left of the installation.
    pub(super) fn carry_out(
        &self,
        session: &mut Session<'_>,
        owner: &Target,
        kernel_directory: &Path,
        ours: &[PlacedFile],
    ) -> Result<(), Error> {
        let lost: Vec<PlacedFile> = self.files().cloned().collect();
        weak_links::unlink_all(session, &self.target, &lost)?;
        for file in lost.iter().filter(|file| !ours.iter().any(|own| own.path == file.path)) {
            remove_placed(session, kernel_directory, &self.target, file)?;
            remove_empty_directories(session, kernel_directory, file);
        }
        for original in &self.originals {
            original.forget_source(session.root())?;
        }
        for copy in &self.copies {
            originals::drop_copy(session.root(), copy)?;
        }
        remove_empty_archive(session, &self.target);
        let (root, manifest) = (session.root(), session.setup.layout.manifest(&self.target));
        let left = self.left_to(owner);
        if left.files.is_empty() {
            remove_link(session, &self.target)?;
            root.remove_file(&manifest)?;
        } else {
            record::store(root, &manifest, &left)?;
        }
        for object in &self.objects {
            let (from, to) = (self.target.module.clone(), owner.module.clone());
            session.say(InstallEvent::TakenOver { object: object.clone(), from, to });
        }
        Ok(())
    }

    /// The manifest without what `owner` takes.
    fn left_to(&self, owner: &Target) -> Manifest {
        let mut left = self.manifest.clone();
        left.files.retain(|file| !self.objects.contains(&file.name));
        left.refused.retain(|refusal| !self.objects.contains(&refusal.name));
        left.refused.extend(self.objects.iter().map(|name| refusal(name, &owner.module)));
        left
    }

    /// Gives it everything back, as far as its build still has it. Gives the places of the files.
    pub(super) fn give_back(&self, session: &mut Session<'_>) -> Result<Vec<PathBuf>, Error> {
        let mut back = Vec::new();
        for file in self.files() {
            if restore_previous(session, &self.target, file)? {
                back.push(file.path.clone());
            }
        }
        for original in &self.originals {
            original.take_back(session.root())?;
        }
        make_active(session, &self.target)?;
        record::store(session.root(), &session.setup.layout.manifest(&self.target), &self.manifest)?;
        Ok(back)
    }
}

/// An object that is left to another module.
pub(super) fn refusal(name: &str, owner: &ModuleId) -> Refusal {
    Refusal { name: name.to_owned(), reason: format!("{owner} provides `{name}`"), owner: Some(owner.clone()) }
}

/// Files of modules of others: neither the rules of versions nor the archive are for what is taken from a module of ours.
pub(super) fn without_taken(found: Vec<PathBuf>, taken: &[Taken]) -> Vec<PathBuf> {
    let is_taken = |path: &PathBuf| taken.iter().flat_map(Taken::files).any(|file| file.path == *path);
    found.into_iter().filter(|path| !is_taken(path)).collect()
}

/// Other modules that are installed for the kernel of a target.
fn neighbours(session: &Session<'_>, target: &Target) -> Result<Vec<Target>, Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let mut found = Vec::new();
    for (name, _) in root.list(&layout.tree)? {
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.') && *name != target.module.name) else {
            continue;
        };
        if let Some(module) = active_version(root, layout, name, &target.kernel) {
            found.push(Target::new(module, target.kernel.clone()));
        }
    }
    Ok(found)
}

/// What of the kernel another module displaced for these objects. The original archives modules of ours, too: what is the
/// same as what the build of `target` has is in the second list.
fn displaced_by(
    session: &Session<'_>,
    other: &Target,
    target: &Target,
    kernel_directory: &Path,
    names: &[String],
) -> Result<(Vec<Displaced>, Vec<PathBuf>), Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let archive = |target: &Target| layout.originals(&target.module.name, &target.kernel);
    let (theirs, ours) = (archive(other), archive(target));
    let (mut moved, mut copies) = (Vec::new(), Vec::new());
    for original in Original::all(root, &theirs, kernel_directory)? {
        let Origin::Path(origin) = &original.origin else { continue };
        let file = origin.file_name().and_then(|file| file.to_str()).and_then(Compression::of_file_name);
        if file.is_some_and(|(name, _)| names.iter().any(|lost| lost == name)) {
            if root.is_same(&original.file, &placed::object_of(layout, target, &original.file)) {
                copies.push(original.file);
                continue;
            }
            let first = original.file.parent() == Some(theirs.as_path());
            let to = Displaced::new(root, &ours, kernel_directory, origin, first).to;
            moved.push(Displaced { from: original.file, to });
        }
    }
    Ok((moved, copies))
}
