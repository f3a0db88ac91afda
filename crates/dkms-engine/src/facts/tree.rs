//! The dkms tree as it lies on the disk: registered module versions, what is built, what is installed.
//!
//! ```text
//! T/M/kernel-K-A -> V/K/A      V is the version that is installed for K
//! T/M/V/source -> S/M-V        V is registered
//! T/M/V/K/A/module/            V is built for K
//! T/M/V/K/module/              the same, as written before architectures were told apart
//! ```
//!
//! Only directories and links are looked at: no configuration is evaluated and no object is read. What a state means
//! for the next step is the plan's business; whether the files are what they should be, that of
//! [`crate::facts::condition`].

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::facts::{Registration, State};
use crate::layout::Layout;
use crate::setup::Setup;
use crate::system::root::{Kind, Root};
use crate::target::{KernelId, ModuleId, Target};

/// Names in `T/M/V` that are no kernel releases; the last ones are those of features that are gone.
const RESERVED: [&str; 6] = ["build", "source", "tarball", "driver_disk", "rpm", "deb"];

/// Everything in the tree, in the byte order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Module versions.
    pub modules: Vec<RegisteredModule>,
}

/// One module version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredModule {
    /// Which one.
    pub id: ModuleId,
    /// How it is registered.
    pub registration: Registration,
    /// What it is built for.
    pub builds: Vec<BuiltTarget>,
}

/// One finished build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltTarget {
    /// What was built for what.
    pub target: Target,
    /// The directory that has `module`: `T/M/V/K/A`, or `T/M/V/K` for a build of old.
    pub directory: PathBuf,
    /// Built or installed.
    pub state: State,
    /// A module of the kernel's, or of another package, was put aside for this one.
    pub original_exists: bool,
}

impl Tree {
    /// Looks at the whole tree. A tree that is not there is empty.
    ///
    /// # Errors
    /// `Io` for a directory that cannot be listed.
    pub fn gather(setup: &Setup) -> Result<Self, Error> {
        let mut modules = Vec::new();
        for name in directories(&setup.root, &setup.layout.tree)? {
            gather_module(setup, &name, &mut modules)?;
        }
        Ok(Self { modules })
    }

    /// Looks at the versions of one module.
    ///
    /// # Errors
    /// As [`Tree::gather`].
    pub fn gather_module(setup: &Setup, name: &str) -> Result<Self, Error> {
        let mut modules = Vec::new();
        gather_module(setup, name, &mut modules)?;
        Ok(Self { modules })
    }

    /// One module version, if it is registered.
    pub fn module(&self, id: &ModuleId) -> Option<&RegisteredModule> {
        self.modules.iter().find(|module| module.id == *id)
    }

    /// All builds of all modules.
    pub fn builds(&self) -> impl Iterator<Item = &BuiltTarget> {
        self.modules.iter().flat_map(|module| &module.builds)
    }
}

/// How a module version is registered; `None` if it is not.
pub fn registration(setup: &Setup, id: &ModuleId) -> Option<Registration> {
    let (root, layout) = (&setup.root, &setup.layout);
    let link = layout.source_link(id);
    if !root.is_dir(&layout.version(id)) {
        return None;
    }
    match root.link_meta(&link).map(|meta| meta.kind) {
        Some(Kind::Link) if root.is_dir(&link) => Some(Registration::Added),
        Some(Kind::Link) => Some(Registration::Broken),
        // There is a source, and nothing leads to it, unless that is about to go: then what is kept of it counts.
        _ if root.is_dir(&layout.source_tree(id)) && root.link_meta(&layout.retiring(id)).is_none() => {
            Some(Registration::Broken)
        }
        Some(Kind::Directory) => Some(Registration::BinariesOnly),
        _ => None,
    }
}

/// Whether a finished build is the active one for its kernel. Both sides are resolved, as the tree itself may be
/// reached through a link.
pub fn is_installed(root: &Root, layout: &Layout, target: &Target, directory: &Path) -> bool {
    let link = layout.active_link(&target.module.name, &target.kernel);
    let Some(text) = root.read_link(&link) else { return false };
    let module = layout.module(&target.module.name);
    module.join(&text) == directory || root.canonical(&link).is_some_and(|end| root.canonical(directory) == Some(end))
}

fn gather_module(setup: &Setup, name: &str, modules: &mut Vec<RegisteredModule>) -> Result<(), Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let directory = layout.module(name);
    let mut originals = None;
    for version in directories(root, &directory)? {
        let Ok(id) = ModuleId::new(name, &version) else { continue };
        let mut builds = gather_builds(setup, &id)?;
        let registration = match registration(setup, &id) {
            Some(registration) => registration,
            // Objects whose source was taken away with its link: still there to be installed or removed.
            None if !builds.is_empty() => Registration::BinariesOnly,
            None => continue,
        };
        if !builds.is_empty() {
            let has_originals =
                *originals.get_or_insert_with(|| root.is_dir(&layout.module(name).join("original_module")));
            for build in builds.iter_mut().filter(|_| has_originals) {
                build.original_exists = root.is_dir(&layout.originals(name, &build.target.kernel));
            }
        }
        modules.push(RegisteredModule { id, registration, builds });
    }
    Ok(())
}

fn gather_builds(setup: &Setup, id: &ModuleId) -> Result<Vec<BuiltTarget>, Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let version = layout.version(id);
    let mut builds = Vec::new();
    for release in directories(root, &version)? {
        if RESERVED.contains(&release.as_str()) {
            continue;
        }
        let mut add = |arch: &str, directory: PathBuf| {
            let Ok(kernel) = KernelId::new(&release, arch) else { return };
            let target = Target::new(id.clone(), kernel);
            let installed = is_installed(root, layout, &target, &directory);
            let state = if installed { State::Installed } else { State::Built };
            builds.push(BuiltTarget { target, directory, state, original_exists: false });
        };
        let of_release = version.join(&release);
        for arch in directories(root, &of_release)? {
            let directory = of_release.join(&arch);
            if root.is_dir(&directory.join("module")) {
                add(&arch, directory);
            } else if arch == "module" {
                // Older than the architecture in the path, hence made for this machine.
                add(&setup.machine.arch, of_release.clone());
            }
        }
    }
    Ok(builds)
}

/// Names of the real directories in a directory that can be names of ours.
fn directories(root: &Root, path: &Path) -> Result<Vec<String>, Error> {
    let entries = root.list(path)?.into_iter();
    let directories = entries.filter(|(_, kind)| *kind == Kind::Directory);
    Ok(directories.filter_map(|(name, _)| name.into_string().ok()).filter(|name| !name.starts_with('.')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const T: &str = "/var/lib/dkms";

    fn mkdir(setup: &Setup, path: &str) {
        setup.root.writable().create_dir_all(Path::new(path)).unwrap();
    }

    fn link(setup: &Setup, text: &str, path: &str) {
        mkdir(setup, Path::new(path).parent().unwrap().to_str().unwrap());
        setup.root.writable().symlink(Path::new(text), Path::new(path)).unwrap();
    }

    fn add(setup: &Setup, name: &str, version: &str) {
        mkdir(setup, &format!("/usr/src/{name}-{version}"));
        link(setup, &format!("/usr/src/{name}-{version}"), &format!("{T}/{name}/{version}/source"));
        mkdir(setup, &format!("{T}/{name}/{version}/build"));
    }

    fn shown(setup: &Setup) -> Vec<String> {
        let mut lines = Vec::new();
        for module in Tree::gather(setup).unwrap().modules {
            lines.push(format!("{} {:?}", module.id, module.registration));
            for build in module.builds {
                let original = if build.original_exists { " original" } else { "" };
                lines.push(format!("  {} {:?}{original}", build.target.kernel, build.state));
            }
        }
        lines
    }

    #[test]
    fn an_absent_tree_is_empty() {
        let (_directory, setup) = testing::setup();
        assert_eq!(Tree::gather(&setup).unwrap(), Tree::default());
    }

    #[test]
    fn states_in_byte_order() {
        let (_directory, setup) = testing::setup();
        add(&setup, "b", "2.0");
        add(&setup, "b", "10.0");
        add(&setup, "a", "1");
        for kernel in ["6.1.0/x86_64", "6.1.0/aarch64", "custom/x86_64"] {
            mkdir(&setup, &format!("{T}/b/2.0/{kernel}/module"));
        }
        mkdir(&setup, &format!("{T}/b/2.0/6.5.0/.tmp_x86_64_AAAA/module"));
        mkdir(&setup, &format!("{T}/b/2.0/6.6.0/x86_64/log"));
        mkdir(&setup, &format!("{T}/b/2.0/.work-1/module"));
        mkdir(&setup, &format!("{T}/.dkms-rs/failed"));
        link(&setup, "2.0/custom/x86_64", &format!("{T}/b/kernel-custom-x86_64"));
        mkdir(&setup, &format!("{T}/b/original_module/custom/x86_64"));
        assert_eq!(
            shown(&setup),
            [
                "a/1 Added",
                "b/10.0 Added",
                "b/2.0 Added",
                "  6.1.0 (aarch64) Built",
                "  6.1.0 (x86_64) Built",
                "  custom (x86_64) Installed original",
            ]
        );
        assert_eq!(Tree::gather_module(&setup, "b").unwrap().builds().count(), 3);
    }

    #[test]
    fn broken_binaries_only_and_leftovers() {
        let (_directory, setup) = testing::setup();
        link(&setup, "/usr/src/dangling-1", &format!("{T}/dangling/1/source"));
        mkdir(&setup, "/usr/src/lost-1");
        mkdir(&setup, &format!("{T}/lost/1/build"));
        mkdir(&setup, &format!("{T}/binaries/1/source"));
        mkdir(&setup, &format!("{T}/binaries/1/6.1/x86_64/module"));
        mkdir(&setup, &format!("{T}/orphan/1/6.1/x86_64/module"));
        mkdir(&setup, &format!("{T}/leftover/1/6.1"));
        assert_eq!(
            shown(&setup),
            [
                "binaries/1 BinariesOnly",
                "  6.1 (x86_64) Built",
                "dangling/1 Broken",
                "lost/1 Broken",
                "orphan/1 BinariesOnly",
                "  6.1 (x86_64) Built",
            ]
        );
    }

    #[test]
    fn links_are_resolved_on_both_sides() {
        let (_directory, setup) = testing::setup();
        mkdir(&setup, "/srv/dkms");
        link(&setup, "/srv/dkms", T);
        add(&setup, "m", "1");
        mkdir(&setup, "/srv/dkms/m/1/6.1/x86_64/module");
        link(&setup, "/srv/dkms/m/1/6.1/x86_64", &format!("{T}/m/kernel-6.1-x86_64"));
        assert_eq!(shown(&setup), ["m/1 Added", "  6.1 (x86_64) Installed"]);
        link(&setup, "1/6.1/x86_64", &format!("{T}/m/kernel-6.1-other"));
        assert_eq!(shown(&setup).len(), 2, "the link of another architecture says nothing about this one");
    }

    #[test]
    fn builds_from_before_architectures() {
        let (_directory, setup) = testing::setup();
        add(&setup, "m", "1");
        mkdir(&setup, &format!("{T}/m/1/3.2.0/module"));
        mkdir(&setup, &format!("{T}/m/1/3.2.0/log"));
        let tree = Tree::gather(&setup).unwrap();
        let build = tree.builds().next().unwrap();
        assert_eq!(build.target.kernel.arch, setup.machine.arch);
        assert_eq!(build.directory, Path::new("/var/lib/dkms/m/1/3.2.0"));
    }
}
