//! What a look saw: every path that was asked for, with what `stat` said of it.
//!
//! Everything that a run decides follows from what it reads below its [`Root`] and from its circumstances. So a run that
//! would read what an earlier one read, and finds all of it untouched, would decide the same; if that was that nothing is to
//! be done, it need not read again. Looking at each path once is less work than reading and judging all of them.
//!
//! It can be lost: then the next run reads everything. What is written within two seconds of a change is not trusted: clocks
//! of file systems are coarse, and a second change in the same tick would not be seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

use crate::error::Error;
use crate::fingerprint::sha256;
use crate::layout::VOLATILE;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;

/// First line of what is stored; another one is another format.
const FORMAT: &str = "dkms-rs seen 1";
/// More paths than this are not kept: reading everything anew is as cheap.
const MOST: usize = 100_000;
/// How old a change has to be to be trusted.
const SETTLED: i64 = 2_000_000_000;
/// What is stored for a path where nothing is.
const NOTHING: &str = "-";

/// Paths with what was there, while somebody looks.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By path, and whether links were followed.
    paths: BTreeMap<(PathBuf, bool), String>,
    /// Something was looked at that no `stat` can tell.
    blurred: bool,
    /// The latest change of all that was seen, nanoseconds since 1970.
    latest: i64,
}

impl Seen {
    /// Takes note of a path before it is read. The first look counts: what changes afterwards is a change.
    pub(crate) fn note(&self, path: &Path, follow: bool, stat: Option<&Stat>) {
        if VOLATILE.iter().any(|tree| path.starts_with(tree)) {
            return self.blur();
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = stat.map_or(0, |stat| nanoseconds(stat.st_ctime, stat.st_ctime_nsec));
        inner.latest = inner.latest.max(changed);
        inner.paths.entry((path.to_owned(), follow)).or_insert_with(|| stamp(stat));
    }

    /// Something was looked at that no `stat` can tell.
    pub(crate) fn blur(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).blurred = true;
    }

    /// Stores it if it can be trusted and nobody else is writing.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn store(&self, setup: &Setup) -> Result<(), Error> {
        if !self.is_trustworthy() {
            return Ok(());
        }
        // Written down before anything else of us is looked at.
        let text = self.text(setup);
        match Guard::try_acquire(&setup.root, &setup.layout.lock())? {
            Some(guard) => Staged::file(&setup.root, &setup.layout.seen(), text.as_bytes(), 0o644)?.publish(&guard),
            None => Ok(()),
        }
    }

    fn is_trustworthy(&self) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let is_plain = |path: &PathBuf| !path.as_os_str().as_bytes().contains(&b'\n') && path.to_str().is_some();
        let paths = &inner.paths;
        !inner.blurred
            && paths.len() <= MOST
            && inner.latest.saturating_add(SETTLED) < now
            && paths.keys().all(|(path, _)| is_plain(path))
    }

    fn text(&self, setup: &Setup) -> String {
        // First, because it looks at the root, which takes note of that.
        let mut text = format!("{FORMAT}\n{}\n", circumstances(setup));
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((path, follow), stamp) in &inner.paths {
            let _ = writeln!(text, "{} {stamp} {}", if *follow { 'f' } else { 'l' }, path.display());
        }
        text
    }
}

/// Whether everything that was seen by a run that had nothing to do is still as it was then.
pub(crate) fn is_all_the_same(setup: &Setup) -> bool {
    let Ok(text) = setup.root.read_to_string(&setup.layout.seen()) else { return false };
    let mut lines = text.lines();
    if lines.next() != Some(FORMAT) || lines.next() != Some(circumstances(setup).as_str()) {
        return false;
    }
    let mut any = false;
    let same = lines.all(|line| {
        any = true;
        let mut parts = line.splitn(3, ' ');
        let (Some(how), Some(known), Some(path)) = (parts.next(), parts.next(), parts.next()) else { return false };
        known == stamp(setup.root.stat(Path::new(path), how == "f").as_ref())
    });
    same && any
}

/// What a run depends on besides the disk.
fn circumstances(setup: &Setup) -> String {
    let Setup { layout, framework, distribution, machine, addon_directory, options, environment, .. } = setup;
    let path = environment.search_path();
    let version = env!("CARGO_PKG_VERSION");
    let chroot = setup.in_chroot();
    let text = format!(
        "{version} {chroot} {layout:?} {framework:?} {distribution:?} {machine:?} {addon_directory:?} {options:?} {path:?}"
    );
    sha256(text.as_bytes()).unwrap_or_default()
}

fn stamp(stat: Option<&Stat>) -> String {
    let Some(stat) = stat else { return NOTHING.to_owned() };
    let Stat { st_dev, st_ino, st_mode, st_uid, st_size, .. } = stat;
    let modified = nanoseconds(stat.st_mtime, stat.st_mtime_nsec);
    let changed = nanoseconds(stat.st_ctime, stat.st_ctime_nsec);
    format!("{st_dev:x}.{st_ino:x}.{st_mode:o}.{st_uid:x}.{st_size:x}.{modified:x}.{changed:x}")
}

fn nanoseconds(seconds: i64, rest: impl TryInto<i64>) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing;

    /// A look at three paths, long ago.
    fn look(setup: &Setup) -> Arc<Seen> {
        let seen = Arc::new(Seen::default());
        let root = setup.root.watched(&seen);
        root.read(Path::new("/etc/a b")).unwrap();
        root.list(Path::new("/lib/modules")).unwrap();
        assert!(!root.exists(Path::new("/etc/nothing")));
        seen.0.lock().unwrap().latest = 0;
        seen
    }

    fn scene() -> (tempfile::TempDir, Setup) {
        let (directory, setup) = testing::setup();
        testing::write(&setup, "/etc/a b", "x");
        setup.root.create_dir_all(Path::new("/lib/modules/6.1")).unwrap();
        look(&setup).store(&setup).unwrap();
        assert!(is_all_the_same(&setup));
        (directory, setup)
    }

    #[test]
    fn whatever_changes_is_seen() {
        type Change = fn(&mut Setup);
        let changes: [Change; 6] = [
            |setup| testing::write(setup, "/etc/a b", "x"),
            |setup| testing::write(setup, "/etc/nothing", ""),
            |setup| setup.root.create_dir_all(Path::new("/lib/modules/6.2")).unwrap(),
            |setup| setup.root.set_mode(Path::new("/etc/a b"), 0o600).unwrap(),
            |setup| setup.machine.release = "6.2".into(),
            |setup| testing::write(setup, "/var/lib/dkms/.dkms-rs/seen", "dkms-rs seen 1\n"),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let (_directory, mut setup) = scene();
            change(&mut setup);
            assert!(!is_all_the_same(&setup), "change {nth}");
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_not_kept() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/etc/a b", "x");
        let recent = look(&setup);
        recent.0.lock().unwrap().latest = i64::MAX - SETTLED;
        recent.store(&setup).unwrap();
        let blurred = look(&setup);
        setup.root.watched(&blurred).exists(Path::new("/proc/uptime"));
        blurred.store(&setup).unwrap();
        assert!(!setup.root.exists(&setup.layout.seen()));
        let other = Guard::try_acquire(&setup.root, &setup.layout.lock()).unwrap();
        look(&setup).store(&setup).unwrap();
        assert!(!setup.root.exists(&setup.layout.seen()), "somebody else is writing");
        drop(other);
        look(&setup).store(&setup).unwrap();
        assert!(is_all_the_same(&setup));
    }
}
