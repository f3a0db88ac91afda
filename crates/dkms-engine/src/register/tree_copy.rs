//! Source trees: copied whole, and compared.
//!
//! Modes, times and links are kept; the owner is not, so that nobody can change afterwards what root is going to build.

use std::path::Path;

use crate::error::Error;
use crate::system::root::{Kind, Root, RootMut};
use crate::system::staged::Staged;

/// Bits of a mode that are kept: others must not be able to write into what root builds from.
const MODE: u32 = 0o755;

/// How files get into a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    /// As files of their own.
    Copied,
    /// As further names of the same files, where the file system has both trees.
    Shared,
}

/// Copies what is in `from` into the directory `to`, which exists and is still beside its place. What is neither file,
/// directory nor link is an error. Nothing is on disk for certain after it: that is [`publish`]'s business.
pub(super) fn copy_tree(root: &RootMut, from: &Path, to: &Path, files: Files) -> Result<(), Error> {
    for (name, kind) in root.list(from)? {
        let (source, copy) = (from.join(&name), to.join(&name));
        let Some(meta) = root.link_meta(&source) else { continue };
        match kind {
            Kind::Directory => {
                root.create_dir(&copy, 0o755)?;
                copy_tree(root, &source, &copy, files)?;
                root.set_mode(&copy, (meta.mode & MODE) | 0o700)?;
            }
            Kind::Link => {
                let target = root.read_link(&source).unwrap_or_default();
                root.symlink(&target, &copy)?;
            }
            Kind::File if files == Files::Shared && root.hard_link(&source, &copy).is_ok() => continue,
            Kind::File => copy_file(root, &source, &copy, meta.mode & MODE)?,
            Kind::Other => {
                let reason = std::io::Error::other("it is neither file, directory nor link");
                return Err(Error::io("copy", &source)(reason));
            }
        }
        root.set_mtime(&copy, meta.mtime)?;
    }
    Ok(())
}

fn copy_file(root: &RootMut, source: &Path, copy: &Path, mode: u32) -> Result<(), Error> {
    let mut from = root.open_file(source)?;
    let mut to = root.create_new(copy, mode | 0o200)?;
    std::io::copy(&mut from, &mut to).map_err(Error::io("write", copy))?;
    root.set_mode(copy, mode)
}

/// Whether two directories hold the same: names, kinds, contents, targets of links, and who may execute.
///
/// # Errors
/// `Io`.
pub fn same_tree(root: &Root, one: &Path, other: &Path) -> Result<bool, Error> {
    let entries = root.list(one)?;
    if entries != root.list(other)? {
        return Ok(false);
    }
    for (name, kind) in entries {
        let (left, right) = (one.join(&name), other.join(&name));
        let same = match kind {
            Kind::Directory => same_tree(root, &left, &right)?,
            Kind::Link => root.read_link(&left) == root.read_link(&right),
            Kind::File => same_file(root, &left, &right)?,
            Kind::Other => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_file(root: &Root, left: &Path, right: &Path) -> Result<bool, Error> {
    let (Some(one), Some(other)) = (root.meta(left), root.meta(right)) else { return Ok(false) };
    if one.size != other.size || (one.mode ^ other.mode) & 0o100 != 0 {
        return Ok(false);
    }
    let hash = |path: &Path| crate::fingerprint::sha256(root.open_file(path)?).map_err(Error::io("read", path));
    Ok(one.inode == other.inode || hash(left)? == hash(right)?)
}

/// Copies a tree and publishes it as `destination`; what was there is replaced, not merged with.
pub(super) fn replace_tree(root: &RootMut, from: &Path, destination: &Path) -> Result<(), Error> {
    publish(root, from, destination, Files::Copied)
}

/// The same, without copying what is in the files.
pub(super) fn keep_tree(root: &RootMut, from: &Path, destination: &Path) -> Result<(), Error> {
    publish(root, from, destination, Files::Shared)
}

fn publish(root: &RootMut, from: &Path, destination: &Path, files: Files) -> Result<(), Error> {
    let staged = Staged::directory(root, destination)?;
    copy_tree(root, from, staged.path(), files)?;
    if let Some(meta) = root.meta(from) {
        root.set_mode(staged.path(), (meta.mode & MODE) | 0o700)?;
    }
    // Once for all files: a tree may have a hundred thousand.
    root.sync_file_system(staged.path())?;
    staged.publish_directory()
}
