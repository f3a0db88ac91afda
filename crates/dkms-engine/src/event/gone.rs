//! Kernels that are gone, and what we left in their directories.

use std::collections::BTreeSet;

use super::Touched;
use crate::error::Error;
use crate::facts::State;
use crate::facts::kernels::{directory, has_image, remains};
use crate::facts::loans;
use crate::facts::tree::{BuiltTarget, Tree};
use crate::plan::Goal;
use crate::report::Report;
use crate::root::Kind;
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
    let mut kernels: BTreeSet<KernelId> =
        tree.builds().filter(is_gone).map(|build| build.target.kernel.clone()).collect();
    let borrowers = loans::gather(setup, &tree)?.into_keys().map(|target| target.kernel);
    kernels.extend(borrowers.filter(|kernel| gone.contains(&kernel.release) || remains.contains(&kernel.release)));
    Ok(kernels)
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
    // Its package could not remove it while ours was in it, and nobody else will. Headers may stay: what is empty in them is
    // their package's.
    if let Some(above) = directory.parent().filter(|_| !has_image(setup, &directory)) {
        for (name, kind) in setup.root.list(&directory)? {
            if kind == Kind::Directory && name != "build" && name != "source" {
                let inner = directory.join(name);
                setup.root.remove_empty_below(&inner);
                setup.root.remove_empty_parents(&inner, &directory);
            }
        }
        setup.root.remove_empty_parents(&directory, above);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing;

    struct Nobody;

    impl Observer for Nobody {
        fn progress(&mut self, _progress: run::Progress<'_>) {}
    }

    #[test]
    fn empty_directories_of_a_kernel_go_with_it_and_those_of_headers_stay() {
        let (_directory, setup) = testing::setup();
        for directory in ["6.1/extra/a", "6.1/build/empty", "6.2/extra", "6.3/extra", "6.3/kernel"] {
            setup.root.create_dir_all(&Path::new("/lib/modules").join(directory)).unwrap();
        }
        for release in ["6.1", "6.2", "6.3"] {
            let kernel = KernelId::new(release, "x86_64").unwrap();
            remove(&setup, kernel, &mut Writer::default(), &mut Nobody).unwrap();
        }
        let is_there = |path: &str| setup.root.is_dir(&Path::new("/lib/modules").join(path));
        assert!(is_there("6.1/build/empty") && !is_there("6.1/extra"));
        assert!(!is_there("6.2"));
        assert!(is_there("6.3/extra"), "its image is there");
    }
}
