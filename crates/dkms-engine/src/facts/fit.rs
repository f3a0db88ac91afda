//! Whether a kernel would load objects that were not built here: from an archive, or by the original, which keeps no record.
//!
//! What was built here was compared right after it was built.

use std::path::{Path, PathBuf};

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

/// Compares the objects of a target with what its kernel and the modules that are installed for it have.
///
/// # Errors
/// `Io`; `ModuleUnreadable` if one is no module.
pub fn of(setup: &Setup, kernel: &Kernel, target: &Target, objects: &[&Path]) -> Result<Fit, Error> {
    let root = &setup.root;
    let machine = elf_machine::expected(&kernel.config, &target.kernel.arch);
    let interface = Interface::gather(root, &kernel.directory, &target.kernel.release)?;
    let tables = tables(setup, target)?;
    for object in objects {
        let bytes = info::load(root, object)?;
        let unreadable = |reason| Error::ModuleUnreadable { path: object.to_path_buf(), reason };
        let info = ModuleInfo::parse(&bytes).map_err(unreadable)?;
        let other_machine = machine.filter(|machine| *machine != info.machine);
        let reason = match (&interface, other_machine) {
            (_, Some(machine)) => {
                Some(format!("it is for the ELF machine {:?}, and the kernel is {machine:?}", info.machine))
            }
            (Some(interface), None) => interface.refusal(&bytes, &tables).map_err(unreadable)?,
            (None, None) => None,
        };
        if let Some(reason) = reason {
            return Ok(Fit::Unfit { object: object.to_path_buf(), reason });
        }
    }
    Ok(if interface.is_some() { Fit::Fits } else { Fit::Unknown })
}

/// Symbols of its own, and of the modules that are installed for the kernel.
fn tables(setup: &Setup, target: &Target) -> Result<Vec<Versions>, Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let mut paths = vec![layout.objects(target).join("Module.symvers")];
    for (name, kind) in root.list(&layout.tree)? {
        if let Some(name) = name.to_str().filter(|name| kind == Kind::Directory && !name.starts_with('.')) {
            paths.push(layout.active_link(name, &target.kernel).join("module/Module.symvers"));
        }
    }
    Ok(paths.iter().filter(|path| root.is_file(path)).map(|path| Versions::read(root, path)).collect())
}
