//! The program that signs: the kernel's own `sign-file`, or `kmodsign` on Ubuntu.

use std::path::PathBuf;

use crate::facts::distribution::Family;
use crate::facts::kernel::Kernel;
use crate::layout;
use crate::setup::Setup;

/// Where it is for a kernel; else all the places that were looked at.
pub(super) fn find(setup: &Setup, kernel: &Kernel) -> Result<PathBuf, Vec<PathBuf>> {
    let candidates = candidates(setup, kernel);
    candidates.iter().find(|path| setup.root.is_executable(path)).cloned().ok_or(candidates)
}

fn candidates(setup: &Setup, kernel: &Kernel) -> Vec<PathBuf> {
    let release = &kernel.id.release;
    let mut paths: Vec<PathBuf> = Vec::new();
    let of_kernel = |directory: PathBuf| directory.join("scripts/sign-file");
    match setup.framework.sign_file(release) {
        Some(configured) => paths.push(configured.into()),
        None => match setup.distribution.family() {
            Family::Debian => {
                let series = release.rsplit_once('.').map_or(release.as_str(), |(series, _)| series);
                paths.push(of_kernel(layout::kbuild(series)));
            }
            Family::Ubuntu => {
                paths.extend(setup.environment.search_path().iter().map(|directory| directory.join("kmodsign")));
                paths.push(of_kernel(layout::kernel_headers(&format!("linux-headers-{release}"))));
            }
            Family::Gentoo => paths.push(of_kernel(layout::kernel_headers(&format!("linux-{release}")))),
            _ => {}
        },
    }
    // Debian's versioned directories and everybody else's: the headers have it, or a link to it.
    paths.push(of_kernel(kernel.source_dir.clone()));
    paths.push(of_kernel(setup.layout.kernel_build(release)));
    paths
}
