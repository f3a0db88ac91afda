//! What a package manager's list of paths says: which source trees and which kernels packages have touched.
//!
//! The one place that takes such paths apart. The list only narrows where to look: what has become of a path is seen on the
//! disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layout::{KERNELS_OWN, Layout, MODULE_DIRS};
use crate::target::ModuleId;

/// What a path of a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// It is the `dkms.conf` of a directory of this name in the source tree.
    Source(&'a str),
    /// It is in the module directory of a kernel, or is that directory.
    Kernel {
        /// The release of the kernel.
        release: &'a str,
        /// The name in that directory which it is, or lies below.
        file: Option<&'a str>,
    },
}

impl<'a> Place<'a> {
    /// Of a path with or without a leading slash. What leads elsewhere, or is no path that a package can have, belongs to
    /// nothing.
    pub fn of(layout: &Layout, path: &'a str) -> Option<Self> {
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return None;
        }
        if let Some([source, "dkms.conf"]) = below(path, &layout.source).as_deref() {
            return Some(Self::Source(source));
        }
        let trees = MODULE_DIRS.map(Path::new).into_iter().chain([layout.install.as_path()]);
        let parts = trees.filter_map(|tree| below(path, tree)).find(|parts| !parts.is_empty())?;
        Some(Self::Kernel { release: parts[0], file: parts.get(1).copied() })
    }

    /// The release of the kernel that comes or goes with it: of other packages no one has such a file.
    pub fn kernel_itself(self) -> Option<&'a str> {
        match self {
            Self::Kernel { release, file: Some(file) } if KERNELS_OWN.contains(&file) => Some(release),
            _ => None,
        }
    }
}

/// The parts of a path below a directory.
fn below<'a>(path: &'a str, directory: &Path) -> Option<Vec<&'a str>> {
    let inner = Path::new(path.trim_start_matches('/')).strip_prefix(directory.strip_prefix("/").ok()?).ok()?;
    inner.iter().map(|part| part.to_str()).collect()
}

/// Source trees and kernels; empty where the package manager says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Names of directories in the source tree whose `dkms.conf` is in the list.
    pub sources: BTreeSet<String>,
    /// Releases of kernels with files of their own in the list, not only of their headers.
    pub kernels: BTreeSet<String>,
    /// Those of them that come or go themselves, and not only modules of others.
    pub images: BTreeSet<String>,
}

impl Touched {
    /// From paths.
    pub fn of<'a>(layout: &Layout, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut touched = Self::default();
        for place in paths.into_iter().filter_map(|path| Place::of(layout, path)) {
            touched.images.extend(place.kernel_itself().map(str::to_owned));
            match place {
                Place::Source(source) => drop(touched.sources.insert(source.to_owned())),
                // Headers come and go without their kernel.
                Place::Kernel { file: None | Some("build" | "source"), .. } => {}
                Place::Kernel { release, .. } => drop(touched.kernels.insert(release.to_owned())),
            }
        }
        touched
    }

    /// Whether the source of this version of a module, or of another one, is among them.
    pub fn replaces(&self, module: &ModuleId) -> bool {
        let is_version = |rest: &str| rest.trim_start_matches(['r', 'v']).starts_with(|c: char| c.is_ascii_digit());
        self.sources.iter().any(|source| {
            let rest = source.strip_prefix(&module.name).and_then(|rest| rest.strip_prefix('-'));
            // `foo-bar-1` is no version of `foo`.
            *source == module.dashed() || rest.is_some_and(is_version)
        })
    }
}

/// Where the `dkms.conf` of a source directory is.
pub(crate) fn conf_of(layout: &Layout, source: &str) -> PathBuf {
    layout.source.join(source).join("dkms.conf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_which_sources_and_kernels() {
        let touched = Touched::of(
            &Layout::default(),
            [
                "usr/src/foo-1.0/dkms.conf",
                "/usr/src/b r-2/dkms.conf",
                "usr/src/foo-1.0/sub/dkms.conf",
                "usr/src/dkms.conf",
                "usr/src/../etc/dkms.conf",
                "usr/lib/modules/6.1-a/vmlinuz",
                "lib/modules/6.1-b/kernel/x.ko",
                "usr/lib/modules/6.1-c/build/include/",
                "usr/lib/modules/6.1-c/build/vmlinuz",
                "usr/lib/modules/6.1-d/",
                "usr/lib/modules/",
                "usr/lib/modules/vmlinuz",
                "usr/lib/modules/../vmlinuz",
                "etc/passwd",
                "",
                "\n",
                "/",
            ],
        );
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        assert_eq!(names(&touched.sources), ["b r-2", "foo-1.0"]);
        assert_eq!(names(&touched.kernels), ["6.1-a", "6.1-b"]);
        assert_eq!(names(&touched.images), ["6.1-a"]);
    }

    #[test]
    fn any_path_below_a_kernels_directory_is_that_kernels() {
        let place = |path| Place::of(&Layout::default(), path);
        let kernel = |file| Some(Place::Kernel { release: "6.1", file });
        assert_eq!(place("usr/lib/modules/6.1/build/include"), kernel(Some("build")));
        assert_eq!(place("/lib/modules/6.1/"), kernel(None));
        assert_eq!(place("usr/lib/modules/"), None);
        assert_eq!(place("usr/lib/modules/6.1/modules.order").and_then(Place::kernel_itself), Some("6.1"));
        let layout = Layout { install: "/m".into(), ..Layout::default() };
        assert_eq!(Place::of(&layout, "m/6.1/vmlinuz"), kernel(Some("vmlinuz")));
    }

    #[test]
    fn a_version_of_a_module_takes_the_place_of_another_one() {
        let touched = Touched::of(&Layout::default(), ["usr/src/foo-2.0/dkms.conf", "usr/src/a-b-r12/dkms.conf"]);
        for (name, version, comes) in
            [("foo", "1.0", true), ("foo", "2.0", true), ("fo", "1", false), ("a", "1", false), ("a-b", "r11", true)]
        {
            assert_eq!(touched.replaces(&ModuleId::new(name, version).unwrap()), comes, "{name}/{version}");
        }
    }
}
