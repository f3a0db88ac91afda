//! The program that signs: the kernel's own `sign-file`, or `kmodsign` on Ubuntu.

use std::path::PathBuf;

use crate::facts::kernel::Kernel;
use crate::setup::Setup;
use crate::setup::distribution::{SIGN_FILE, SignProgram};

/// Where it is for a kernel; else all the places that were looked at.
pub(super) fn find(setup: &Setup, kernel: &Kernel) -> Result<PathBuf, Vec<PathBuf>> {
    let candidates = candidates(setup, kernel);
    candidates.iter().find(|path| setup.root.is_executable(path)).cloned().ok_or(candidates)
}

/// What the administrator names is taken at its word: another program in its place could sign with another key. Otherwise
/// the distribution's places; the headers that the kernel is built against have the last word.
fn candidates(setup: &Setup, kernel: &Kernel) -> Vec<PathBuf> {
    let release = &kernel.id.release;
    if let Some(named) = setup.framework.sign_file(release) {
        return vec![named.into()];
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for program in setup.distribution.sign_programs(release, &kernel.directory) {
        match program {
            SignProgram::File(path) => paths.push(path),
            SignProgram::Named(name) => {
                paths.extend(
                    setup.environment.own_search_path(&setup.root).iter().map(|directory| directory.join(name)),
                );
            }
        }
    }
    paths.push(kernel.source_dir.join(SIGN_FILE));
    paths
}
