//! Source trees, published: complete under their name, or not there.

use std::path::Path;

use crate::error::Error;
use crate::system::cancel::Cancel;
use crate::system::root::RootMut;
use crate::system::staged::Staged;
use crate::system::tree_copy::{Files, Others, TreeCopy};

/// Copies a tree and publishes it as `destination`; what was there is replaced, not merged with.
///
/// # Errors
/// `Io`, `Interrupted`.
pub(super) fn replace_tree(root: &RootMut, cancel: &Cancel, from: &Path, destination: &Path) -> Result<(), Error> {
    publish(TreeCopy { root, cancel, files: Files::Copied, others: Others::Refused }, from, destination)
}

/// The same, without copying what is in the files. A signal does not stop it: what it keeps is about to be deleted.
///
/// # Errors
/// `Io`.
pub(super) fn keep_tree(root: &RootMut, from: &Path, destination: &Path) -> Result<(), Error> {
    let cancel = &Cancel::default();
    publish(TreeCopy { root, cancel, files: Files::Shared, others: Others::Refused }, from, destination)
}

fn publish(copy: TreeCopy<'_>, from: &Path, destination: &Path) -> Result<(), Error> {
    let staged = Staged::directory(copy.root, destination)?;
    copy.copy(from, staged.path())?;
    // Once for all files: a tree may have a hundred thousand.
    copy.root.sync_file_system(staged.path())?;
    staged.publish_directory()
}
