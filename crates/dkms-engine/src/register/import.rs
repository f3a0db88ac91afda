//! A directory that a person names becomes the source of a module version: checked first, copied beside its place,
//! exchanged in one step.

use std::path::{Path, PathBuf};

use dkms_conf::Strictness;

use super::source_tree::replace_tree;
use crate::error::Error;
use crate::facts::Registration;
use crate::facts::conf::{self, Wanted};
use crate::facts::kernel::Kernel;
use crate::facts::tree::registration;
use crate::install::Session;
use crate::system::tree_copy::is_same_tree;
use crate::target::ModuleId;

/// What became of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The module version that it is the source of, going by its dkms.conf.
    pub module: ModuleId,
    /// Its place in the source tree.
    pub source: PathBuf,
    /// It was copied there; otherwise it was there already.
    pub copied: bool,
    /// The module version is registered already, from the same source.
    pub registered: bool,
}

/// Puts a directory with a dkms.conf (or the dkms.conf itself) into the source tree; `force` replaces the source of a
/// registered module version. Nothing is registered by it.
///
/// # Errors
/// `NoModuleSource`; `Conf`, `NameInvalid`; `AlreadyAdded` if the module version is registered with another source; `Io`,
/// and nothing is changed then.
pub fn import(session: &mut Session<'_>, path: &Path, kernel: &Kernel, force: bool) -> Result<Imported, Error> {
    let (setup, root) = (session.setup, session.root());
    let layout = &setup.layout;
    let nothing = || Error::NoModuleSource { path: path.to_owned() };
    let mut directory = root.canonical(path).ok_or_else(nothing)?;
    if directory.file_name().is_some_and(|name| name == "dkms.conf") && root.is_file(&directory) {
        directory.pop();
    }
    let own = directory.join("dkms.conf");
    if !root.is_file(&own) {
        return Err(nothing());
    }
    let wanted = Wanted { source: Some(&directory), path: None, module: None, kernel, strictness: Strictness::Always };
    let config = conf::evaluate_in_shell(setup, &conf::Files::default(), &wanted)?.config;
    let module = ModuleId::new(&config.package_name, &config.package_version)?;
    let source = layout.source_tree(&module);
    let registered = registration(setup, &module) == Some(Registration::Added);
    let places = [source.clone(), layout.source_link(&module), layout.build(&module)];
    let in_place = places.iter().any(|place| root.canonical(place).as_deref() == Some(&directory));
    if in_place || (root.is_dir(&source) && is_same_tree(root, &directory, &source)?) {
        return Ok(Imported { module, source, copied: false, registered });
    }
    if registered && !force {
        return Err(Error::AlreadyAdded { path: layout.version(&module), module });
    }
    if source.starts_with(&directory) {
        let reason = std::io::Error::other("the copy would be inside it");
        return Err(Error::io("copy", &directory)(reason));
    }
    replace_tree(root, &setup.cancel, &directory, &source)?;
    Ok(Imported { module, source, copied: true, registered })
}
