//! What make left, looked at before anything else is done with it.
//!
//! An object that no kernel could load must not get as far as replacing one that works: a file without content after a
//! full disk, one for the running kernel instead of the wanted one, one for another machine.

use std::path::Path;

use super::{BuildEvent, BuildOrder, BuiltObject, Listener, kept_log, object_name};
use crate::error::Error;
use crate::facts::module_info::{self, ModuleInfo};
use crate::setup::Setup;

/// Checks every object that the configuration promises.
pub(super) fn objects(
    setup: &Setup,
    order: &BuildOrder,
    build: &Path,
    listener: Listener<'_>,
) -> Result<Vec<BuiltObject>, Error> {
    let mut objects = Vec::new();
    let releases = releases(setup, order);
    for &index in &order.records {
        let Some(record) = order.config.records.get(index) else { continue };
        let object = object_name(record);
        let path = build.join(&object);
        let log = || kept_log(setup, &order.target);
        if !setup.root.is_file(&path) {
            return Err(Error::NotBuilt { target: order.target.clone(), object, log: log() });
        }
        let info = examine(setup, order, &path, &releases).map_err(|reason| Error::ObjectWrong {
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

fn examine(setup: &Setup, order: &BuildOrder, path: &Path, releases: &[String]) -> Result<ModuleInfo, String> {
    let content = setup.root.read_bounded(path, module_info::MAX_MODULE_BYTES).map_err(|error| error.to_string())?;
    let info = ModuleInfo::parse(&content)?;
    let arch = &order.target.kernel.arch;
    if let Some(expected) = module_info::expected_machine(&order.kernel.config, arch) {
        if expected != info.machine {
            return Err(format!("it is for the ELF machine {}, and {arch} is {expected}", info.machine));
        }
    }
    match info.kernel_release() {
        None => Err("it has no vermagic, so it is no kernel module".into()),
        Some(release) if releases.iter().any(|known| known == release) => Ok(info),
        Some(release) => Err(format!("it is built for kernel {release}")),
    }
}

/// What a module for this kernel may have in its vermagic: the release asked for, or what the headers call themselves
/// (those of one kernel may serve another one under a name of its own).
fn releases(setup: &Setup, order: &BuildOrder) -> Vec<String> {
    let file = order.kernel.source_dir.join("include/config/kernel.release");
    let own = setup.root.read_bounded(&file, 4096).ok();
    let own = own.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let mut releases = vec![order.target.kernel.release.clone()];
    releases.extend(own.filter(|own| !own.is_empty()));
    releases
}
