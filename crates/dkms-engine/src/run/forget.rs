//! Taking things out of the tree: a build, a failure, a registration.
//!
//! Only what the layout of the tree names is deleted. Whatever else lies in the directory of a module version belongs to
//! somebody else: it is left and reported.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::{STAGED_PREFIX, WORK_PREFIX};
use crate::lock::Guard;
use crate::root::Kind;
use crate::setup::Setup;
use crate::staged::Staged;
use crate::target::{ModuleId, Target};

/// Forgets a build: `T/M/V/K/A`, and `T/M/V/K` when nothing else is in it.
pub(super) fn unbuild(setup: &Setup, _guard: &Guard, target: &Target) -> Result<(), Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let built = layout.built(target);
    let release = built.parent().map(Path::to_owned).unwrap_or_default();
    if root.is_dir(&built) {
        // Under another name first: a directory that is half deleted must not count as built.
        let aside = release.join(format!("{STAGED_PREFIX}{}-unbuilt", std::process::id()));
        root.remove_tree(&aside)?;
        root.rename(&built, &aside)?;
        root.remove_tree(&aside)?;
    } else {
        // A build of old, without the architecture in its path.
        for part in ["module", "log"] {
            root.remove_tree(&release.join(part))?;
        }
    }
    root.remove_empty_parents(&release, &layout.version(&target.module));
    Ok(())
}

/// Forgets why a target failed.
pub(super) fn failure(setup: &Setup, _guard: &Guard, target: &Target) -> Result<(), Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let failed = layout.failed(target);
    root.remove_tree(&failed)?;
    if let Some(parent) = failed.parent() {
        root.remove_empty_parents(parent, &layout.state());
    }
    Ok(())
}

/// Takes a module version out of the tree, and the module's directory with the last one. Gives what is left there.
pub(super) fn deregister(setup: &Setup, _guard: &Guard, module: &ModuleId) -> Result<Vec<PathBuf>, Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let version = layout.version(module);
    let failures = layout.failed_module(module);
    root.remove_tree(&failures)?;
    if let Some(parent) = failures.parent() {
        root.remove_empty_parents(parent, &layout.state());
    }
    let mut left = Vec::new();
    // The link last: as long as it is there, a run that is cut off here can be repeated.
    let mut entries = root.list(&version)?;
    entries.sort_by_key(|(name, _)| name == "source");
    for (name, kind) in entries {
        let path = version.join(&name);
        if is_ours(&name, kind) {
            root.remove_tree(&path)?;
        } else if kind == Kind::Directory && is_empty_shell(setup, &path)? {
            remove_empty_shell(setup, &path)?;
        } else {
            left.push(path);
        }
    }
    root.remove_empty_parents(&version, &layout.tree);
    Ok(left)
}

fn is_ours(name: &OsStr, kind: Kind) -> bool {
    let text = name.to_string_lossy();
    let working = [WORK_PREFIX, STAGED_PREFIX].iter().any(|prefix| text.starts_with(prefix));
    match text.as_ref() {
        "source" => kind == Kind::Link || kind == Kind::Directory,
        "build" | "tarball" => kind == Kind::Directory,
        _ => working && kind == Kind::Directory,
    }
}

/// `T/M/V/K` that a build of the original which was cut off left: empty, or with its temporary directories.
fn is_empty_shell(setup: &Setup, path: &Path) -> Result<bool, Error> {
    Ok(setup.root.list(path)?.iter().all(|(name, _)| is_temporary(name)))
}

fn remove_empty_shell(setup: &Setup, path: &Path) -> Result<(), Error> {
    for (name, _) in setup.root.list(path)? {
        setup.root.remove_tree(&path.join(name))?;
    }
    setup.root.remove_dir(path)
}

fn is_temporary(name: &OsStr) -> bool {
    let text = name.to_string_lossy();
    text.starts_with(".tmp_") || text.starts_with(STAGED_PREFIX)
}

/// Shows the log of a failed build where those who report failures have always looked: `T/M/V/build/make.log`.
pub(super) fn show_log(setup: &Setup, guard: &Guard, module: &ModuleId, log: &Path) -> Result<(), Error> {
    Staged::link(&setup.root, log, &setup.layout.build(module).join("make.log"))?.publish(guard)
}

/// `T/M/V/build` goes when no failure of the version is left that it could show; a mount on it keeps it.
pub(super) fn hide_log(setup: &Setup, module: &ModuleId) -> Result<(), Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    if root.exists(&layout.failed_module(module)) {
        return Ok(());
    }
    let build = layout.build(module);
    root.remove_file(&build.join("make.log"))?;
    if root.list(&build)?.is_empty() {
        // Somebody may still look at it from inside a build; then it stays.
        let _ = root.remove_dir(&build);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::KernelId;
    use crate::testing;

    fn scene() -> (tempfile::TempDir, Setup, Guard, Target) {
        let (directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
        testing::write(&setup, "/usr/src/m-1/dkms.conf", "");
        testing::write(&setup, "/var/lib/dkms/m/1/6.1/x86_64/module/m.ko", "");
        setup.root.symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        (directory, setup, guard, target)
    }

    #[test]
    fn the_last_build_takes_its_release_along() {
        let (_directory, setup, guard, target) = scene();
        testing::write(&setup, "/var/lib/dkms/m/1/6.1/i686/module/m.ko", "");
        unbuild(&setup, &guard, &target).unwrap();
        assert!(setup.root.is_dir(Path::new("/var/lib/dkms/m/1/6.1/i686")));
        let other = Target { kernel: KernelId::new("6.1", "i686").unwrap(), ..target };
        unbuild(&setup, &guard, &other).unwrap();
        assert!(!setup.root.exists(Path::new("/var/lib/dkms/m/1/6.1")));
    }

    #[test]
    fn what_is_not_ours_is_left_and_named() {
        let (_directory, setup, guard, target) = scene();
        unbuild(&setup, &guard, &target).unwrap();
        testing::write(&setup, "/var/lib/dkms/m/1/notes.txt", "mine");
        testing::write(&setup, "/var/lib/dkms/m/1/6.2/.tmp_x86_64_Ab3/module/m.ko", "");
        testing::write(&setup, "/var/lib/dkms/m/1/tarball/m.dkms.tar.gz", "");
        let left = deregister(&setup, &guard, &target.module).unwrap();
        assert_eq!(left, [Path::new("/var/lib/dkms/m/1/notes.txt")]);
        assert_eq!(setup.root.list(Path::new("/var/lib/dkms/m/1")).unwrap().len(), 1);
        assert!(setup.root.exists(Path::new("/usr/src/m-1/dkms.conf")), "the source is never touched");
    }

    #[test]
    fn nothing_left_means_no_directory() {
        let (_directory, setup, guard, target) = scene();
        unbuild(&setup, &guard, &target).unwrap();
        assert!(deregister(&setup, &guard, &target.module).unwrap().is_empty());
        assert!(!setup.root.exists(Path::new("/var/lib/dkms/m")));
    }
}
