//! What a run changed in a root: every path that is not as it was before, with mode, link target and content.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use testbed::root::Root;
use testbed::{cache, disk};
use walkdir::WalkDir;

use super::{ignored, object};

/// Changed paths and a one-line description of each.
pub(crate) type Tree = BTreeMap<String, Entry>;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// `dir 0755`, `file 0644`, `link -> target`, `gone`.
    pub(crate) kind: String,
    /// Digest of a file's content, or what of it counts.
    pub(crate) content: String,
}

/// Walks what overlayfs kept of the changes; a path that ended as it began is left out.
pub(crate) fn changed(root: &Root) -> Result<Tree> {
    let upper = root.changes();
    let mut tree = Tree::new();
    for found in WalkDir::new(&upper).min_depth(1) {
        let found = found.context("walk the changes of a root")?;
        let inside = found.path().strip_prefix(&upper).context("path of a change")?.to_string_lossy().into_owned();
        let inside = format!("/{inside}");
        if ignored::path(&inside) {
            continue;
        }
        let before = root.before(&inside).and_then(|path| Some((path.symlink_metadata().ok()?, path)));
        let before = before.filter(|(meta, _)| !whiteout(meta));
        let now = root.path(&inside);
        let entry = match now.symlink_metadata() {
            Ok(meta) if !whiteout(&meta) => describe(root, &inside, &now, &meta)?,
            _ if before.is_some() => Entry { kind: "gone".into(), content: String::new() },
            _ => continue,
        };
        let same =
            before.is_some_and(|(meta, path)| describe(root, &inside, &path, &meta).is_ok_and(|old| old == entry));
        if !same {
            tree.insert(ignored::normal(&inside), entry);
        }
    }
    Ok(tree)
}

/// How overlayfs marks a deleted path.
fn whiteout(meta: &Metadata) -> bool {
    meta.file_type().is_char_device() && meta.rdev() == 0
}

fn describe(root: &Root, inside: &str, path: &Path, meta: &Metadata) -> Result<Entry> {
    let kind = meta.file_type();
    let mode = meta.mode() & 0o7777;
    Ok(if inside.ends_with("/build/make.log") {
        // Ours keeps the log of each failed build and only links the last one here.
        let target = std::fs::read_link(path).map_or(path.to_owned(), |target| root.path(&target.to_string_lossy()));
        Entry { kind: "log".into(), content: content(inside, &target)? }
    } else if kind.is_symlink() {
        let target = std::fs::read_link(path).with_context(|| format!("read link {inside}"))?;
        Entry { kind: format!("link -> {}", target.display()), content: String::new() }
    } else if kind.is_dir() {
        Entry { kind: format!("dir {mode:04o}"), content: String::new() }
    } else if kind.is_file() {
        Entry { kind: format!("file {mode:04o}"), content: content(inside, path)? }
    } else {
        Entry { kind: format!("other {mode:04o}"), content: String::new() }
    })
}

fn content(inside: &str, path: &Path) -> Result<String> {
    let name = inside.rsplit('/').next().unwrap_or(inside);
    if ignored::content(inside) {
        Ok(String::new())
    } else if object::is_module(name) {
        // A damaged object is content as any other.
        object::describe(path).or_else(|_| Ok(cache::digest(&disk::bytes(path)?)))
    } else if name == "make.log" || name == "post_transaction.log" {
        let bytes = disk::bytes(path)?;
        Ok(commands(&String::from_utf8_lossy(&bytes)))
    } else {
        Ok(cache::digest(&disk::bytes(path)?)[..16].to_owned())
    }
}

/// Of a log: the commands and how they ended. Descriptions are sentences of each tool, output of make is the compiler's.
fn commands(log: &str) -> String {
    let told = |line: &&str| line.starts_with("# command: ") || line.starts_with("# exit code: ");
    log.lines().filter(told).map(without_jobs).collect::<Vec<_>>().join("; ")
}

/// The command without make's `-jN`: ours feeds every make from one jobserver and so never passes it.
fn without_jobs(line: &str) -> String {
    match line.split_once("make -j") {
        Some((head, rest)) => [head, "make", rest.trim_start_matches(|c: char| c.is_ascii_digit())].concat(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_log_the_commands_count() {
        let log = "DKMS\n\nBuilding\n# command: make -j2 KERNELRELEASE=1 all\ncc\n# exit code: 0\n# elapsed time: 1\n";
        assert_eq!(commands(log), "# command: make KERNELRELEASE=1 all; # exit code: 0");
        assert_eq!(commands("# command: make -j K=1\n"), "# command: make K=1");
    }
}
