//! Taking an installation away: exactly the files that we placed, and back comes what they displaced.
//!
//! Needs no configuration; one helps to find the files of an installation that the original made. A file that is not
//! what we placed is left and reported. What comes back is put over ours in one step, so that no module is missing in
//! between.

use std::path::{Path, PathBuf};

use dkms_conf::module_config::ModuleConfig;

use super::event::{InstallEvent, LeftBecause};
use super::journal::{self, Journal, Removal};
use super::originals::{Origin, Original};
use super::placed::{self, files_of};
use super::placement::{remove_empty_archive, remove_empty_directories, remove_link, remove_placed};
use super::session::{ScriptCall, Session};
use super::weak_links;
use super::weak_modules;
use crate::error::Error;
use crate::facts::kernels;
use crate::module_file::compression::Compression;
use crate::record::{BuildRecord, Format};
use crate::target::Target;

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uninstalled {
    /// What it was.
    pub target: Target,
    /// Files that are gone.
    pub removed: Vec<PathBuf>,
    /// Files of ours that are left because they were changed.
    pub left: Vec<PathBuf>,
    /// Displaced modules that are back.
    pub restored: Vec<PathBuf>,
}

/// Takes away an installation; the build stays. depmod is left to the end of the run
/// ([`Session::changed_kernels`]).
///
/// # Errors
/// `Io`; the removal is then finished by the next run.
pub fn uninstall(
    session: &mut Session<'_>,
    target: &Target,
    config: Option<&ModuleConfig>,
) -> Result<Uninstalled, Error> {
    let recorded: Option<BuildRecord>;
    let config = match config {
        Some(config) => Some(config),
        None => {
            recorded = crate::record::load(session.root(), &session.setup.layout.record(target));
            recorded.as_ref().map(|record| &record.config)
        }
    };
    let kernel_directory = kernels::directory(session.setup, &target.kernel.release);
    let files = files_of(session, target, &kernel_directory, config)?;
    let removal = Removal { format: Format, target: target.clone(), kernel_directory, files };
    session.about_to_change(&target.kernel.release)?;
    journal::store(session, &Journal::Removing(removal.clone()))?;
    weak_modules::remove(session, target, &removal.files, config);
    removal.carry_out(session, config)
}

impl Removal {
    /// All steps; each finds out whether it is done already.
    pub(super) fn carry_out(
        &self,
        session: &mut Session<'_>,
        config: Option<&ModuleConfig>,
    ) -> Result<Uninstalled, Error> {
        let mut done = Uninstalled { target: self.target.clone(), removed: vec![], left: vec![], restored: vec![] };
        weak_links::unlink_all(session, &self.target, &self.files)?;
        self.put_back(session, config, &mut done)?;
        for file in self.files.iter().filter(|file| !done.restored.contains(&file.path)) {
            if remove_placed(session, &self.kernel_directory, &self.target, file)? {
                done.removed.push(file.path.clone());
            } else {
                done.left.push(file.path.clone());
            }
        }
        for file in &self.files {
            remove_empty_directories(session, &self.kernel_directory, file);
        }
        remove_link(session, &self.target)?;
        session.root().remove_file(&session.setup.layout.manifest(&self.target))?;
        if let Some(config) = config {
            session.run_script(&ScriptCall::post_remove(&self.target.module, config))?;
        }
        remove_empty_archive(session, &self.target);
        journal::clear(session, &self.target)?;
        Ok(done)
    }

    fn put_back(
        &self,
        session: &mut Session<'_>,
        config: Option<&ModuleConfig>,
        done: &mut Uninstalled,
    ) -> Result<(), Error> {
        let archive = session.setup.layout.originals(&self.target.module.name, &self.target.kernel);
        for original in Original::all(session.root(), &archive, &self.kernel_directory)? {
            let place = match &original.origin {
                Origin::Path(path) => path.clone(),
                Origin::Invalid => {
                    session.say(InstallEvent::Left { path: original.file, reason: LeftBecause::OriginInvalid });
                    continue;
                }
                Origin::Unknown => match self.place_without_note(&original, config) {
                    Some(path) => path,
                    None => {
                        session.say(InstallEvent::Left { path: original.file, reason: LeftBecause::OriginUnknown });
                        continue;
                    }
                },
            };
            self.put_back_one(session, &original, place, done)?;
        }
        Ok(())
    }

    fn put_back_one(
        &self,
        session: &mut Session<'_>,
        original: &Original,
        place: PathBuf,
        done: &mut Uninstalled,
    ) -> Result<(), Error> {
        let (root, layout) = (session.root(), &session.setup.layout);
        if !kernels::has_image(session.setup, &self.kernel_directory) {
            // Its package took the kernel away, and would have taken this.
            return original.drop_archived(root);
        }
        let ours = self.files.iter().find(|file| file.path == place);
        match (root.link_meta(&place), ours) {
            (None, _) => {}
            (Some(_), Some(ours)) if placed::is_intact(root, layout, &self.target, ours) => {}
            (Some(there), _) if root.link_meta(&original.file).is_some_and(|kept| kept.inode == there.inode) => {}
            (Some(_), Some(_)) => {
                session.say(InstallEvent::Left { path: original.file.clone(), reason: LeftBecause::OriginTaken });
                return Ok(());
            }
            (Some(_), None) => {
                // The kernel was installed anew since: its own file is the right one.
                session.say(InstallEvent::Left { path: place, reason: LeftBecause::Superseded });
                return original.drop_archived(root);
            }
        }
        original.restore(root, &place)?;
        session.note(&self.kernel_directory, &place);
        session.say(InstallEvent::Restored { path: place.clone() });
        done.restored.push(place);
        Ok(())
    }

    /// Very old releases noted nothing: the module was where the configuration puts ours.
    fn place_without_note(&self, original: &Original, config: Option<&ModuleConfig>) -> Option<PathBuf> {
        let file = original.file.file_name()?;
        let (name, _) = Compression::of_file_name(file.to_str()?)?;
        let record = config?.records.iter().find(|record| record.dest_name == name)?;
        let inner = Path::new(&record.dest_location).strip_prefix("/").ok()?;
        let plain = inner.components().all(|component| matches!(component, std::path::Component::Normal(_)));
        plain.then(|| self.kernel_directory.join(inner).join(file))
    }
}
