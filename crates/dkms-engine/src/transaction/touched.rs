//! What a package manager's list of paths says: which source trees and which kernels packages have touched.
//!
//! The list only narrows where to look. What has become of a path is seen on the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layout::{Layout, MODULE_DIRS};

/// Source trees and kernels; empty where the package manager says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Names of directories in the source tree whose `dkms.conf` is in the list.
    pub sources: BTreeSet<String>,
    /// Releases of kernels with files of their own in the list, not only of their headers.
    pub kernels: BTreeSet<String>,
}

impl Touched {
    /// From paths with or without a leading slash. What leads elsewhere, or is no path that a package can have, says
    /// nothing.
    pub fn of<'a>(layout: &Layout, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut touched = Self::default();
        let trees: BTreeSet<&Path> = MODULE_DIRS.map(Path::new).into_iter().chain([layout.install.as_path()]).collect();
        for path in paths.into_iter().filter(|path| !path.split('/').any(|part| matches!(part, "." | ".."))) {
            let path = Path::new("/").join(path);
            if let Some([source, "dkms.conf"]) = below(&path, &layout.source).as_deref() {
                touched.sources.insert((*source).to_owned());
            }
            for parts in trees.iter().filter_map(|tree| below(&path, tree)) {
                // Headers come and go without their kernel.
                if let [release, file, ..] = parts.as_slice() {
                    if !matches!(*file, "build" | "source") {
                        touched.kernels.insert((*release).to_owned());
                    }
                }
            }
        }
        touched
    }
}

/// The parts of a path below a directory.
fn below<'a>(path: &'a Path, directory: &Path) -> Option<Vec<&'a str>> {
    path.strip_prefix(directory).ok()?.iter().map(|part| part.to_str()).collect()
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
                "usr/lib/modules/6.1-d/",
                "usr/lib/modules/",
                "etc/passwd",
                "",
                "/",
            ],
        );
        let names = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        assert_eq!(names(touched.sources), ["b r-2", "foo-1.0"]);
        assert_eq!(names(touched.kernels), ["6.1-a", "6.1-b"]);
    }
}
