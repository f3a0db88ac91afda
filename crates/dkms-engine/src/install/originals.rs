//! Modules that ours displace: kept below `original_module/K/A` with a note of where they were, put back when ours go.
//!
//! The layout is the original's: the module that would be loaded lies at the top, further ones of the same name below
//! `collisions/` under their own path, and beside each a `.origin` file with the absolute path in one line. A module is
//! never at neither place: it is given a second name (or copied) before the first one goes.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::layout::ORIGIN_SUFFIX;
use crate::system::root::{Kind, Root, RootMut};
use crate::system::staged::{self, Staged};

/// A module that gives way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Displaced {
    /// Where it is.
    pub(super) from: PathBuf,
    /// Where it is kept.
    pub(super) to: PathBuf,
}

impl Displaced {
    /// `first` tells whether it is the one of its name that would be loaded; it gets the top of the archive, unless a
    /// module of another place is kept there.
    pub(super) fn new(root: &Root, archive: &Path, kernel_directory: &Path, from: &Path, first: bool) -> Self {
        let inner = from.strip_prefix(kernel_directory).unwrap_or(from);
        let top = archive.join(from.file_name().unwrap_or_default());
        let is_free =
            || root.link_meta(&top).is_none() || origin(root, &top, kernel_directory) == Origin::Path(from.to_owned());
        let to = if first && is_free() { top } else { archive.join("collisions").join(inner) };
        Self { from: from.to_owned(), to }
    }

    /// Makes sure that it is in the archive; its own place stays as it is. A copy of an earlier time is replaced: what
    /// lies in the kernel's directory now belongs to the kernel that is installed now.
    pub(super) fn archive(&self, root: &RootMut) -> Result<(), Error> {
        let Some(meta) = root.link_meta(&self.from) else { return Ok(()) };
        let line = format!("{}\n", self.from.display());
        Staged::file(root, &note(&self.to), line.as_bytes(), 0o644)?.publish()?;
        if root.link_meta(&self.to).is_some_and(|kept| kept.inode == meta.inode) {
            // Renaming one name of a file over another name of it would do nothing and leave both.
            return Ok(());
        }
        Staged::duplicate(root, &self.from, &self.to)?.publish()
    }

    /// Copies what one archive keeps, with its note, into another one.
    pub(super) fn hand_over(&self, root: &RootMut) -> Result<(), Error> {
        if root.link_meta(&self.from).is_none() {
            return Ok(());
        }
        Staged::duplicate(root, &note(&self.from), &note(&self.to))?.publish()?;
        Staged::duplicate(root, &self.from, &self.to)?.publish()
    }

    /// Ends [`Displaced::hand_over`]: the first archive has it no more.
    pub(super) fn forget_source(&self, root: &RootMut) -> Result<(), Error> {
        if root.link_meta(&self.to).is_some() {
            root.remove_file(&self.from)?;
            root.remove_file(&note(&self.from))?;
        }
        Ok(())
    }

    /// Undoes [`Displaced::hand_over`], however far it came.
    pub(super) fn take_back(&self, root: &RootMut) -> Result<(), Error> {
        if root.link_meta(&self.to).is_none() {
            return Ok(());
        }
        if root.link_meta(&self.from).is_none() {
            Self { from: self.to.clone(), to: self.from.clone() }.hand_over(root)?;
        }
        root.remove_file(&self.to)?;
        root.remove_file(&note(&self.to))
    }

    /// Takes it away from its own place, if what lies there is what was archived.
    pub(super) fn remove(&self, root: &RootMut) -> Result<bool, Error> {
        let same = root.is_same(&self.from, &self.to);
        if same {
            root.remove_file(&self.from)?;
        }
        Ok(same)
    }

    /// Takes the copy out of the archive, if the module is at its own place still.
    pub(super) fn remove_copy(&self, root: &RootMut) -> Result<(), Error> {
        if root.is_same(&self.from, &self.to) {
            root.remove_file(&self.to)?;
        }
        if root.link_meta(&self.to).is_none() { root.remove_file(&note(&self.to)) } else { Ok(()) }
    }
}

/// A module in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Original {
    /// Where it is kept.
    pub(super) file: PathBuf,
    /// Where it was.
    pub(super) origin: Origin,
}

/// What the note beside it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A path below the kernel's directory.
    Path(PathBuf),
    /// Something else.
    Invalid,
    /// There is no note: archives of very old releases had none.
    Unknown,
}

impl Original {
    /// All that are kept for one kernel.
    pub(super) fn all(root: &RootMut, archive: &Path, kernel_directory: &Path) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        collect(root, archive, kernel_directory, &mut found)?;
        Ok(found)
    }

    /// Puts it at `place`, replacing what is there, and takes it out of the archive.
    pub(super) fn restore(&self, root: &RootMut, place: &Path) -> Result<(), Error> {
        let inode = |path: &Path| root.link_meta(path).map(|meta| meta.inode);
        if inode(place).is_none() || inode(place) != inode(&self.file) {
            // A run that was cut off right here left its own attempt beside the place, and no journal names that.
            staged::sweep(root, place.parent().unwrap_or(Path::new("/")))?;
            Staged::duplicate(root, &self.file, place)?.publish()?;
        }
        self.drop_archived(root)
    }

    /// Takes it out of the archive.
    pub(super) fn drop_archived(&self, root: &RootMut) -> Result<(), Error> {
        drop_copy(root, &self.file)
    }
}

/// Takes a file of the archive away with its note.
pub(super) fn drop_copy(root: &RootMut, file: &Path) -> Result<(), Error> {
    root.remove_file(file)?;
    root.remove_file(&note(file))
}

fn collect(root: &RootMut, directory: &Path, kernel_directory: &Path, found: &mut Vec<Original>) -> Result<(), Error> {
    for (name, kind) in root.list(directory)? {
        let path = directory.join(&name);
        let text = name.to_string_lossy();
        if kind == Kind::Directory {
            collect(root, &path, kernel_directory, found)?;
        } else if let Some(file) = text.strip_suffix(ORIGIN_SUFFIX) {
            let file = path.with_file_name(file);
            if root.link_meta(&file).is_none() {
                // Cut off between the note and the module: there is nothing to put back.
                root.remove_file(&path)?;
            }
        } else if !text.starts_with(crate::layout::STAGED_PREFIX) {
            found.push(Original { origin: origin(root, &path, kernel_directory), file: path });
        }
    }
    Ok(())
}

/// Only a plain path below the kernel's own directory is believed.
fn origin(root: &Root, file: &Path, kernel_directory: &Path) -> Origin {
    let Ok(text) = root.read_to_string(&note(file)) else { return Origin::Unknown };
    let path = Path::new(text.trim_end_matches('\n'));
    let plain = path.strip_prefix(kernel_directory).is_ok_and(|inner| {
        inner.file_name().is_some() && inner.components().all(|component| matches!(component, Component::Normal(_)))
    });
    if plain { Origin::Path(path.to_owned()) } else { Origin::Invalid }
}

fn note(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ORIGIN_SUFFIX);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const KERNEL: &str = "/lib/modules/K";
    const ARCHIVE: &str = "/var/lib/dkms/m/original_module/K/A";

    fn setting() -> (tempfile::TempDir, RootMut) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap().writable();
        (directory, root)
    }

    fn write(root: &RootMut, path: &Path, content: &str) {
        root.create_dir_all(path.parent().unwrap()).unwrap();
        root.remove_file(path).unwrap();
        root.create_new(path, 0o640).unwrap().write_all(content.as_bytes()).unwrap();
    }

    #[test]
    fn there_and_back_again() {
        let (_directory, root) = setting();
        let from = Path::new(KERNEL).join("kernel/x.ko.xz");
        write(&root, &from, "old");
        let before = root.meta(&from).unwrap();
        let displaced = Displaced::new(&root, Path::new(ARCHIVE), Path::new(KERNEL), &from, true);
        for _ in 0..2 {
            displaced.archive(&root).unwrap();
            assert!(root.exists(&from), "archiving alone takes nothing away");
        }
        assert!(displaced.remove(&root).unwrap());
        assert_eq!(
            root.read_to_string(&Path::new(ARCHIVE).join("x.ko.xz.origin")).unwrap(),
            "/lib/modules/K/kernel/x.ko.xz\n"
        );
        let originals = Original::all(&root, Path::new(ARCHIVE), Path::new(KERNEL)).unwrap();
        assert_eq!(originals.len(), 1);
        assert_eq!(originals[0].origin, Origin::Path(from.clone()));
        originals[0].restore(&root, &from).unwrap();
        let after = root.meta(&from).unwrap();
        assert_eq!((before.mode, before.mtime, before.size), (after.mode, after.mtime, after.size));
        assert!(root.list(Path::new(ARCHIVE)).unwrap().is_empty());
    }

    #[test]
    fn each_under_its_own_path() {
        let (_directory, root) = setting();
        for (inner, first) in [("updates/x.ko", true), ("kernel/a/x.ko", false), ("kernel/b/x.ko", false)] {
            let from = Path::new(KERNEL).join(inner);
            write(&root, &from, inner);
            Displaced::new(&root, Path::new(ARCHIVE), Path::new(KERNEL), &from, first).archive(&root).unwrap();
        }
        let files: Vec<_> = Original::all(&root, Path::new(ARCHIVE), Path::new(KERNEL))
            .unwrap()
            .into_iter()
            .map(|original| original.file.strip_prefix(ARCHIVE).unwrap().display().to_string())
            .collect();
        assert_eq!(files, ["collisions/kernel/a/x.ko", "collisions/kernel/b/x.ko", "x.ko"]);
    }

    #[test]
    fn what_the_kernel_has_now_replaces_an_older_copy() {
        let (_directory, root) = setting();
        let from = Path::new(KERNEL).join("kernel/x.ko");
        let displaced = Displaced::new(&root, Path::new(ARCHIVE), Path::new(KERNEL), &from, true);
        write(&root, &from, "of the first release");
        displaced.archive(&root).unwrap();
        displaced.remove(&root).unwrap();
        write(&root, &from, "of the second release");
        assert!(!displaced.remove(&root).unwrap(), "what was never archived must not go");
        displaced.archive(&root).unwrap();
        assert_eq!(root.read(&displaced.to).unwrap(), b"of the second release");
    }

    #[test]
    fn notes_are_not_believed_blindly() {
        let (_directory, root) = setting();
        for (name, text, origin) in [
            ("a.ko", Some("/etc/passwd\n"), Origin::Invalid),
            ("b.ko", Some("/lib/modules/K/../../../etc/passwd\n"), Origin::Invalid),
            ("c.ko", Some("/lib/modules/K"), Origin::Invalid),
            ("d.ko", None, Origin::Unknown),
            ("e.ko", Some("/lib/modules/K/extra/e.ko"), Origin::Path("/lib/modules/K/extra/e.ko".into())),
        ] {
            let file = Path::new(ARCHIVE).join(name);
            write(&root, &file, "module");
            if let Some(text) = text {
                write(&root, &note(&file), text);
            }
            assert_eq!(super::origin(&root, &file, Path::new(KERNEL)), origin, "{name}");
        }
        write(&root, &Path::new(ARCHIVE).join("gone.ko.origin"), "/lib/modules/K/gone.ko\n");
        assert_eq!(Original::all(&root, Path::new(ARCHIVE), Path::new(KERNEL)).unwrap().len(), 5);
        assert!(!root.exists(&Path::new(ARCHIVE).join("gone.ko.origin")));
    }
}
