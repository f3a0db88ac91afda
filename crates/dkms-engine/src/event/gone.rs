//! Kernels that are gone, and what we left in their directories.
//!
//! What scripts of packages say of a kernel is only noted: the same one may come back in the same transaction, by another
//! package or by another version of this one. The end looks, and only a kernel that is not there has gone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::Error;
use crate::facts::State;
use crate::facts::kernels::{directory, has_image, remains};
use crate::facts::tree::{BuiltTarget, Tree};
use crate::facts::weak::links;
use crate::plan::Goal;
use crate::report::Report;
use crate::run::{self, Depmod, Observer, RunOptions, Writer};
use crate::setup::Setup;
use crate::system::root::Kind;
use crate::system::staged::Staged;
use crate::target::KernelId;
use crate::transaction::Touched;

/// Notes that a script said of a kernel that it goes.
///
/// # Errors
/// `Io`, and what keeps us from writing.
pub(super) fn announce(
    setup: &Setup,
    kernel: &KernelId,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    if Tree::gather(setup)?.modules.is_empty() {
        return Ok(());
    }
    let (guard, _) = writer.guard(setup, observer)?;
    Staged::file(guard.root(), &setup.layout.going(&kernel.release), b"", 0o644)?.publish()
}

/// Kernels of which it was said.
fn announced(setup: &Setup) -> Result<BTreeSet<KernelId>, Error> {
    let note = setup.layout.going("x");
    let notes = setup.root.list(note.parent().unwrap_or(&note))?.into_iter();
    let releases = notes.filter_map(|(name, _)| name.into_string().ok()).filter(|name| !name.starts_with('.'));
    Ok(releases.filter_map(|release| KernelId::new(&release, &setup.machine.arch).ok()).collect())
}

/// Takes away what is left of us for the kernels that are gone.
///
/// # Errors
/// As [`kernels`] and [`remove`].
pub(super) fn follow(
    setup: &Setup,
    touched: &Touched,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    let mut report = Report::default();
    for kernel in kernels(setup, touched)? {
        let note = setup.layout.going(&kernel.release);
        report.add(remove(setup, kernel, writer, observer)?);
        withdraw(setup, &note, writer, observer)?;
    }
    Ok(report)
}

/// At the end of a transaction it has been seen what became of all of them: those that are there stay.
///
/// # Errors
/// `Io`, and what keeps us from writing.
pub(super) fn settle(setup: &Setup, writer: &mut Writer, observer: &mut dyn Observer) -> Result<(), Error> {
    announced(setup)?
        .iter()
        .try_for_each(|kernel| withdraw(setup, &setup.layout.going(&kernel.release), writer, observer))
}

fn withdraw(setup: &Setup, note: &Path, writer: &mut Writer, observer: &mut dyn Observer) -> Result<(), Error> {
    if setup.root.link_meta(note).is_some() {
        let (guard, _) = writer.guard(setup, observer)?;
        guard.root().remove_file(note)?;
        guard.root().remove_empty_parents(note, &setup.layout.state());
    }
    Ok(())
}

/// Kernels that something is built for and that are not there any more: packages took their files away just now, a script
/// said so, or nothing but our modules is left in their directory. One of which nothing at all can be seen, and nothing was
/// said, may be on a disk that is not mounted.
///
/// # Errors
/// `Io` for a tree that cannot be read.
fn kernels(setup: &Setup, touched: &Touched) -> Result<BTreeSet<KernelId>, Error> {
    let announced = announced(setup)?;
    let has_no_image = |release: &&String| !has_image(setup, &directory(setup, release));
    let named = touched.kernels.iter().chain(announced.iter().map(|kernel| &kernel.release));
    let gone: BTreeSet<String> = named.filter(has_no_image).cloned().collect();
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
    let weakly_linked = links::gather(setup, &tree)?.into_keys().map(|target| target.kernel);
    kernels.extend(weakly_linked.filter(|kernel| gone.contains(&kernel.release) || remains.contains(&kernel.release)));
    // What failed for it is forgotten, too.
    kernels.extend(announced.into_iter().filter(|kernel| gone.contains(&kernel.release)));
    Ok(kernels)
}

/// Takes away what is left of us for a kernel.
///
/// # Errors
/// As [`run::achieve`].
fn remove(setup: &Setup, kernel: KernelId, writer: &mut Writer, observer: &mut dyn Observer) -> Result<Report, Error> {
    let directory = directory(setup, &kernel.release);
    let goal = Goal::KernelGone { kernel, autoinstalled_only: false };
    let options = RunOptions { depmod: Depmod::Later, ..RunOptions::default() };
    let report = run::achieve(setup, &goal, &options, writer, observer)?;
    // Its package could not remove it while ours was in it, and nothing else will. Headers may stay: what is empty in them is
    // their package's.
    if let Some(above) = directory.parent().filter(|_| setup.root.is_dir(&directory) && !has_image(setup, &directory)) {
        let (guard, _) = writer.guard(setup, observer)?;
        for (name, kind) in setup.root.list(&directory)? {
            if kind == Kind::Directory && name != "build" && name != "source" {
                let inner = directory.join(name);
                guard.root().remove_empty_below(&inner);
                guard.root().remove_empty_parents(&inner, &directory);
            }
        }
        guard.root().remove_empty_parents(&directory, above);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::transaction::Complete;

    struct Silent;

    impl Observer for Silent {
        fn progress(&mut self, _progress: run::Progress<'_>) {}
    }

    #[test]
    fn empty_directories_of_a_kernel_go_with_it_and_those_of_headers_stay() {
        let (_directory, setup) = testing::setup();
        for directory in ["6.1/extra/a", "6.1/build/empty", "6.2/extra", "6.3/extra", "6.3/kernel"] {
            setup.root.writable().create_dir_all(&Path::new("/lib/modules").join(directory)).unwrap();
        }
        for release in ["6.1", "6.2", "6.3"] {
            let kernel = KernelId::new(release, "x86_64").unwrap();
            remove(&setup, kernel, &mut Writer::default(), &mut Silent).unwrap();
        }
        let is_there = |path: &str| setup.root.is_dir(&Path::new("/lib/modules").join(path));
        assert!(is_there("6.1/build/empty") && !is_there("6.1/extra"));
        assert!(!is_there("6.2"));
        assert!(is_there("6.3/extra"), "its image is there");
    }
    /// A module that is built for a kernel that is there.
    fn scene() -> (tempfile::TempDir, Setup) {
        let (directory, setup) = testing::setup();
        for path in ["/lib/modules/6.1/kernel", "/lib/modules/6.1/build", "/var/lib/dkms/m/1/6.1/x86_64/module"] {
            setup.root.writable().create_dir_all(Path::new(path)).unwrap();
        }
        testing::write(&setup, "/usr/src/m-1/dkms.conf", "");
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        (directory, setup)
    }

    fn said(setup: &Setup, at_once: bool) {
        let event = super::super::Event::KernelRemoved { release: "6.1".into(), at_once };
        super::super::respond(setup, &event, &Complete, &mut Silent).unwrap();
    }

    fn is_built(setup: &Setup) -> bool {
        Tree::gather(setup).unwrap().builds().next().is_some()
    }

    #[test]
    fn a_kernel_that_is_said_to_go_and_is_there_at_the_end_stays() {
        for at_once in [true, false] {
            let (_directory, setup) = scene();
            said(&setup, at_once);
            let kernel = Path::new("/lib/modules/6.1/kernel");
            // Between two packages of the same release there is none.
            setup.root.writable().remove_dir(kernel).unwrap();
            setup.root.writable().create_dir_all(kernel).unwrap();
            follow(&setup, &Touched::default(), &mut Writer::default(), &mut Silent).unwrap();
            settle(&setup, &mut Writer::default(), &mut Silent).unwrap();
            assert!(is_built(&setup));
            assert!(announced(&setup).unwrap().is_empty(), "it was seen");
        }
    }

    #[test]
    fn a_kernel_that_is_said_to_go_is_gone_at_the_end_though_its_headers_are_there() {
        let (_directory, setup) = scene();
        setup.root.writable().remove_dir(Path::new("/lib/modules/6.1/kernel")).unwrap();
        follow(&setup, &Touched::default(), &mut Writer::default(), &mut Silent).unwrap();
        assert!(is_built(&setup), "no script said so");
        said(&setup, false);
        assert!(is_built(&setup), "it may come back");
        follow(&setup, &Touched::default(), &mut Writer::default(), &mut Silent).unwrap();
        assert!(!is_built(&setup) && announced(&setup).unwrap().is_empty());
    }

    #[test]
    fn where_no_end_comes_a_kernel_that_is_not_there_goes_at_once() {
        let (_directory, setup) = scene();
        setup.root.writable().remove_tree(Path::new("/lib/modules/6.1")).unwrap();
        said(&setup, true);
        assert!(!is_built(&setup) && announced(&setup).unwrap().is_empty());
    }
}
