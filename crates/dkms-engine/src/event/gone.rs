//! Kernels that are gone, and what we left in their directories.

use std::collections::BTreeSet;

use super::Touched;
use crate::error::Error;
use crate::facts::State;
use crate::facts::kernels::{directory, has_image, remains};
use crate::facts::tree::{BuiltTarget, Tree};
use crate::plan::Goal;
use crate::report::Report;
use crate::run::{self, Depmod, Observer, RunOptions, Writer};
use crate::setup::Setup;
use crate::target::KernelId;

/// Kernels that something is built for and that are not there any more: packages took their files away just now, or
/// nothing but our modules is left in their directory. One of which nothing at all can be seen may be on a disk that is
/// not mounted.
///
/// # Errors
/// `Io` for a tree that cannot be read.
pub(super) fn kernels(setup: &Setup, touched: &Touched) -> Result<BTreeSet<KernelId>, Error> {
    let has_no_image = |release: &&String| !has_image(setup, &directory(setup, release));
    let gone: BTreeSet<String> = touched.kernels.iter().filter(has_no_image).cloned().collect();
    let remains = remains(setup)?;
    if gone.is_empty() && remains.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tree = Tree::gather(setup)?;
    let is_gone = |build: &&BuiltTarget| {
        let release = &build.target.kernel.release;
        gone.contains(release) || (build.state == State::Installed && remains.contains(release))
    };
    Ok(tree.builds().filter(is_gone).map(|build| build.target.kernel.clone()).collect())
}

/// Takes away what is left of us for a kernel.
///
/// # Errors
/// As [`run::achieve`].
pub(super) fn remove(
    setup: &Setup,
    kernel: KernelId,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    let directory = directory(setup, &kernel.release);
    let goal = Goal::KernelGone { kernel, autoinstalled_only: false };
    let options = RunOptions { depmod: Depmod::Later, ..RunOptions::default() };
    let report = run::achieve(setup, &goal, &options, writer, observer)?;
    // Its package could not remove it while ours was in it, and nobody else will. What the package itself has is not empty.
    if let Some(above) = directory.parent().filter(|_| !has_image(setup, &directory)) {
        setup.root.remove_empty_below(&directory);
        setup.root.remove_empty_parents(&directory, above);
    }
    Ok(report)
}
