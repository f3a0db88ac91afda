//! Whether everything that the last run read is untouched: then the next one need not read it again.
//!
//! Everything that a run decides follows from what it reads below its [`Root`] and from its circumstances. So a run that
//! would read what an earlier one read, and finds all of it untouched, would decide the same; if that was that nothing is to
//! be done, it need not read again. Looking at each path once is less work than reading and judging all of them.
//!
//! It can be lost: then the next run reads everything. What is written within two seconds of a change is not trusted: clocks
//! of file systems are coarse, and a second change in the same tick would not be seen.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::fingerprint::sha256;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::{Entries, ReadLog, stamp};
use crate::system::staged::Staged;

/// First line of what is stored; another one is another format.
const FORMAT: &str = "dkms-rs seen 1";
/// More paths than this are not kept: reading everything anew is as cheap.
const MOST: usize = 100_000;
/// How old a change has to be to be trusted.
const SETTLED: i64 = 2_000_000_000;

/// Stores what was read if it can be trusted and no other process is writing.
///
/// # Errors
/// `Io`.
pub(super) fn store(log: &ReadLog, setup: &Setup) -> Result<(), Error> {
    if !log.with(|entries| is_trustworthy(entries)) {
        return Ok(());
    }
    // Written down before anything else of us is read.
    let text = text(log, setup);
    match Guard::try_acquire(&setup.root, &setup.layout.lock())? {
        Some(guard) => Staged::file(guard.root(), &setup.layout.seen(), text.as_bytes(), 0o644)?.publish(),
        None => Ok(()),
    }
}

fn is_trustworthy(entries: &Entries) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let is_plain = |path: &PathBuf| !path.as_os_str().as_bytes().contains(&b'\n') && path.to_str().is_some();
    !entries.is_untrackable
        && entries.paths.len() <= MOST
        && entries.latest.saturating_add(SETTLED) < now
        && entries.paths.keys().all(|(path, _)| is_plain(path))
}

fn text(log: &ReadLog, setup: &Setup) -> String {
    // First, because it reads below the root, which logs that.
    let mut text = format!("{FORMAT}\n{}\n", circumstances(setup));
    log.with(|entries| {
        for ((path, follow), stamp) in &entries.paths {
            let _ = writeln!(text, "{} {stamp} {}", if *follow { 'f' } else { 'l' }, path.display());
        }
    });
    text
}

/// Whether everything that was read by a run that had nothing to do is still as it was then.
pub(super) fn is_unchanged(setup: &Setup) -> bool {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing;

    /// A look at three paths, long ago.
    fn look(setup: &Setup) -> Arc<ReadLog> {
        let log = Arc::new(ReadLog::default());
        let root = setup.root.logged(&log);
        root.read(Path::new("/etc/a b")).unwrap();
        root.list(Path::new("/lib/modules")).unwrap();
        assert!(!root.exists(Path::new("/etc/nothing")));
        log.with(|entries| entries.latest = 0);
        log
    }

    fn scene() -> (tempfile::TempDir, Setup) {
        let (directory, setup) = testing::setup();
        testing::write(&setup, "/etc/a b", "x");
        setup.root.writable().create_dir_all(Path::new("/lib/modules/6.1")).unwrap();
        store(&look(&setup), &setup).unwrap();
        assert!(is_unchanged(&setup));
        (directory, setup)
    }

    #[test]
    fn whatever_changes_is_seen() {
        type Change = fn(&mut Setup);
        let changes: [Change; 6] = [
            |setup| testing::write(setup, "/etc/a b", "x"),
            |setup| testing::write(setup, "/etc/nothing", ""),
            |setup| setup.root.writable().create_dir_all(Path::new("/lib/modules/6.2")).unwrap(),
            |setup| setup.root.writable().set_mode(Path::new("/etc/a b"), 0o600).unwrap(),
            |setup| setup.machine.release = "6.2".into(),
            |setup| testing::write(setup, "/var/lib/dkms/.dkms-rs/seen", "dkms-rs seen 1\n"),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let (_directory, mut setup) = scene();
            change(&mut setup);
            assert!(!is_unchanged(&setup), "change {nth}");
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_not_kept() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/etc/a b", "x");
        let recent = look(&setup);
        recent.with(|entries| entries.latest = i64::MAX - SETTLED);
        store(&recent, &setup).unwrap();
        let untrackable = look(&setup);
        setup.root.logged(&untrackable).exists(Path::new("/proc/uptime"));
        store(&untrackable, &setup).unwrap();
        assert!(!setup.root.exists(&setup.layout.seen()));
        let other = Guard::try_acquire(&setup.root, &setup.layout.lock()).unwrap();
        store(&look(&setup), &setup).unwrap();
        assert!(!setup.root.exists(&setup.layout.seen()), "another process is writing");
        drop(other);
        store(&look(&setup), &setup).unwrap();
        assert!(is_unchanged(&setup));
    }
}
