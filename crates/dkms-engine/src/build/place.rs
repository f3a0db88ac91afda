//! Where the commands of a build believe to be, and what they cannot change.
//!
//! Configurations and Makefiles name `T/M/V/build` literally, and there is one such directory for all builds of a module
//! version; others build in the source tree itself. Each build gets a mount namespace in which copies of its own are
//! mounted at both places, and in which the kernel's headers are read-only. Where the system refuses namespaces, the
//! work directory is really moved there for the time being, builds of one module version take turns, and a build that
//! adds files to its source has that noted in its work directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::copy;
use super::work::Work;
use crate::error::Error;
use crate::facts::fingerprint::SourceTree;
use crate::facts::kernel::Kernel;
use crate::jobs::{Jobs, Mounts};
use crate::setup::Setup;
use crate::system::root::{Kind, Root, RootMut};
use crate::system::tool::Tool;
use crate::system::tool::contain::Access;
use crate::target::ModuleId;

/// One directory of the work directory, and where it is to be seen.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

/// The place, as far as a command has to know it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Directories that commands cannot change.
    read_only: Vec<PathBuf>,
    mounts: Vec<Shown>,
    /// Where the shown directories really are meanwhile: where they came from, or where they were moved to.
    moved: Vec<Shown>,
}

impl Place {
    /// Puts a command there.
    pub(crate) fn apply(&self, tool: Tool) -> Tool {
        let tool = self.read_only.iter().fold(tool, |tool, path| tool.bind(path, path, Access::Read));
        self.mounts.iter().fold(tool, |tool, shown| tool.bind(&shown.from, &shown.to, Access::Write))
    }

    /// Where a path that commands see as `seen` is for us.
    pub(crate) fn ours(&self, seen: &Path) -> PathBuf {
        let below = |shown: &Shown| Some(shown.from.join(seen.strip_prefix(&shown.to).ok()?));
        self.mounts.iter().find_map(below).unwrap_or_else(|| seen.to_owned())
    }
}

/// What is built, where, and for which kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) module: &'a ModuleId,
    pub(crate) kernel: &'a Kernel,
    pub(crate) work: &'a Work,
}

/// Does something with the build directory, and whatever else is `shown`, in their places. `prepare` is called before, and
/// in the build's turn if there are turns.
pub(crate) fn with<T>(
    setup: &Setup,
    jobs: &Jobs,
    site: Site<'_>,
    shown: &[Shown],
    prepare: impl FnOnce() -> Result<(), Error>,
    act: impl FnOnce(&Place) -> Result<T, Error>,
) -> Result<T, Error> {
    let Site { module, kernel, work } = site;
    let mut mounts = vec![Shown { from: work.build(), to: setup.layout.build(module) }];
    mounts.extend_from_slice(shown);
    let mode = jobs.mounts(setup);
    if mode != Mounts::Refused {
        prepare()?;
        let stop = setup.layout.version(module);
        let mut points = Vec::new();
        for shown in &mounts {
            points.push(jobs.mount_point(&shown.to, &stop)?);
        }
        mounts.extend(source(setup, module).map(|to| Shown { from: work.source(), to }));
        let read_only = if mode == Mounts::ReadOnlyToo { headers(setup, kernel) } else { Vec::new() };
        return act(&Place { read_only, mounts, moved: Vec::new() });
    }
    jobs.in_turn(module, || {
        prepare()?;
        let before = SourceTree::look(setup, module)?;
        let mut place = Place::default();
        let moved_in = mounts.iter().try_for_each(|shown| place.move_in(setup, jobs.root(), shown));
        let result = moved_in.and_then(|()| act(&place));
        let moved_out = place.move_out(setup, jobs.root());
        note_additions(setup, module, work, &before);
        let result = result?;
        moved_out?;
        Ok(result)
    })
}

/// The directory of the source, where builds are to see a copy of their own; `None` where that would hide more than the
/// source.
pub(super) fn source(setup: &Setup, module: &ModuleId) -> Option<PathBuf> {
    let (root, layout) = (&setup.root, &setup.layout);
    let source = root.canonical(&layout.source_link(module))?;
    let version = root.canonical(&layout.version(module))?;
    (!version.starts_with(&source) && !source.starts_with(&version)).then_some(source)
}

/// The kernel's headers, and what links in them lead to: Debian's and Ubuntu's are several directories joined by links.
fn headers(setup: &Setup, kernel: &Kernel) -> Vec<PathBuf> {
    let root = &setup.root;
    let tops = [kernel.source_dir.clone(), kernel.directory.join("source")];
    let mut found: Vec<PathBuf> = Vec::new();
    let mut add = |path: PathBuf| {
        // What the tree itself lies below cannot be kept from it.
        let is_above = root.canonical(&setup.layout.tree).is_none_or(|tree| tree.starts_with(&path));
        if !is_above && !found.iter().any(|known| path.starts_with(known)) {
            found.push(path);
        }
    };
    for top in tops.iter().filter_map(|top| root.canonical(top)) {
        add(top.clone());
        links(root, &top).into_iter().for_each(&mut add);
    }
    found
}

fn links(root: &Root, directory: &Path) -> Vec<PathBuf> {
    let entries = root.list(directory).unwrap_or_default().into_iter();
    entries
        .filter(|(_, kind)| *kind == Kind::Link)
        .filter_map(|(name, _)| root.canonical(&directory.join(name)))
        .collect()
}

/// A build that could write into its source and only added to it is what added: that is no news. What was there before and
/// is another one now may be a person's work, and is.
fn note_additions(setup: &Setup, module: &ModuleId, work: &Work, before: &SourceTree) {
    let Ok(after) = SourceTree::look(setup, module) else { return };
    if after.stamp() != before.stamp() && after.only_adds_to(before) {
        // It is being changed right now: then it is news.
        let Ok(part) = after.part(&setup.root) else { return };
        work.note_own_change(before.stamp(), part);
    }
}

impl Place {
    fn move_in(&mut self, setup: &Setup, root: &RootMut, shown: &Shown) -> Result<(), Error> {
        swap(setup, root, shown)?;
        self.moved.push(shown.clone());
        Ok(())
    }

    /// Everything back, the last one first.
    fn move_out(&mut self, setup: &Setup, root: &RootMut) -> Result<(), Error> {
        let mut result = Ok(());
        while let Some(shown) = self.moved.pop() {
            let back = Shown { from: shown.to.clone(), to: shown.from.clone() };
            result = result.and(swap(setup, root, &back));
            let parent = shown.to.parent().unwrap_or(Path::new("/"));
            root.remove_empty_parents(parent, &setup.layout.tree);
        }
        result
    }
}

fn swap(setup: &Setup, root: &RootMut, shown: &Shown) -> Result<(), Error> {
    if setup.root.link_meta(&shown.to).is_some() {
        return match root.exchange(&shown.from, &shown.to) {
            // overlayfs renames no directory of a lower layer (what the image of a container brought).
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => {
                copy::renew(setup, root, &shown.to)?;
                root.exchange(&shown.from, &shown.to)
            }
            exchanged => exchanged,
        };
    }
    root.create_dir_all(shown.to.parent().unwrap_or(Path::new("/")))?;
    root.rename(&shown.from, &shown.to)
}
