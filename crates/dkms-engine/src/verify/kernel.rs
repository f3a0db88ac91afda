//! What all modules of one kernel are checked against, looked at once.

use std::path::{Path, PathBuf};

use super::machine::Machine;
use crate::error::Error;
use crate::facts::at_boot::AtBoot;
use crate::facts::command_line::CommandLine;
use crate::facts::fit::Offer;
use crate::facts::image::{self, Inside, Tree, Wanted};
use crate::facts::index::Index;
use crate::facts::kernel::Kernel;
use crate::module_file::MAX_MODULE_BYTES;
use crate::module_file::compression;
use crate::setup::Setup;
use crate::verify::evidence::{Copy, Evidence, Fault};

/// A kernel that is to be booted.
pub(super) struct Booted<'a> {
    setup: &'a Setup,
    machine: &'a Machine,
    kernel: &'a Kernel,
    at_boot: AtBoot,
    offer: Offer,
    index: Index,
    /// `None` if there is no image; a fragment saying why it cannot be read.
    image: Option<Result<Tree, String>>,
    remake: Option<String>,
}

impl<'a> Booted<'a> {
    /// Looks; `names` are those of the objects that will be asked about.
    pub(super) fn gather(
        setup: &'a Setup,
        machine: &'a Machine,
        kernel: &'a Kernel,
        names: &[String],
    ) -> Result<Self, Error> {
        let release = &kernel.id.release;
        let mut at_boot = AtBoot::gather(setup, &kernel.directory, release)?;
        at_boot.command_line = machine.command_line(release, &at_boot.config);
        let wanted = Wanted::new(names.iter().map(String::as_str));
        let path = machine.initial_file_system(setup, release);
        let read = |path: PathBuf| image::read(&setup.root, &path, &wanted).map_err(|error| error.to_string());
        let image = path.map(|path| path.and_then(read));
        Ok(Self {
            setup,
            machine,
            kernel,
            at_boot,
            offer: Offer::gather(setup, kernel, None)?,
            index: Index::read(&setup.root, &kernel.directory)?,
            image,
            remake: crate::initramfs::command(setup, release),
        })
    }

    pub(super) fn setup(&self) -> &Setup {
        self.setup
    }

    /// Checks one object; `path` is where it is installed.
    pub(super) fn check(&self, name: &str, path: &Path) -> Result<Vec<Fault>, Error> {
        let root = &self.setup.root;
        let stored = root.read_bounded(path, MAX_MODULE_BYTES)?;
        let unpacked = compression::unpack(stored.clone(), MAX_MODULE_BYTES);
        let module = match unpacked {
            Ok(module) => module,
            Err(reason) => return Ok(vec![Fault::unpacking(&reason)]),
        };
        let listed = self.listed(name);
        let no_words = CommandLine::default();
        let words = self.at_boot.command_line.as_ref().unwrap_or(&no_words);
        let is_there = matches!(&listed, Ok(Some(other)) if root.is_file(other));
        let is_listed_now = is_there && root.meta(path).is_some_and(|meta| !self.index.is_older_than(&meta));
        let evidence = Evidence {
            is_listed_now,
            path,
            stored: &stored,
            module: &module,
            release: &self.kernel.id.release,
            config: &self.at_boot.config,
            offer: &self.offer,
            listed: listed.as_ref().map(Option::as_deref).map_err(String::as_str),
            bars: &self.machine.modprobe.bars(name, words),
            inside: self.copy(name),
            remake: self.remake.as_deref(),
            circumstances: self.machine.circumstances(self.setup, &self.at_boot),
            confirmed: self.machine.confirmed(self.setup, &self.at_boot),
        };
        Ok(evidence.faults())
    }

    /// What the index lists for a name, in-root and without links on the way.
    fn listed(&self, name: &str) -> Result<Option<PathBuf>, String> {
        if let Some(missing) = self.index.lacks() {
            return Err(format!("depmod's index `{missing}` is missing"));
        }
        Ok(self.index.find(name)?.map(|path| self.kernel.directory.join(path)))
    }

    /// The copy in the image.
    fn copy(&self, name: &str) -> Copy {
        let tree = match &self.image {
            None => return Copy::None,
            Some(Err(reason)) => return Copy::Unknown(reason.clone()),
            Some(Ok(tree)) => tree,
        };
        let copy = match tree.loaded(name, &self.kernel.id.release) {
            Err(reason) => return Copy::Unknown(reason),
            Ok(Inside::Several) => return Copy::Unknown("it has several modules of that name and no index".into()),
            Ok(Inside::Nothing | Inside::Unlisted) => return Copy::None,
            Ok(Inside::One(copy)) => copy,
        };
        let unpacked = tree.content(copy).and_then(|stored| compression::unpack(stored.to_vec(), MAX_MODULE_BYTES));
        unpacked.map_or_else(Copy::Unknown, Copy::Module)
    }
}
