//! Whether an archive may be unpacked at all: judged entry by entry, from names and kinds alone.
//!
//! Refused are names that lead elsewhere, entries below a link, links that leave the top directory of their entry or the
//! archive, hard links, devices, modes that lend rights, the same name twice, and more than any module could need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use tar::EntryType;

/// More entries than any source tree has.
const MAX_ENTRIES: usize = 200_000;
/// More bytes than any module package has, builds for dozens of kernels included.
const MAX_BYTES: u64 = 16 << 30;
/// Deeper than any source tree.
const MAX_DEPTH: usize = 64;
/// Set-user-ID and set-group-ID.
const LENDING: u32 = 0o6000;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link(PathBuf),
}

/// An entry as its header describes it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) path: PathBuf,
    pub(super) kind: EntryType,
    pub(super) link: Option<PathBuf>,
    pub(super) mode: u32,
    pub(super) size: u64,
}

/// What was seen of an archive so far.
#[derive(Debug, Default)]
pub(super) struct Vetting {
    seen: BTreeMap<PathBuf, bool>,
    links: BTreeSet<PathBuf>,
    entries: usize,
    bytes: u64,
}

impl Vetting {
    /// Judges the next entry: its clean relative path and what it is, or `None` for one that is nothing by itself.
    ///
    /// # Errors
    /// Why the archive is refused, as a fragment.
    pub(super) fn entry(&mut self, entry: &Described) -> Result<Option<(PathBuf, Kind)>, String> {
        let shown = entry.path.display();
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(entry.size);
        if self.entries > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} entries"));
        }
        if self.bytes > MAX_BYTES {
            return Err(format!("it unpacks to more than {} GiB", MAX_BYTES >> 30));
        }
        if entry.kind == EntryType::XGlobalHeader {
            return Ok(None);
        }
        let path = clean(&entry.path).ok_or_else(|| format!("the name `{shown}` leads out of it"))?;
        if path.components().count() > MAX_DEPTH {
            return Err(format!("`{shown}` is nested deeper than {MAX_DEPTH} directories"));
        }
        if entry.mode & LENDING != 0 {
            return Err(format!("`{shown}` is setuid or setgid"));
        }
        let kind = match entry.kind {
            EntryType::Regular => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Link(self.link(entry, &path)?),
            EntryType::Link => return Err(format!("`{shown}` is a hard link")),
            EntryType::Char | EntryType::Block => return Err(format!("`{shown}` is a device")),
            EntryType::Fifo => return Err(format!("`{shown}` is a pipe")),
            _ => return Err(format!("`{shown}` is a special file")),
        };
        if path.as_os_str().is_empty() {
            return if kind == Kind::Directory { Ok(None) } else { Err(format!("`{shown}` is not a valid name")) };
        }
        self.remember(&path, &kind)?;
        Ok(Some((path, kind)))
    }

    /// Whether there was nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    fn remember(&mut self, path: &Path, kind: &Kind) -> Result<(), String> {
        let shown = path.display();
        for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            if self.seen.insert(above.to_owned(), true) == Some(false) {
                return Err(format!("`{shown}` is below `{}`, which is not a directory", above.display()));
            }
        }
        let is_directory = *kind == Kind::Directory;
        match self.seen.insert(path.to_owned(), is_directory) {
            None => {}
            // A directory may be named again, to set its mode.
            Some(true) if is_directory => {}
            Some(_) => return Err(format!("`{shown}` is in it twice")),
        }
        if matches!(kind, Kind::Link(_)) {
            self.links.insert(path.to_owned());
        }
        Ok(())
    }

    /// `..` is believed only at the beginning, where it is counted against real directories; after a name it could
    /// start from wherever another link leads.
    fn link(&self, entry: &Described, path: &Path) -> Result<PathBuf, String> {
        let target = entry.link.clone().unwrap_or_default();
        let leaves = || format!("the link `{}` leads to `{}`, outside of it", path.display(), target.display());
        // The first directory stays the outermost: what lies in it is moved elsewhere alone.
        let mut depth = path.components().count().saturating_sub(2);
        let mut named = false;
        if target.as_os_str().is_empty() {
            return Err(leaves());
        }
        for component in target.components() {
            match component {
                Component::ParentDir if !named && depth > 0 => depth -= 1,
                Component::Normal(_) => named = true,
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(leaves()),
            }
        }
        Ok(target)
    }
}

/// The path without `.`; `None` if it is absolute or has a `..`.
fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(path: &str, kind: EntryType, link: Option<&str>) -> Described {
        Described { path: path.into(), kind, link: link.map(PathBuf::from), mode: 0o644, size: 1 }
    }

    fn verdict(entries: &[Described]) -> Result<(), String> {
        let mut vetting = Vetting::default();
        entries.iter().try_for_each(|entry| vetting.entry(entry).map(drop))
    }

    #[test]
    fn what_modules_really_have_passes() {
        use EntryType::{Directory, Regular, Symlink};
        verdict(&[
            described("./", Directory, None),
            described("./top/", Directory, None),
            described("top", Directory, None),
            described("top/a/b.c", Regular, None),
            described("top/a/link.c", Symlink, Some("b.c")),
            described("top/a/up.c", Symlink, Some("../other/./x.c")),
            described("top/a/dangling", Symlink, Some("not/there")),
        ])
        .unwrap();
    }

    #[test]
    fn every_attack_is_refused() {
        use EntryType::{Block, Char, Directory, Fifo, GNUSparse, Link, Regular, Symlink};
        let link = |path, target| described(path, Symlink, Some(target));
        for (entries, reason) in [
            (vec![described("/etc/passwd", Regular, None)], "leads out"),
            (vec![described("a/../../x", Regular, None)], "leads out"),
            (vec![described("..", Directory, None)], "leads out"),
            (vec![link("top/a", "/etc")], "outside of it"),
            (vec![link("top/a", "..")], "outside of it"),
            (vec![link("top/a/b", "../../other")], "outside of it"),
            (vec![link("a", "b")], ""),
            (vec![link("a", "../b")], "outside of it"),
            (vec![link("top/d/down/up", "../.."), link("top/t", "d/down/up/../..")], "outside of it"),
            (vec![link("top/a", "")], "outside of it"),
            (vec![link("top/a", "b"), described("top/a/x", Regular, None)], "not a directory"),
            (vec![described("top/a", Regular, None), described("top/a/x", Regular, None)], "not a directory"),
            (vec![described("top/a", Regular, None), described("top/a", Regular, None)], "twice"),
            (vec![link("top/a", "b"), described("./top/a", Regular, None)], "twice"),
            (vec![described("top/a", Directory, None), link("top/a", "b")], "twice"),
            (vec![described("top/a/x", Regular, None), link("top/a", "b")], "twice"),
            (vec![described("top/a", Link, Some("/etc/passwd"))], "hard link"),
            (vec![described("top/a", Link, Some("top/b"))], "hard link"),
            (vec![described("top/a", Char, None)], "device"),
            (vec![described("top/a", Block, None)], "device"),
            (vec![described("top/a", Fifo, None)], "pipe"),
            (vec![described("top/a", GNUSparse, None)], "special file"),
            (vec![Described { mode: 0o4755, ..described("top/a", Regular, None) }], "setuid or setgid"),
            (vec![Described { mode: 0o2755, ..described("top/a", Directory, None) }], "setuid or setgid"),
            (vec![Described { size: u64::MAX, ..described("top/a", Regular, None) }], "GiB"),
            (vec![described(&"d/".repeat(100), Directory, None)], "deeper"),
            (vec![described(".", Regular, None)], "not a valid name"),
        ] {
            let found = verdict(&entries);
            match found {
                Ok(()) => assert_eq!(reason, "", "{entries:?}"),
                Err(found) => assert!(!reason.is_empty() && found.contains(reason), "{entries:?}: {found}"),
            }
        }
    }

    #[test]
    fn a_flood_of_entries_ends() {
        let mut vetting = Vetting::default();
        let flood = (0..=MAX_ENTRIES).try_for_each(|number| {
            vetting.entry(&described(&format!("top/{number}"), EntryType::Regular, None)).map(drop)
        });
        assert!(flood.unwrap_err().contains("entries"));
    }
}
