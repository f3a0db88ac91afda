//! Where the commands of a build believe to be.
//!
//! Configurations and Makefiles name `T/M/V/build` literally, and there is one such directory for all builds of a module
//! version. Each build gets a mount namespace in which its own work directory is mounted there. Where the system
//! refuses namespaces, the work directory is really moved there for the time being, and builds of one module version
//! take turns.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::jobs::Jobs;
use crate::setup::Setup;
use crate::target::ModuleId;
use crate::tool::Tool;
use crate::tool::contain::Access;

/// One directory of the work directory, and where it is to be seen.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

/// The place, as far as a command has to be told.
#[derive(Debug)]
pub(crate) struct Place {
    mounts: Vec<Shown>,
    /// Where the shown directories really are meanwhile: where they came from, or where they were moved to.
    moved: Vec<Shown>,
}

impl Place {
    /// Puts a command there.
    pub(crate) fn dress(&self, tool: Tool) -> Tool {
        self.mounts.iter().fold(tool, |tool, shown| tool.bind(&shown.from, &shown.to, Access::Write))
    }

    /// Where a path that commands see as `seen` is for us.
    pub(crate) fn ours(&self, seen: &Path) -> PathBuf {
        let below = |shown: &Shown| Some(shown.from.join(seen.strip_prefix(&shown.to).ok()?));
        self.mounts.iter().find_map(below).unwrap_or_else(|| seen.to_owned())
    }
}

/// Does something with directories shown in their places.
pub(crate) fn with<T>(
    setup: &Setup,
    jobs: &Jobs,
    module: &ModuleId,
    shown: &[Shown],
    act: impl FnOnce(&Place) -> Result<T, Error>,
) -> Result<T, Error> {
    if jobs.private_mounts(setup) {
        let stop = setup.layout.version(module);
        let mut points = Vec::new();
        for shown in shown {
            points.push(jobs.mount_point(&setup.root, &shown.to, &stop)?);
        }
        return act(&Place { mounts: shown.to_vec(), moved: Vec::new() });
    }
    jobs.in_turn(module, || {
        let mut place = Place { mounts: Vec::new(), moved: Vec::new() };
        let moved_in = shown.iter().try_for_each(|shown| place.move_in(setup, shown));
        let result = moved_in.and_then(|()| act(&place));
        let moved_out = place.move_out(setup);
        let result = result?;
        moved_out?;
        Ok(result)
    })
}

impl Place {
    fn move_in(&mut self, setup: &Setup, shown: &Shown) -> Result<(), Error> {
        swap(setup, shown)?;
        self.moved.push(shown.clone());
        Ok(())
    }

    /// Everything back, the last one first.
    fn move_out(&mut self, setup: &Setup) -> Result<(), Error> {
        let mut result = Ok(());
        while let Some(shown) = self.moved.pop() {
            let back = Shown { from: shown.to.clone(), to: shown.from.clone() };
            result = result.and(swap(setup, &back));
            let parent = shown.to.parent().unwrap_or(Path::new("/"));
            setup.root.remove_empty_parents(parent, &setup.layout.tree);
        }
        result
    }
}

fn swap(setup: &Setup, shown: &Shown) -> Result<(), Error> {
    if setup.root.link_meta(&shown.to).is_some() {
        return setup.root.exchange(&shown.from, &shown.to);
    }
    setup.root.create_dir_all(shown.to.parent().unwrap_or(Path::new("/")))?;
    setup.root.rename(&shown.from, &shown.to)
}
