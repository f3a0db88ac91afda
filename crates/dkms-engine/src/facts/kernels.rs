//! Which kernels are installed: the directories of the install tree.
//!
//! Any name counts that can be one, custom kernels included. The running kernel is not asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dkms_conf::version::compare;

use crate::error::Error;
use crate::facts::tree::Tree;
use crate::layout::{BOOT, Layout, MODULE_DIRS};
use crate::setup::Setup;
use crate::setup::distribution::Family;
use crate::system::root::Kind;
use crate::target::KernelId;

/// A kernel release that has a module directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its release.
    pub release: String,
    /// Its module directory, in-root.
    pub directory: PathBuf,
    /// Whether the kernel's own modules are there.
    pub image: bool,
    /// Whether there is a `build`, be it a dangling link.
    pub build: bool,
}

/// All of them, sorted by release. A directory that only holds what was left behind (modules of ours, depmod's files)
/// is no kernel.
///
/// # Errors
/// `Io` if an install tree exists and cannot be listed.
pub fn installed(setup: &Setup) -> Result<Vec<Installed>, Error> {
    let mut kernels = directories(setup)?;
    kernels.retain(|kernel| kernel.image || kernel.build);
    Ok(kernels)
}

/// Releases of which only what was left behind has a directory.
///
/// # Errors
/// As [`installed`].
pub fn remains(setup: &Setup) -> Result<BTreeSet<String>, Error> {
    let remains = directories(setup)?.into_iter().filter(|kernel| !kernel.image && !kernel.build);
    Ok(remains.map(|kernel| kernel.release).collect())
}

/// Every directory that may be a kernel's, sorted by release.
pub(crate) fn directories(setup: &Setup) -> Result<Vec<Installed>, Error> {
    let root = &setup.root;
    let mut kernels: Vec<Installed> = Vec::new();
    for tree in trees(setup) {
        for (name, kind) in root.list(&tree)? {
            let Some(release) = name.to_str().filter(|name| is_release(name)) else { continue };
            let directory = tree.join(release);
            let is_directory = kind == Kind::Directory || (kind == Kind::Link && root.is_dir(&directory));
            if !is_directory {
                continue;
            }
            let image = has_image(setup, &directory);
            let build = root.link_meta(&directory.join("build")).is_some();
            let found = Installed { release: release.to_owned(), directory, image, build };
            match kernels.iter_mut().find(|kernel| kernel.release == release) {
                Some(known) if known.image || known.build => {}
                Some(remains) => *remains = found,
                None => kernels.push(found),
            }
        }
    }
    kernels.sort_by(|one, other| one.release.cmp(&other.release));
    Ok(kernels)
}

/// The kernels that modules are kept for when none is named: all that are installed, or where the administrator did not
/// ask for all of them, the newest one and those that have modules already. A directory that has only headers is no kernel
/// yet, except where there is no kernel at all: that is how module packages are built in containers.
///
/// # Errors
/// As [`installed`], and `Io` for a tree that cannot be read.
pub fn served(setup: &Setup) -> Result<BTreeSet<KernelId>, Error> {
    let mut kernels = installed(setup)?;
    let any = kernels.iter().any(|kernel| kernel.image);
    let has_headers = |kernel: &Installed| setup.root.is_dir(&kernel.directory.join("build/include"));
    // Red Hat's installer has such kernels, which are never booted.
    kernels.retain(|kernel| !kernel.release.contains("BOOT") && (kernel.image || (!any && has_headers(kernel))));
    if !setup.framework.autoinstall_all_kernels() {
        let newest = kernels.iter().map(|kernel| &kernel.release).max_by(|one, other| compare(one, other)).cloned();
        let built: BTreeSet<String> =
            Tree::gather(setup)?.builds().map(|build| build.target.kernel.release.clone()).collect();
        kernels.retain(|kernel| Some(&kernel.release) == newest.as_ref() || built.contains(&kernel.release));
    }
    let ids = kernels.iter().map(|kernel| KernelId::new(&kernel.release, &setup.machine.arch));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The module directory of a release: below the configured tree, or where it is found when only the other one of the
/// two usual places has it.
pub fn directory(setup: &Setup, release: &str) -> PathBuf {
    let usual = setup.layout.kernel(release);
    if setup.root.is_dir(&usual) {
        return usual;
    }
    let other = trees(setup).into_iter().skip(1).map(|tree| tree.join(release));
    other.into_iter().find(|directory| setup.root.is_dir(directory)).unwrap_or(usual)
}

/// Whether the kernel's own modules, or the list of what is built into it, are there. Neither is made by depmod.
///
/// Debian, since it splits kernels into parts, has the list in a part that headers need too, and says by another one what
/// boots: that part's scripts copy the image to `/boot`, before any hook of ours when it comes, and take it away when it
/// goes (linux-base 4.16, `00-legacy-boot`).
pub fn has_image(setup: &Setup, directory: &Path) -> bool {
    let root = &setup.root;
    if !root.is_dir(&directory.join("kernel")) && !root.exists(&directory.join("modules.builtin")) {
        return false;
    }
    let family = setup.distribution.family();
    let split = matches!(family, Family::Debian | Family::Ubuntu) && root.exists(&directory.join("config"));
    let release = directory.file_name().unwrap_or_default().to_string_lossy();
    let boots = |name: &str| root.exists(&Path::new(BOOT).join(format!("{name}-{release}")));
    !split || ["vmlinuz", "vmlinux"].into_iter().any(boots)
}

/// The configured tree; while it is the usual one, both usual places (one directory on merged systems).
fn trees(setup: &Setup) -> Vec<PathBuf> {
    let install = &setup.layout.install;
    let mut trees = vec![install.clone()];
    if *install != Layout::default().install && !MODULE_DIRS.iter().any(|usual| Path::new(usual) == install) {
        return trees;
    }
    let inode = |path: &Path| setup.root.meta(path).map(|meta| meta.inode);
    for usual in MODULE_DIRS.map(Path::new) {
        if !trees.iter().any(|tree| tree == usual || inode(tree) == inode(usual)) {
            trees.push(usual.to_owned());
        }
    }
    trees
}

fn is_release(name: &str) -> bool {
    KernelId::new(name, "any").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(setup: &Setup) -> Vec<String> {
        installed(setup).unwrap().into_iter().map(|kernel| kernel.release).collect()
    }

    #[test]
    fn custom_names_count_and_leftovers_do_not() {
        let (_directory, setup) = crate::testing::setup();
        for path in [
            "/lib/modules/6.1.0-9-amd64/kernel",
            "/lib/modules/test-kernel/build",
            "/lib/modules/5.10.0/updates/dkms",
            "/lib/modules/bad name/kernel",
            "/usr/lib/modules/6.9.5-arch1-1/kernel",
        ] {
            setup.root.writable().create_dir_all(Path::new(path)).unwrap();
        }
        setup.root.writable().create_dir_all(Path::new("/lib/modules/dangling")).unwrap();
        setup.root.writable().symlink(Path::new("/nowhere"), Path::new("/lib/modules/dangling/build")).unwrap();
        assert_eq!(releases(&setup), ["6.1.0-9-amd64", "6.9.5-arch1-1", "dangling", "test-kernel"]);
        assert_eq!(directory(&setup, "6.9.5-arch1-1"), Path::new("/usr/lib/modules/6.9.5-arch1-1"));
        assert_eq!(directory(&setup, "none"), Path::new("/lib/modules/none"));
    }

    #[test]
    fn headers_alone_make_a_kernel_only_where_there_is_none() {
        let (_directory, mut setup) = crate::testing::setup();
        setup.framework.set(dkms_conf::framework_key::Key::AutoinstallAllKernels, "yes");
        let of = |setup: &Setup| served(setup).unwrap().into_iter().map(|id| id.release).collect::<Vec<_>>();
        setup.root.writable().create_dir_all(Path::new("/lib/modules/6.9/build/include")).unwrap();
        assert_eq!(of(&setup), ["6.9"]);
        for path in ["/lib/modules/6.1/kernel", "/lib/modules/6.10/kernel", "/lib/modules/6.2/kernel"] {
            setup.root.writable().create_dir_all(Path::new(path)).unwrap();
        }
        assert_eq!(of(&setup), ["6.1", "6.10", "6.2"]);
        setup.framework.set(dkms_conf::framework_key::Key::AutoinstallAllKernels, "no");
        assert_eq!(of(&setup), ["6.10"], "the newest, by number");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1/6.1/x86_64/module")).unwrap();
        assert_eq!(of(&setup), ["6.1", "6.10"]);
    }

    #[test]
    fn a_kernel_in_parts_is_there_while_it_boots() {
        let (_directory, setup) = crate::testing::setup();
        let directory = Path::new("/lib/modules/7.2-amd64");
        let has = |setup: &Setup| has_image(setup, directory);
        assert!(!has(&setup));
        crate::testing::write(&setup, "/lib/modules/7.2-amd64/modules.builtin", "");
        assert!(has(&setup));
        crate::testing::write(&setup, "/lib/modules/7.2-amd64/config", "");
        setup.root.writable().create_dir_all(&directory.join("kernel")).unwrap();
        assert!(!has(&setup));
        crate::testing::write(&setup, "/boot/vmlinuz-7.2-amd64", "");
        assert!(has(&setup));
    }

    #[test]
    fn merged_directories_are_listed_once() {
        let (_directory, setup) = crate::testing::setup();
        setup.root.writable().create_dir_all(Path::new("/usr/lib/modules/6.1/kernel")).unwrap();
        setup.root.writable().symlink(Path::new("usr/lib"), Path::new("/lib")).unwrap();
        let kernels = installed(&setup).unwrap();
        assert_eq!(kernels.len(), 1);
        assert_eq!(kernels[0].directory, Path::new("/lib/modules/6.1"));
    }
}
