//! The copy of a source tree that a build works on.
//!
//! It is made while the source may change, which is noticed; patches of the administrator are laid over it.

use std::path::Path;

use crate::error::Error;
use crate::facts::fingerprint::SourceTree;
use crate::setup::Setup;
use crate::system::root::RootMut;
use crate::system::tree_copy::{Files, Others, TreeCopy};
use crate::target::ModuleId;

/// Copies the source of a module and lays the administrator's patches over the copy in `build`; `untouched`, if wanted, is
/// a second copy without them.
pub(super) fn source(
    setup: &Setup,
    root: &RootMut,
    module: &ModuleId,
    build: &Path,
    untouched: Option<&Path>,
) -> Result<(), Error> {
    let link = setup.layout.source_link(module);
    let Some(source) = root.canonical(&link).filter(|path| root.is_dir(path)) else {
        let path = root.read_link(&link).unwrap_or(link);
        return Err(Error::Broken { module: module.clone(), path });
    };
    if root.list(&source)?.len() < 2 {
        return Err(Error::SourceEmpty { module: module.clone(), path: source });
    }
    let uncopied = |cause| Error::SourceUncopied { module: module.clone(), cause: Box::new(cause) };
    let copies: Vec<&Path> = std::iter::once(build).chain(untouched).collect();
    copy_unchanging(setup, root, module, &source, &copies).map_err(uncopied)?;
    let patches = setup.layout.administrator_files(&module.name).join("patches");
    if root.is_dir(&patches) {
        copy(setup, root).lay_over(&patches, &build.join("patches")).map_err(uncopied)?;
    }
    // A log that came with the source would be taken for ours.
    root.remove_file(&build.join("make.log"))
}

fn copy<'a>(setup: &'a Setup, root: &'a RootMut) -> TreeCopy<'a> {
    TreeCopy { root, cancel: &setup.cancel, files: Files::Copied, others: Others::LeftOut }
}

/// Puts a copy of a directory in its place: the same to everybody, but made here.
pub(super) fn renew(setup: &Setup, root: &RootMut, directory: &Path) -> Result<(), Error> {
    let parent = directory.parent().unwrap_or(Path::new("/"));
    let temporary = root.create_temporary_dir(parent, ".work-")?;
    let renewed = temporary.join("copy");
    copy(setup, root).copy(directory, &renewed)?;
    root.remove_tree(directory)?;
    root.rename(&renewed, directory)?;
    root.remove_dir(&temporary)
}

/// A source that another process writes to meanwhile (an editor, a package being unpacked) is copied a second time; if
/// it still changes, the build would be of a source that never existed.
fn copy_unchanging(
    setup: &Setup,
    root: &RootMut,
    module: &ModuleId,
    source: &Path,
    copies: &[&Path],
) -> Result<(), Error> {
    for _ in 0..2 {
        let before = SourceTree::look(setup, module)?;
        for to in copies {
            root.remove_tree(to)?;
            copy(setup, root).copy(source, to)?;
        }
        if SourceTree::look(setup, module)?.stamp() == before.stamp() {
            return Ok(());
        }
    }
    Err(Error::Io {
        verb: "copy",
        path: source.to_owned(),
        source: std::io::Error::other("it keeps changing while it is copied"),
    })
}
