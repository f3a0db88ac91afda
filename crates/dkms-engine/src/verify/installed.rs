//! The files that are to be loaded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Scope;
use crate::error::Error;
use crate::facts::tree::{BuiltTarget, Tree};
use crate::facts::weak::links;
use crate::facts::{State, condition, kernels};
use crate::setup::Setup;
use crate::target::{KernelId, Target};
use crate::verdict::Name;

/// A module that is installed for a kernel, or linked to it from another one.
pub(super) struct Installed<'a> {
    pub(super) target: Target,
    /// The build; none for links to what was built for another kernel.
    pub(super) build: Option<&'a BuiltTarget>,
    /// Names and in-root paths of its objects.
    pub(super) objects: Vec<(String, PathBuf)>,
}

/// All of a kernel that are in the scope.
///
/// # Errors
/// `Io`.
pub(super) fn gather<'a>(
    setup: &Setup,
    tree: &'a Tree,
    weak: &BTreeMap<Target, KernelId>,
    kernel: &KernelId,
    scope: &Scope,
) -> Result<Vec<Installed<'a>>, Error> {
    let mut found = Vec::new();
    for build in tree.builds().filter(|build| build.state == State::Installed) {
        if !scope.takes(&Name::from(&build.target.module)) {
            continue;
        }
        let manifest = condition::manifest(setup, build);
        if build.target.kernel == *kernel {
            let directory = kernels::directory(setup, &kernel.release);
            let objects = match manifest {
                Some(manifest) => manifest.files.into_iter().map(|file| (file.name, file.path)).collect(),
                None => {
                    let place = |name: String| Some((condition::placed_file(setup, &directory, &name)?, name));
                    condition::kept(setup, build)
                        .into_iter()
                        .filter_map(place)
                        .map(|(path, name)| (name, path))
                        .collect()
                }
            };
            found.push(Installed { target: build.target.clone(), build: Some(build), objects });
            continue;
        }
        let target = Target::new(build.target.module.clone(), kernel.clone());
        if weak.get(&target) == Some(&build.target.kernel) {
            let files = manifest.map(|manifest| manifest.files).unwrap_or_default();
            let links = links::of_module(setup, &target, &files)?;
            let name =
                |link: &PathBuf| files.iter().find(|file| file.is_called_like(link)).map(|file| file.name.clone());
            let objects = links.iter().filter_map(|link| Some((name(link)?, link.clone()))).collect();
            found.push(Installed { target, build: None, objects });
        }
    }
    Ok(found)
}
