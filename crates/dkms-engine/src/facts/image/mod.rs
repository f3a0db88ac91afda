//! What an initramfs holds of some modules, and what its own index says of them.
//!
//! A file is a sequence, in any order, of members of archives, zeros, and compressed parts which unpack to members and zeros;
//! a kernel unpacks one after the other into one tree, so what comes later replaces what is at the same path (`init/initramfs.c`).
//! It is read as a stream: what nobody asks for is passed over, and there are bounds for everything, since a file in `/boot` may
//! be anybody's. Where a kernel would stop, so does this, and says why.

mod lz4;
mod lzo;
mod newc;
mod part;
pub mod place;
mod source;
mod tree;

use std::collections::BTreeSet;
use std::io::{self, Read, Seek};
use std::path::Path;

use newc::Header;
use part::Format;
use source::{Source, Stored, Unpacked, too_large};
pub use tree::{Inside, ModuleFile, Tree};

use crate::error::Error;
use crate::facts::index::{in_kernel, module_name};
use crate::system::root::Root;

/// Modules that are looked for, by name; what the file is called besides, and where it lies, does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    names: BTreeSet<String>,
}

impl Wanted {
    /// `-` and `_` are the same.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { names: names.into_iter().map(in_kernel).collect() }
    }

    /// The name of the module in a file, if it is wanted.
    fn module_of(&self, file: &str) -> Option<String> {
        module_name(file).filter(|name| self.names.contains(name))
    }
}

/// What an image may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file, and bytes that its compressed parts unpack to together.
    pub unpacked: u64,
    /// Bytes of the files that are kept.
    pub kept: u64,
    /// Members.
    pub members: usize,
    /// Compressed parts.
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked: 4 << 30, kept: 1 << 30, members: 1 << 20, parts: 64 }
    }
}

/// Reads an image.
///
/// # Errors
/// `Io`; also for what is no image or is damaged: a kernel would not get beyond that place either.
pub fn read(root: &Root, path: &Path, wanted: &Wanted) -> Result<Tree, Error> {
    let unreadable = |reason: String| Error::io("read", path)(io::Error::other(reason));
    let file = root.open_file(path)?;
    if !file.metadata().map_err(Error::io("read", path))?.is_file() {
        return Err(unreadable("it is not a regular file".into()));
    }
    parse(file, wanted, Limits::default()).map_err(unreadable)
}

/// The same from what is open, or from bytes: section `.initrd` of a unified kernel image, say.
///
/// # Errors
/// A fragment saying why it cannot be read, and where.
pub fn parse(image: impl Read + Seek, wanted: &Wanted, limits: Limits) -> Result<Tree, String> {
    let mut stored = Stored::new(image).map_err(|error| error.to_string())?;
    let mut walk = Walk { wanted, limits, tree: Tree::default(), members: 0, parts: 0 };
    let walked = walk.sequence(&mut stored);
    walked.map_err(|error| format!("at byte {}: {error}", stored.position()))?;
    if walk.members == 0 {
        return Err("there is no archive in it".into());
    }
    Ok(walk.tree)
}

/// A reading under way; limits are what is left of them.
struct Walk<'a> {
    wanted: &'a Wanted,
    limits: Limits,
    tree: Tree,
    members: usize,
    parts: usize,
}

impl Walk<'_> {
    /// The whole file.
    fn sequence<R: Read + Seek>(&mut self, stored: &mut Stored<R>) -> io::Result<()> {
        if stored.length() > self.limits.unpacked {
            return Err(too_large());
        }
        loop {
            self.members(stored)?;
            let first = stored.peek(Format::MAGIC)?;
            if first.is_empty() {
                return Ok(());
            }
            let Some(format) = Format::of(first) else {
                return Err(io::Error::other("neither an archive nor a compressed one begins here"));
            };
            self.part(format, stored)?;
        }
    }

    /// One compressed part.
    fn part<R: Read + Seek>(&mut self, format: Format, stored: &mut Stored<R>) -> io::Result<()> {
        self.parts += 1;
        if self.parts > self.limits.parts {
            return Err(too_large());
        }
        let named = |error: io::Error| io::Error::other(format!("{}: {error}", format.name()));
        let mut unpacked = Unpacked::new(format.decoder(stored).map_err(named)?, self.limits.unpacked);
        self.members(&mut unpacked).map_err(named)?;
        if unpacked.next().map_err(named)?.is_some() {
            return Err(named(io::Error::other("there is something between its members")));
        }
        self.limits.unpacked -= unpacked.position();
        Ok(())
    }

    /// Members, and zeros between them, up to anything else.
    fn members(&mut self, source: &mut impl Source) -> io::Result<()> {
        loop {
            source.skip_zeros()?;
            if source.next()? != Some(b'0') {
                return Ok(());
            }
            if source.position() % 4 != 0 {
                return Err(io::Error::other("an archive begins at a place that is no multiple of four"));
            }
            self.members += 1;
            if self.members > self.limits.members {
                return Err(too_large());
            }
            let header = Header::read(source)?;
            self.tree.add(header, source, self.wanted, &mut self.limits.kept)?;
        }
    }
}

#[cfg(test)]
mod tests;
