//! What is known of the last attempts to build a target, and where their logs are.
//!
//! The log of the last attempt lies where it always has: in the build, if there is one of it, or beside the record of a failure. The
//! one of the attempt before was put aside when the last one replaced it. What is recorded of an attempt holds for the log of its
//! time alone; a log that another dkms wrote is one without a record.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::tree::Tree;
use crate::error::Error;
use crate::record::{self, Attempt};
use crate::setup::Setup;
use crate::system::root::Kind;
use crate::target::{KernelId, ModuleId, Target};

/// An attempt of which there is a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Where the log is, in-root.
    pub log: PathBuf,
    /// When it ended: nanoseconds since 1970.
    pub ended: i64,
    /// Whether objects came of it; `None` if that is not known.
    pub is_built: Option<bool>,
    /// What was recorded of it; none if it was another dkms.
    pub attempt: Option<Attempt>,
}

/// The last attempt; `None` if there is no log of it.
pub fn last(setup: &Setup, target: &Target) -> Option<Trial> {
    let layout = &setup.layout;
    let recorded = recorded(setup, &layout.last_attempt(target));
    let trial = |log: PathBuf, is_built: bool| {
        let ended = setup.root.link_meta(&log).filter(|meta| meta.kind != Kind::Directory)?.mtime;
        let attempt = recorded.clone().filter(|it| it.ended == ended && it.failure.is_none() == is_built);
        Some(Trial { log, ended, is_built: Some(is_built), attempt })
    };
    // A failure stays until a build of ours succeeds, and a build stays when the next one fails. Times decide only where it was not
    // us: clocks go wrong.
    let trials = [trial(layout.make_log(target), true), trial(layout.failed_log(target), false)];
    trials.into_iter().flatten().max_by_key(|trial| (trial.attempt.is_some(), trial.ended))
}

/// The attempt before the last one; `None` if there was none, or nothing is kept of it.
pub fn previous(setup: &Setup, target: &Target) -> Option<Trial> {
    let log = setup.layout.previous_log(target);
    let ended = setup.root.link_meta(&log).filter(|meta| meta.kind != Kind::Directory)?.mtime;
    let attempt = recorded(setup, &setup.layout.previous_attempt(target)).filter(|it| it.ended == ended);
    Some(Trial { log, ended, is_built: attempt.as_ref().map(|it| it.failure.is_none()), attempt })
}

/// All targets of a module, in whatever version, of whose last attempt there is a log.
///
/// # Errors
/// `Io`.
pub fn logged(setup: &Setup, name: &str) -> Result<BTreeSet<Target>, Error> {
    let built = Tree::gather_module(setup, name)?;
    let mut targets: BTreeSet<Target> = built.builds().map(|build| build.target.clone()).collect();
    for version in names(setup, &setup.layout.failures().join(name))? {
        let Ok(module) = ModuleId::new(name, &version) else { continue };
        for release in names(setup, &setup.layout.failed_module(&module))? {
            for arch in names(setup, &setup.layout.failed_module(&module).join(&release))? {
                let kernel = KernelId::new(&release, &arch).ok();
                targets.extend(kernel.map(|kernel| Target::new(module.clone(), kernel)));
            }
        }
    }
    targets.retain(|target| last(setup, target).is_some());
    Ok(targets)
}

/// Opens a log. It was written by us or by another dkms, both of which write files: whatever else lies there was put there by
/// another program, and is not read.
///
/// # Errors
/// `Io`.
pub fn open(setup: &Setup, log: &Path) -> Result<File, Error> {
    let refused = |reason: String| Error::Io { verb: "read", path: log.to_owned(), source: io::Error::other(reason) };
    if let Some(leads_to) = setup.root.read_link(log) {
        return Err(refused(format!("it is a link to `{}`, which is not followed", leads_to.display())));
    }
    let file = setup.root.open_file(log)?;
    if !file.metadata().map_err(Error::io("read", log))?.is_file() {
        return Err(refused("it is not a regular file".into()));
    }
    Ok(file)
}

fn recorded(setup: &Setup, path: &Path) -> Option<Attempt> {
    if setup.root.exists(path) { record::load(&setup.root, path) } else { None }
}

fn names(setup: &Setup, directory: &Path) -> Result<Vec<String>, Error> {
    let entries = setup.root.list(directory)?.into_iter().filter(|(_, kind)| *kind == Kind::Directory);
    Ok(entries.filter_map(|(name, _)| name.into_string().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn target() -> Target {
        Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap())
    }

    const BUILT: &str = "/var/lib/dkms/m/1/6.1/x86_64/log/make.log";
    const FAILED: &str = "/var/lib/dkms/.dkms-rs/failed/m/1/6.1/x86_64/make.log";
    const LAST: &str = "/var/lib/dkms/.dkms-rs/attempts/m/1/6.1/x86_64/last.json";

    fn put(setup: &Setup, path: &str, time: i64) {
        testing::write(setup, path, "log\n");
        setup.root.writable().set_mtime(Path::new(path), time).unwrap();
    }

    #[test]
    fn the_log_that_a_record_belongs_to_is_the_last_one_and_else_the_newest() {
        let (_directory, setup) = testing::setup();
        assert_eq!(last(&setup, &target()), None);
        put(&setup, BUILT, 200);
        put(&setup, FAILED, 100);
        assert_eq!(last(&setup, &target()).unwrap().is_built, Some(true));
        // The clock went back between the two.
        let failed = testing::attempt(100, Some("it is broken"));
        record::store(&setup.root.writable(), Path::new(LAST), &failed).unwrap();
        let found = last(&setup, &target()).unwrap();
        assert_eq!((found.is_built, found.attempt), (Some(false), Some(failed)));
        // Another dkms has built it since.
        put(&setup, FAILED, 90);
        let found = last(&setup, &target()).unwrap();
        assert_eq!((found.is_built, found.attempt), (Some(true), None));
    }

    #[test]
    fn all_kernels_with_a_log_are_found() {
        let (_directory, setup) = testing::setup();
        put(&setup, FAILED, 1);
        put(&setup, "/var/lib/dkms/.dkms-rs/failed/m/2/6.2/arm64/make.log", 1);
        testing::write(&setup, "/var/lib/dkms/.dkms-rs/failed/m/1/6.3/x86_64/record.json", "{}");
        put(&setup, "/var/lib/dkms/m/1/6.4/x86_64/log/make.log", 1);
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1/6.4/x86_64/module")).unwrap();
        let found: Vec<String> = logged(&setup, "m").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["m/1 for 6.1 (x86_64)", "m/1 for 6.4 (x86_64)", "m/2 for 6.2 (arm64)"]);
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/secret", "secret");
        let link = Path::new("/var/lib/dkms/link.log");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/directory.log")).unwrap();
        setup.root.writable().symlink(Path::new("/secret"), link).unwrap();
        let told = |path: &Path| open(&setup, path).unwrap_err().to_string();
        assert!(told(link).contains("it is a link to `/secret`, which is not followed"), "{}", told(link));
        assert!(told(Path::new("/var/lib/dkms/directory.log")).contains("it is not a regular file"));
        assert!(open(&setup, Path::new("/secret")).is_ok());
    }
}
