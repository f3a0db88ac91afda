//! A log of everything that is read below a root: every path that was asked for, with what `stat` said of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::Stat;

use crate::layout::VOLATILE;

/// What is logged for a path where nothing is.
const NOTHING: &str = "-";

/// Paths with what was there, while a [`super::Root`] keeps it.
#[derive(Debug, Default)]
pub(crate) struct ReadLog(Mutex<Entries>);

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// By path, and whether links were followed.
    pub(crate) paths: BTreeMap<(PathBuf, bool), String>,
    /// Something was read whose changes no `stat` can tell.
    pub(crate) is_untrackable: bool,
    /// The latest change of all that was read, nanoseconds since 1970.
    pub(crate) latest: i64,
}

impl ReadLog {
    /// Adds a path before it is read. The first read counts: what changes afterwards is a change.
    pub(super) fn add(&self, path: &Path, follow: bool, stat: Option<&Stat>) {
        if VOLATILE.iter().any(|tree| path.starts_with(tree)) {
            return self.mark_untrackable();
        }
        self.with(|entries| {
            let changed = stat.map_or(0, |stat| nanoseconds(stat.st_ctime, stat.st_ctime_nsec));
            entries.latest = entries.latest.max(changed);
            entries.paths.entry((path.to_owned(), follow)).or_insert_with(|| stamp(stat));
        });
    }

    /// Something is read whose changes no `stat` can tell.
    pub(super) fn mark_untrackable(&self) {
        self.with(|entries| entries.is_untrackable = true);
    }

    /// Does something with what was read so far.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What `stat` says of a path, as text that changes whenever the file does.
pub(crate) fn stamp(stat: Option<&Stat>) -> String {
    let Some(stat) = stat else { return NOTHING.to_owned() };
    let Stat { st_dev, st_ino, st_mode, st_uid, st_size, .. } = stat;
    let modified = nanoseconds(stat.st_mtime, stat.st_mtime_nsec);
    let changed = nanoseconds(stat.st_ctime, stat.st_ctime_nsec);
    format!("{st_dev:x}.{st_ino:x}.{st_mode:o}.{st_uid:x}.{st_size:x}.{modified:x}.{changed:x}")
}

fn nanoseconds(seconds: i64, rest: impl TryInto<i64>) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest.try_into().unwrap_or(0))
}
