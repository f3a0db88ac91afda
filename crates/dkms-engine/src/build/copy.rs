//! The copy of a source tree that a build works on.
//!
//! Modes, times and links are kept; the content is shared with the source where the file system can (a reflink), and
//! copied otherwise. Every error is fatal: half a source may well compile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::root::{Kind, Meta, Root};
use crate::setup::Setup;
use crate::target::ModuleId;

/// Deeper trees are no sources.
const DEEPEST: usize = 64;

/// Copies the source of a module and lays the administrator's patches over it.
pub(super) fn source(setup: &Setup, module: &ModuleId, build: &Path) -> Result<(), Error> {
    let root = &setup.root;
    let link = setup.layout.source_link(module);
    let Some(source) = root.canonical(&link).filter(|path| root.is_dir(path)) else {
        let path = root.read_link(&link).unwrap_or(link);
        return Err(Error::Broken { module: module.clone(), path });
    };
    if root.list(&source)?.len() < 2 {
        return Err(Error::SourceEmpty { module: module.clone(), path: source });
    }
    let uncopied = |cause| Error::SourceUncopied { module: module.clone(), cause: Box::new(cause) };
    copy_unchanging(setup, &source, build).map_err(uncopied)?;
    let patches = setup.layout.administrator_files(&module.name).join("patches");
    if root.is_dir(&patches) {
        Copy { setup, contents_only: true }.directory(&patches, &build.join("patches"), 0).map_err(uncopied)?;
    }
    // A log that came with the source would be taken for ours.
    root.remove_file(&build.join("make.log"))
}

/// A source that somebody writes to meanwhile (an editor, a package being unpacked) is copied a second time; if it still
/// changes, the build would be of something that nobody ever had.
fn copy_unchanging(setup: &Setup, source: &Path, build: &Path) -> Result<(), Error> {
    for _ in 0..2 {
        let before = stamps(&setup.root, source, 0)?;
        setup.root.remove_tree(build)?;
        Copy { setup, contents_only: false }.directory(source, build, 0)?;
        if stamps(&setup.root, source, 0)? == before {
            return Ok(());
        }
    }
    Err(Error::Io {
        verb: "copy",
        path: source.to_owned(),
        source: std::io::Error::other("it keeps changing while it is copied"),
    })
}

fn stamps(root: &Root, directory: &Path, depth: usize) -> Result<Vec<(PathBuf, Meta)>, Error> {
    let mut found = Vec::new();
    for (name, kind) in root.list(directory)? {
        let path = directory.join(name);
        found.extend(root.link_meta(&path).map(|meta| (path.clone(), meta)));
        if kind == Kind::Directory && depth < DEEPEST {
            found.extend(stamps(root, &path, depth + 1)?);
        }
    }
    Ok(found)
}

struct Copy<'a> {
    setup: &'a Setup,
    /// The destination may exist, and keeps its own mode and what else is in it.
    contents_only: bool,
}

impl Copy<'_> {
    fn directory(&self, from: &Path, to: &Path, depth: usize) -> Result<(), Error> {
        let root = &self.setup.root;
        if depth > DEEPEST {
            let source = std::io::Error::other(format!("directories are nested more than {DEEPEST} deep"));
            return Err(Error::Io { verb: "copy", path: from.to_owned(), source });
        }
        self.setup.cancel.check()?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        if !self.contents_only {
            // Writable by us until it is full.
            root.create_dir(to, meta.mode | 0o700)?;
        } else if !root.is_dir(to) {
            root.create_dir(to, 0o755)?;
        }
        for entry in root.list(from)? {
            self.entry(from, to, entry, depth)?;
        }
        if !self.contents_only {
            root.set_mode(to, meta.mode)?;
            root.set_mtime(to, meta.mtime)?;
        }
        Ok(())
    }

    fn entry(&self, from: &Path, to: &Path, (name, kind): (OsString, Kind), depth: usize) -> Result<(), Error> {
        let root = &self.setup.root;
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
        let root = &self.setup.root;
        let mut source = root.open_file(from)?;
        let meta = root.meta(from).ok_or_else(|| vanished(from))?;
        let mut copy = root.create_new(to, 0o600)?;
        if rustix::fs::ioctl_ficlone(&copy, &source).is_err() {
            std::io::copy(&mut source, &mut copy).map_err(Error::io("write", to))?;
        }
        root.set_mode(to, meta.mode)?;
        root.set_mtime(to, meta.mtime)
    }
}

fn vanished(path: &Path) -> Error {
    Error::io("read", path)(std::io::ErrorKind::NotFound.into())
}
