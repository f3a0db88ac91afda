//! Modules that another package provides for a kernel, finished: distributions have them beside the sources of the same.
//!
//! The kernel's own modules are none of them: what was built from the same source as the kernel may be displaced, as ever.
//! No package promises to keep a file that none owns: it is treated as one of the kernel's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::kernel::Kernel;
use super::package::{self, Package};
use super::tree::Tree;
use super::{Facts, State, condition};
use crate::error::Error;
use crate::layout::WEAK_UPDATES;
use crate::module_file::compression::Compression;
use crate::setup::Setup;
use crate::system::root::{Kind, Root};

/// Directories right below `I/K` that hold no modules of others: headers, and weak links. The kernel's own directory is
/// too large to be walked; depmod's list has what is in it.
const PASSED_OVER: [&str; 4] = ["build", "source", "kernel", WEAK_UPDATES];
/// Files that only the package of a kernel has.
const OF_THE_KERNEL: [&str; 2] = ["modules.builtin", "modules.order"];

/// Notes for each target which of its objects another package provides.
pub(super) fn examine(setup: &Setup, tree: &Tree, facts: &mut Facts) -> Result<(), Error> {
    for kernel in facts.kernels.values().cloned().collect::<Vec<_>>() {
        let names: BTreeSet<String> = facts
            .targets
            .iter()
            .filter(|(target, _)| target.kernel == kernel.id)
            .flat_map(|(_, known)| known.objects().into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        if names.is_empty() || !kernel.present {
            continue;
        }
        let provided = provided(setup, tree, &kernel, &names)?;
        for (target, known) in facts.targets.iter_mut().filter(|(target, _)| target.kernel == kernel.id) {
            let objects: Vec<String> = known.objects().into_iter().map(str::to_owned).collect();
            let of_target = objects.into_iter().filter_map(|name| Some((name.clone(), provided.get(&name)?.clone())));
            known.provided = of_target.filter(|_| facts.modules.contains_key(&target.module)).collect();
        }
    }
    Ok(())
}

/// Names of packages by the names of the objects that they provide for a kernel.
fn provided(
    setup: &Setup,
    tree: &Tree,
    kernel: &Kernel,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let root = &setup.root;
    let mut found = Vec::new();
    for (name, kind) in root.list(&kernel.directory)? {
        if kind == Kind::Directory && !PASSED_OVER.iter().any(|other| name == *other) {
            walk(root, &kernel.directory.join(name), names, &mut found)?;
        }
    }
    found.extend(listed(root, &kernel.directory, names));
    let ours = ours(setup, tree, kernel);
    found.retain(|(_, path)| !ours.contains(path));
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let of_the_kernel: BTreeSet<PathBuf> = OF_THE_KERNEL.iter().map(|name| kernel.directory.join(name)).collect();
    let paths: BTreeSet<PathBuf> = found.iter().map(|(_, path)| path.clone()).chain(of_the_kernel.clone()).collect();
    let owners = package::owners(setup, &paths);
    let kernels: Vec<&Package> = of_the_kernel.iter().filter_map(|path| owners.get(path)).collect();
    let is_others = |package: &&Package| !kernels.iter().any(|kernel| kernel.source == package.source);
    let provided = found.into_iter().filter_map(|(name, path)| {
        let package = owners.get(&path).filter(is_others)?;
        Some((name, package.name.clone()))
    });
    Ok(provided.collect())
}

/// What we placed, or the original, and what still is as it was placed.
fn ours(setup: &Setup, tree: &Tree, kernel: &Kernel) -> BTreeSet<PathBuf> {
    let mut ours = BTreeSet::new();
    // What is only built has no place: a file of its name is not ours.
    let is_placed = |state: State| state == State::Installed;
    for build in tree.builds().filter(|build| build.target.kernel == kernel.id && is_placed(build.state)) {
        match condition::manifest(setup, build) {
            Some(manifest) => {
                let intact = manifest.files.into_iter().filter(|file| file.content.holds(&setup.root, &file.path));
                ours.extend(intact.map(|file| file.path));
            }
            None => {
                let places = condition::kept(setup, build);
                ours.extend(places.iter().filter_map(|name| condition::placed_file(setup, &kernel.directory, name)));
            }
        }
    }
    ours
}

fn walk(
    root: &Root,
    directory: &Path,
    names: &BTreeSet<String>,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), Error> {
    for (file, kind) in root.list(directory)? {
        let path = directory.join(&file);
        if kind == Kind::Directory {
            walk(root, &path, names, found)?;
        } else if let Some(name) = wanted(&file.to_string_lossy(), names) {
            found.push((name, path));
        }
    }
    Ok(())
}

/// Modules in the kernel's own directory that are not in its own list of them.
fn listed(root: &Root, directory: &Path, names: &BTreeSet<String>) -> Vec<(String, PathBuf)> {
    let text = |name: &str| root.read_to_string(&directory.join(name)).unwrap_or_default();
    let list = text("modules.dep");
    let paths = list.lines().filter_map(|line| line.split_once(':').map(|(path, _)| path));
    let here = |path: &&str| path.starts_with("kernel/");
    let mut found: Vec<(String, &str)> =
        paths.filter(here).filter_map(|path| Some((wanted(path.rsplit('/').next()?, names)?, path))).collect();
    if !found.is_empty() {
        let own = text("modules.order");
        let stem = |path: &str| path.split(".ko").next().map(str::to_owned);
        let own: BTreeSet<String> = own.lines().filter_map(stem).collect();
        found.retain(|(_, path)| stem(path).is_none_or(|stem| !own.contains(&stem)));
    }
    let there = found.into_iter().map(|(name, path)| (name, directory.join(path)));
    there.filter(|(_, path)| root.is_file(path)).collect()
}

fn wanted(file: &str, names: &BTreeSet<String>) -> Option<String> {
    let (name, _) = Compression::of_file_name(file)?;
    names.contains(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{DPKG_INFO, DPKG_STATUS};
    use crate::target::KernelId;
    use crate::testing;

    #[test]
    fn another_package_is_told_from_the_kernels_and_from_no_package() {
        let (_directory, setup) = testing::setup();
        let directory = "/lib/modules/6.1";
        for inner in ["extra/x.ko", "kernel/net/y.ko.xz", "kernel/net/z.ko", "updates/w.ko", "kernel/p/v.ko"] {
            testing::write(&setup, &format!("{directory}/{inner}"), "module");
        }
        testing::write(&setup, &format!("{directory}/modules.order"), "kernel/net/y.ko\n");
        testing::write(
            &setup,
            &format!("{directory}/modules.dep"),
            "extra/x.ko:\nkernel/net/y.ko.xz:\nkernel/net/z.ko:\nkernel/p/v.ko: kernel/net/z.ko\nkernel/gone/u.ko:\n",
        );
        let list = |name: &str, paths: &[&str]| {
            let lines: String = paths.iter().map(|path| format!("{directory}/{path}\n")).collect();
            testing::write(&setup, &format!("{DPKG_INFO}/{name}.list"), lines);
        };
        list("linux-image-6.1", &["modules.order", "kernel/net/y.ko.xz", "kernel/gone/u.ko"]);
        list("linux-extra-6.1", &["kernel/net/z.ko"]);
        list("finished-6.1", &["extra/x.ko", "kernel/p/v.ko"]);
        testing::write(
            &setup,
            DPKG_STATUS,
            "Package: linux-image-6.1\nSource: linux\n\nPackage: linux-extra-6.1\nSource: linux (1)\n",
        );
        let kernel = Kernel::gather(&setup, &KernelId::new("6.1", "x86_64").unwrap()).unwrap();
        let names = ["u", "v", "w", "x", "y", "z"].map(str::to_owned).into();
        // That it was built here makes no file of the package ours.
        testing::write(&setup, "/var/lib/dkms/x/1/6.1/x86_64/module/x.ko", "module");
        let tree = Tree::gather(&setup).unwrap();
        assert_eq!(tree.builds().count(), 1);
        let found = provided(&setup, &tree, &kernel, &names).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, package)| (name.as_str(), package.as_str())).collect();
        assert_eq!(found, [("v", "finished-6.1"), ("x", "finished-6.1")]);
    }
}
