//! What make left, looked at before anything else is done with it.
//!
//! An object that no kernel could load must not get as far as replacing one that works: a file without content after a
//! full disk, one for the running kernel instead of the wanted one, one for another machine.

use std::path::Path;

use super::{BuildEvent, BuildOrder, BuiltObject, Dependency, Listener, object_name};
use crate::error::Error;
use crate::facts::elf_machine;
use crate::facts::weak::symbol_versions::{self, Interface, Versions};
use crate::module_file::MAX_MODULE_BYTES;
use crate::module_file::info::ModuleInfo;
use crate::setup::Setup;

/// Checks every object that the configuration promises.
pub(super) fn objects(
    setup: &Setup,
    order: &BuildOrder,
    build: &Path,
    dependencies: &[Dependency],
    listener: Listener<'_>,
) -> Result<Vec<BuiltObject>, Error> {
    let mut objects = Vec::new();
    let offered = Offered::gather(setup, order, build, dependencies)?;
    let releases = symbol_versions::releases(&setup.root, &order.target.kernel.release, &order.kernel.source_dir);
    for &index in &order.records {
        let Some(record) = order.config.records.get(index) else { continue };
        let object = object_name(record);
        let path = build.join(&object);
        let log = || setup.layout.failed_log(&order.target);
        if !setup.root.is_file(&path) {
            return Err(Error::NotBuilt { target: order.target.clone(), object, log: log() });
        }
        let info = examine(setup, order, &path, &releases, offered.as_ref()).map_err(|reason| Error::ObjectWrong {
            target: order.target.clone(),
            object: object.clone(),
            reason,
            log: log(),
        })?;
        let expected = record.built_name.replace('-', "_");
        if let Some(name) = info.name().filter(|name| name.replace('-', "_") != expected) {
            let text = format!("`{object}` calls itself `{name}`: modprobe and lsmod will know it by that name");
            listener(BuildEvent::Warning(text));
        }
        objects.push(BuiltObject { record: index, path });
    }
    Ok(objects)
}

fn examine(
    setup: &Setup,
    order: &BuildOrder,
    path: &Path,
    releases: &[String],
    offered: Option<&Offered>,
) -> Result<ModuleInfo, String> {
    let content = setup.root.read_bounded(path, MAX_MODULE_BYTES).map_err(|error| error.to_string())?;
    let info = ModuleInfo::parse(&content)?;
    let arch = &order.target.kernel.arch;
    if let Some(expected) = elf_machine::expected(&order.kernel.config, arch) {
        if expected != info.machine {
            return Err(format!("it is for the ELF machine {:?}, and {arch} is {expected:?}", info.machine));
        }
    }
    match info.kernel_release() {
        None => Err("it has no vermagic, so it is not a kernel module".into()),
        Some(release) if !releases.iter().any(|known| known == release) => {
            Err(format!("it is built for kernel {release}"))
        }
        Some(_) => {
            match offered.map(|offered| offered.interface.refusal(&content, &offered.others)).transpose()?.flatten() {
                Some(reason) => Err(reason),
                None => Ok(info),
            }
        }
    }
}

/// What a module can be linked with when it is loaded.
struct Offered {
    interface: Interface,
    /// Symbols of the build's own modules and of those that it depends on.
    others: Vec<Versions>,
}

impl Offered {
    /// `None` where nothing tells what the kernel has, or a person said to build against something else.
    fn gather(
        setup: &Setup,
        order: &BuildOrder,
        build: &Path,
        dependencies: &[Dependency],
    ) -> Result<Option<Self>, Error> {
        if setup.options.kernel_source_dir.is_some() {
            return Ok(None);
        }
        let interface = Interface::gather(&setup.root, &order.kernel.directory, &order.target.kernel.release)?;
        let own = build.join("Module.symvers");
        let paths = dependencies.iter().filter_map(|dependency| dependency.symvers.as_ref()).chain([&own]);
        let others = paths.map(|path| Versions::read(&setup.root, path)).collect();
        Ok(interface.map(|interface| Self { interface, others }))
    }
}
