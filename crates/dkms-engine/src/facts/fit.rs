//! Whether a kernel would load objects that were not built here: from an archive, or by the original, which keeps no record.
//!
//! What was built here was compared right after it was built.

use std::path::{Path, PathBuf};

use object::elf::Machine;

use super::elf_machine;
use super::kernel::Kernel;
use super::weak::symbol_versions::{Interface, Versions};
use crate::error::Error;
use crate::module_file::info::{self, ModuleInfo};
use crate::setup::Setup;
use crate::system::root::Kind;
use crate::target::Target;

/// What comes of comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Nothing speaks against it.
    Fits,
    /// Nothing tells the versions of the kernel's symbols.
    Unknown,
    /// The kernel would not load it.
    Unfit {
        /// Which object.
        object: PathBuf,
        /// Why, as a sentence.
        reason: String,
    },
}

/// What a kernel and the modules that are installed for it offer to a module.
#[derive(Debug)]
pub struct Offer {
    machine: Option<Machine>,
    interface: Option<Interface>,
    tables: Vec<Versions>,
}

impl Offer {
    /// Looks; symbols of `own`, which need not be installed, count too.
    ///
    /// # Errors
    /// `Io`.
    pub fn gather(setup: &Setup, kernel: &Kernel, own: Option<&Target>) -> Result<Self, Error> {
        Ok(Self {
            machine: elf_machine::expected(&kernel.config, &kernel.id.arch),
            interface: Interface::gather(&setup.root, &kernel.directory, &kernel.id.release)?,
            tables: tables(setup, kernel, own)?,
        })
    }

    /// Whether it is known which symbols the kernel has, in which version.
    pub fn is_known(&self) -> bool {
        self.interface.is_some()
    }

    /// Why the kernel would not load a module, as a sentence; `None` if nothing that is known speaks against it.
    ///
    /// # Errors
    /// A fragment saying why it is no module.
    pub fn objection(&self, module: &[u8]) -> Result<Option<String>, String> {
        let info = ModuleInfo::parse(module)?;
        if let Some(machine) = self.machine.filter(|machine| *machine != info.machine) {
            return Ok(Some(format!("it is for the ELF machine {:?}, and the kernel is {machine:?}", info.machine)));
        }
        self.interface.as_ref().map_or(Ok(None), |interface| interface.refusal(module, &self.tables))
    }
}

/// Compares the objects of a target with what its kernel and the modules that are installed for it have.
///
/// # Errors
/// `Io`; `ModuleUnreadable` if one is no module.
pub fn of(setup: &Setup, kernel: &Kernel, target: &Target, objects: &[&Path]) -> Result<Fit, Error> {
    let offer = Offer::gather(setup, kernel, Some(target))?;
    for object in objects {
        let bytes = info::load(&setup.root, object)?;
        let unreadable = |reason| Error::ModuleUnreadable { path: object.to_path_buf(), reason };
        if let Some(reason) = offer.objection(&bytes).map_err(unreadable)? {
            return Ok(Fit::Unfit { object: object.to_path_buf(), reason });
        }
    }
    Ok(if offer.is_known() { Fit::Fits } else { Fit::Unknown })
}

/// Symbols of `own`, and of the modules that are installed for the kernel.
fn tables(setup: &Setup, kernel: &Kernel, own: Option<&Target>) -> Result<Vec<Versions>, Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let mut paths: Vec<PathBuf> = own.map(|target| layout.objects(target).join("Module.symvers")).into_iter().collect();
    for (name, kind) in root.list(&layout.tree)? {
        if let Some(name) = name.to_str().filter(|name| kind == Kind::Directory && !name.starts_with('.')) {
            paths.push(layout.active_link(name, &kernel.id).join("module/Module.symvers"));
        }
    }
    Ok(paths.iter().filter(|path| root.is_file(path)).map(|path| Versions::read(root, path)).collect())
}
