//! What was kept of an image: files of wanted modules, links with such names, and indexes.

use std::collections::BTreeMap;
use std::io;

use super::Wanted;
use super::newc::{Header, Kind, clean};
use super::source::{Source, too_large};
use crate::facts::index::{self, BINARY, MAX_INDEX_BYTES, TEXT, in_kernel};

/// Name of the member that ends an archive: numbers of files mean others from then on.
const TRAILER: &str = "TRAILER!!!";
/// Bytes that are kept besides name and content, about.
const OVERHEAD: u64 = 200;
/// Longest chain of links that is followed; the kernel's own bound.
const MAX_LINKS: usize = 40;

/// What is in an image, as far as it was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// By path, as it was when all was unpacked.
    copies: BTreeMap<String, ModuleFile>,
    /// By path, likewise.
    indexes: BTreeMap<String, Content>,
    /// Contents of files with several names; nothing as long as none of the names has brought it.
    shared: BTreeMap<Shared, Option<Vec<u8>>>,
    /// Archives that are behind: numbers of files mean others in each.
    archives: usize,
}

/// A module in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// Name of the module, with `_` for `-`.
    pub module: String,
    /// Where it is: relative to the image's top.
    pub path: String,
    content: Content,
}

/// A file with several names: the archive, and its numbers there.
type Shared = (usize, [u32; 4]);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    File(Vec<u8>),
    Link(String),
    Shared(Shared),
}

/// Which copy of a module is loaded out of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside<'a> {
    /// None is there.
    Nothing,
    /// This one.
    One(&'a ModuleFile),
    /// Some are there, and the image's index leads to none of them: by its name nothing loads it.
    Unlisted,
    /// Several, and there is no index that says which.
    Several,
}

impl Tree {
    /// All copies of a module.
    pub fn copies<'a>(&'a self, module: &str) -> impl Iterator<Item = &'a ModuleFile> {
        let module = in_kernel(module);
        self.copies.values().filter(move |copy| copy.module == module)
    }

    /// The copy that a kernel loads: the one in its index, or the only one that is not another kernel's. booster has neither
    /// an index nor releases.
    ///
    /// # Errors
    /// A fragment saying why the image's index cannot be read.
    pub fn loaded(&self, module: &str, release: &str) -> Result<Inside<'_>, String> {
        let module = in_kernel(module);
        let mut ours = self.copies(&module).filter(|copy| release_of(&copy.path).is_none_or(|of| of == release));
        let directory = format!("lib/modules/{release}");
        let index = [BINARY, TEXT].map(|name| self.indexes.get(&format!("{directory}/{name}")));
        if index != [None, None] {
            let [binary, text] = index.map(|content| content.map(|content| self.bytes(content)));
            let listed = index::find(binary.transpose()?, text.transpose()?, &module)?;
            let at = listed.map(|path| if path.starts_with('/') { path } else { format!("{directory}/{path}") });
            let copy = at.and_then(|path| self.at(&path)).filter(|copy| copy.module == module);
            let unlisted = if ours.next().is_some() { Inside::Unlisted } else { Inside::Nothing };
            return Ok(copy.map_or(unlisted, Inside::One));
        }
        Ok(match (ours.next(), ours.next()) {
            (None, _) => Inside::Nothing,
            (Some(only), None) => Inside::One(only),
            (Some(_), Some(_)) => Inside::Several,
        })
    }

    /// The bytes of a copy as they are in the image, compressed or not; links are followed.
    ///
    /// # Errors
    /// A fragment saying why there are none.
    pub fn content<'a>(&'a self, copy: &'a ModuleFile) -> Result<&'a [u8], String> {
        let mut copy = copy;
        for _ in 0..MAX_LINKS {
            let Content::Link(target) = &copy.content else {
                return self.bytes(&copy.content).map_err(|reason| format!("`{}`: {reason}", copy.path));
            };
            let missing = || format!("`{}` is a link to `{target}`, which is not in the image", copy.path);
            copy = self.at(&followed(&copy.path, target)).ok_or_else(missing)?;
        }
        Err(format!("`{}` is a link in a circle", copy.path))
    }

    /// What a file holds.
    fn bytes<'a>(&'a self, content: &'a Content) -> Result<&'a [u8], String> {
        match content {
            Content::File(content) => Ok(content),
            Content::Shared(shared) => {
                let content = self.shared.get(shared).and_then(|content| content.as_deref());
                content.ok_or_else(|| "another name of the same file, before it, has its content".into())
            }
            Content::Link(target) => Err(format!("it is a link to `{target}`")),
        }
    }

    /// What is at a path.
    fn at(&self, path: &str) -> Option<&ModuleFile> {
        self.copies.get(place(path))
    }

    /// Takes in a member, or passes over it.
    pub(super) fn add(
        &mut self,
        header: Header,
        source: &mut impl Source,
        wanted: &Wanted,
        room: &mut u64,
    ) -> io::Result<()> {
        let file = header.path.rsplit('/').next().unwrap_or_default();
        let module = wanted.module_of(file).filter(|_| header.kind != Kind::Other);
        let is_index = header.kind != Kind::Other && matches!(file, TEXT | BINARY);
        let shared = header.shared.filter(|_| header.kind == Kind::File).map(|numbers| (self.archives, numbers));
        let brings = shared.filter(|shared| header.size > 0 && self.shared.contains_key(shared));
        if module.is_none() && brings.is_none() && !is_index {
            self.archives += usize::from(header.path == TRAILER);
            return header.pass_over(source);
        }
        *room = room.checked_sub(header.path.len() as u64 + OVERHEAD).ok_or_else(too_large)?;
        let content = header.content(source, (*room).min(if is_index { MAX_INDEX_BYTES } else { u64::MAX }))?;
        *room -= content.len() as u64;
        let content = match shared {
            Some(shared) => {
                let known = self.shared.entry(shared).or_default();
                if !content.is_empty() {
                    *known = Some(content);
                }
                Content::Shared(shared)
            }
            None if header.kind == Kind::Link => Content::Link(String::from_utf8_lossy(&content).into_owned()),
            None => Content::File(content),
        };
        let at = place(&header.path).to_owned();
        match module {
            Some(module) => drop(self.copies.insert(at, ModuleFile { module, path: header.path, content })),
            None if is_index => drop(self.indexes.insert(at, content)),
            None => {}
        }
        Ok(())
    }
}

/// The release whose directory a module is in.
fn release_of(path: &str) -> Option<&str> {
    place(path).strip_prefix("lib/modules/")?.split_once('/').map(|(release, _)| release)
}

/// `lib` is a link to `usr/lib` where both are in use.
fn place(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    path.strip_prefix("usr/").unwrap_or(path)
}

/// Where a link leads, if no directory on the way is one.
fn followed(path: &str, target: &str) -> String {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let whole = if target.starts_with('/') { target.to_owned() } else { format!("{directory}/{target}") };
    let mut names: Vec<&str> = Vec::new();
    let whole = clean(&whole);
    for name in whole.split('/') {
        if name == ".." {
            names.pop();
        } else {
            names.push(name);
        }
    }
    names.join("/")
}
