//! Takes away what dead runs left, and finishes or takes back installations that were cut off.
//!
//! Only with the lock held: nothing that is found then can belong to a living process but our own.

use std::path::Path;

use super::{Depmod, Observer, Progress};
use crate::error::Error;
use crate::facts::condition;
use crate::facts::kernels;
use crate::facts::tree::Tree;
use crate::install::{self, Session};
use crate::layout::{STAGED_PREFIX, WORK_PREFIX};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::Kind;
use crate::system::staged;

/// Sweeps the tree; `true` if an installation was finished or taken back. depmod that is overdue is made up for if this run
/// sees to depmod itself.
pub(super) fn sweep(setup: &Setup, guard: &Guard, depmod: Depmod, observer: &mut dyn Observer) -> Result<bool, Error> {
    let root = guard.root();
    for (name, kind) in root.list(&setup.layout.tree)? {
        if kind != Kind::Directory {
            continue;
        }
        let module = setup.layout.tree.join(&name);
        // Our own state, whose empty directories are in use.
        if name.to_string_lossy().starts_with('.') {
            sweep_below(setup, &module, guard)?;
            continue;
        }
        staged::sweep(root, &module)?;
        for (version, kind) in root.list(&module)? {
            if kind == Kind::Directory {
                let version = module.join(version);
                sweep_version(&version, guard)?;
                root.remove_empty_parents(&version, &setup.layout.tree);
            }
        }
        root.remove_empty_parents(&module, &setup.layout.tree);
    }
    for memory in [setup.layout.failures(), setup.layout.all_attempts()] {
        forget_removed(setup, &memory, guard)?;
    }
    staged::sweep(root, &setup.layout.tree)?;
    staged::sweep(root, &setup.layout.source)?;
    recover(setup, guard, depmod, observer)
}

/// What is remembered of module versions that are not in the tree any more, because another dkms removed them.
fn forget_removed(setup: &Setup, memory: &Path, guard: &Guard) -> Result<(), Error> {
    // What another program put there as a link leads to what is not ours.
    let is_real = |path: &Path| setup.root.link_meta(path).is_some_and(|meta| meta.kind == Kind::Directory);
    if !is_real(memory) {
        return Ok(());
    }
    for (name, _) in guard.root().list(memory)? {
        let of_name = memory.join(&name);
        if !is_real(&of_name) {
            continue;
        }
        for (version, _) in guard.root().list(&of_name)? {
            if !setup.root.is_dir(&setup.layout.tree.join(&name).join(&version)) {
                guard.root().remove_tree(&of_name.join(version))?;
            }
        }
        guard.root().remove_empty_parents(&of_name, &setup.layout.state());
    }
    Ok(())
}

/// What is staged in a directory and all that are below it.
fn sweep_below(setup: &Setup, directory: &Path, guard: &Guard) -> Result<(), Error> {
    staged::sweep(guard.root(), directory)?;
    let inner = setup.root.list(directory)?.into_iter().filter(|(_, kind)| *kind == Kind::Directory);
    inner.map(|(name, _)| directory.join(name)).try_for_each(|inner| sweep_below(setup, &inner, guard))
}

fn sweep_version(version: &Path, guard: &Guard) -> Result<(), Error> {
    let root = guard.root();
    let own = format!("{WORK_PREFIX}{}-", std::process::id());
    for (name, kind) in root.list(version)? {
        let text = name.to_string_lossy();
        let inner = version.join(&name);
        if text.starts_with(WORK_PREFIX) && !text.starts_with(&own) {
            log::info!("removing `{}`, which a run that was cut off left", inner.display());
            root.remove_tree(&inner)?;
            // Where it was to be seen.
            root.remove_empty_parents(&version.join("build"), version);
        } else if kind == Kind::Directory && !text.starts_with(STAGED_PREFIX) {
            staged::sweep(root, &inner)?;
            // `inner` is a kernel; its architectures hold what is recorded of a build.
            for (architecture, kind) in root.list(&inner)? {
                if kind == Kind::Directory {
                    staged::sweep(root, &inner.join(architecture))?;
                }
            }
        }
    }
    staged::sweep(root, version)
}

fn recover(setup: &Setup, guard: &Guard, depmod: Depmod, observer: &mut dyn Observer) -> Result<bool, Error> {
    let tree = Tree::gather(setup)?;
    let half: Vec<_> =
        tree.builds().map(|build| &build.target).filter(|target| condition::is_half_done(setup, target)).collect();
    let mut listener = |event| observer.progress(Progress::Installing(&event));
    let mut session = Session::new(setup, guard, &mut listener);
    if depmod != Depmod::Later {
        session.take_over_pending_depmod()?;
    }
    for target in &half {
        install::recover(&mut session, target)?;
    }
    if depmod == Depmod::Later {
        return Ok(!half.is_empty());
    }
    let changed: Vec<String> = session.changed_kernels().map(str::to_owned).collect();
    for release in &changed {
        // One that was removed since needs none.
        if !kernels::has_image(setup, &kernels::directory(setup, release)) {
            install::forgo_depmod(&mut session, release)?;
            continue;
        }
        // Its failure is no reason to do nothing for other kernels; the note of it stays for the next run.
        if let Err(error) = install::depmod(&mut session, release) {
            log::warn!("{error}");
        }
    }
    Ok(!half.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_is_remembered_of_a_version_that_another_dkms_removed_goes() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        for path in ["m/1/6.1/x86_64/last.json", "m/2/6.1/x86_64/last.json", "n/1/6.1/x86_64/last.json"] {
            testing::write(&setup, &format!("/var/lib/dkms/.dkms-rs/attempts/{path}"), "{}");
        }
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        testing::write(&setup, "/home/user/file", "");
        setup.root.writable().symlink(Path::new("/home"), &setup.layout.all_attempts().join("linked")).unwrap();
        forget_removed(&setup, &setup.layout.all_attempts(), &guard).unwrap();
        forget_removed(&setup, &setup.layout.failures(), &guard).unwrap();
        let left = |path: &str| setup.root.exists(&setup.layout.all_attempts().join(path));
        assert!(setup.root.exists(Path::new("/home/user/file")));
        assert!(left("m/1/6.1/x86_64/last.json") && !left("m/2") && !left("n"));
    }
}
