//! The copy of a source tree that a build works on.
//!
//! Times, links and what the owner may do are kept; the content is shared with the source where the file system can (a reflink), and
//! copied otherwise. Every error is fatal: half a source may well compile.

use std::ffi::OsString;
use std::path::Path;

use crate::error::Error;
use crate::facts::fingerprint::SourceTree;
use crate::setup::Setup;
use crate::system::root::{Kind, RootMut};
use crate::target::ModuleId;

/// Deeper trees are no sources.
const DEEPEST: usize = 64;
/// Bits of a mode that are kept: nothing in a build lends its owner's rights, and only the owner may write.
const MODE: u32 = 0o755;

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
        Copy { setup, root, contents_only: true }.directory(&patches, &build.join("patches"), 0).map_err(uncopied)?;
    }
    // A log that came with the source would be taken for ours.
    root.remove_file(&build.join("make.log"))
}

/// Puts a copy of a directory in its place: the same to everybody, but made here.
pub(super) fn renew(setup: &Setup, root: &RootMut, directory: &Path) -> Result<(), Error> {
    let parent = directory.parent().unwrap_or(Path::new("/"));
    let temporary = root.create_temporary_dir(parent, ".work-")?;
    let copy = temporary.join("copy");
    Copy { setup, root, contents_only: false }.directory(directory, &copy, 0)?;
    root.remove_tree(directory)?;
    root.rename(&copy, directory)?;
    root.remove_dir(&temporary)
}

/// A source that somebody writes to meanwhile (an editor, a package being unpacked) is copied a second time; if it still
/// changes, the build would be of something that nobody ever had.
fn copy_unchanging(
    setup: &Setup,
    root: &RootMut,
    module: &ModuleId,
    source: &Path,
    copies: &[&Path],
) -> Result<(), Error> {
    for _ in 0..2 {
        let before = SourceTree::look(setup, module)?;
        for copy in copies {
            root.remove_tree(copy)?;
            Copy { setup, root, contents_only: false }.directory(source, copy, 0)?;
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

struct Copy<'a> {
    setup: &'a Setup,
    root: &'a RootMut,
    /// The destination may exist, and keeps its own mode and what else is in it.
    contents_only: bool,
}

impl Copy<'_> {
    fn directory(&self, from: &Path, to: &Path, depth: usize) -> Result<(), Error> {
        let root = self.root;
        if depth > DEEPEST {
            let source = std::io::Error::other(format!("directories are nested more than {DEEPEST} deep"));
            return Err(Error::Io { verb: "copy", path: from.to_owned(), source });
        }
        self.setup.cancel.check()?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        if !self.contents_only {
            // Writable by us until it is full.
            root.create_dir(to, (meta.mode & MODE) | 0o700)?;
        } else if !root.is_dir(to) {
            root.create_dir(to, 0o755)?;
        }
        for entry in root.list(from)? {
            self.entry(from, to, entry, depth)?;
        }
        if !self.contents_only {
            root.set_mode(to, meta.mode & MODE)?;
            root.set_mtime(to, meta.mtime)?;
        }
        Ok(())
    }

    fn entry(&self, from: &Path, to: &Path, (name, kind): (OsString, Kind), depth: usize) -> Result<(), Error> {
        let root = self.root;
        let (from, to) = (from.join(&name), to.join(&name));
        match kind {
            Kind::Directory => self.directory(&from, &to, depth + 1),
            Kind::File => {
                if self.contents_only {
                    root.remove_file(&to)?;
                }
                self.file(&from, &to)
            }
            Kind::Link => {
                let target = root.read_link(&from).ok_or_else(|| vanished(&from))?;
                if self.contents_only {
                    root.remove_file(&to)?;
                }
                root.symlink(&target, &to)
            }
            Kind::Other => {
                log::warn!("`{}` is neither file, directory nor link: it is not copied", from.display());
                Ok(())
            }
        }
    }

    fn file(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let root = self.root;
        let mut source = root.open_file(from)?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        let mut copy = root.create_new(to, 0o600)?;
        if rustix::fs::ioctl_ficlone(&copy, &source).is_err() {
            std::io::copy(&mut source, &mut copy).map_err(Error::io("write", to))?;
        }
        root.set_mode(to, meta.mode & MODE)?;
        root.set_mtime(to, meta.mtime)
    }
}

fn vanished(path: &Path) -> Error {
    Error::io("read", path)(std::io::ErrorKind::NotFound.into())
}
