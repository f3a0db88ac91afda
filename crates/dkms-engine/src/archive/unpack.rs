//! Unpacking what was vetted, into an empty directory of our own.
//!
//! The file is read twice: once to judge every entry, once to write them, each judged again, so that a file that is
//! changed in between gains nothing. Owners are dropped, and others lose the right to write.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use tar::Archive;

use super::vet::{Described, Kind, Vetting};
use crate::error::Error;
use crate::module_file::compression::{Compression, decompressed};
use crate::system::root::RootMut;

/// Bits of a mode that are kept.
const MODE: u32 = 0o755;
/// Bytes of a block of a tarball; one of zeros marks its end.
const BLOCK: usize = 512;
/// More padding than any program writes.
const MAX_PADDING: usize = 16 << 20;
/// First bytes of what is no tarball, and what to say of it.
const FOREIGN: [(&[u8], &str); 6] = [
    (b"BZh", "it is compressed with bzip2; gzip, xz and zstd are understood"),
    (b"PK\x03\x04", "it is a zip archive: unpack it and name the directory that has the dkms.conf"),
    (b"!<arch>", "it is a package of Debian: install it with `apt install`"),
    (b"\xed\xab\xee\xdb", "it is a package of rpm: install it with the package manager"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it and name the directory that has the dkms.conf"),
    (b"Rar!", "it is a rar archive: unpack it and name the directory that has the dkms.conf"),
];

/// Unpacks an archive, which may come from anybody, into `directory`, which is empty.
///
/// # Errors
/// `ArchiveRefused`, and nothing was unpacked if its content is why; `Io`.
pub fn unpack(root: &RootMut, archive: &Path, directory: &Path) -> Result<(), Error> {
    let file = root.open_file(archive)?;
    if !file.metadata().map_err(Error::io("read", archive))?.is_file() {
        return Err(refused(archive)("it is not a regular file".into()));
    }
    each_entry(&file, archive, &mut |_, _, _| Ok(()))?;
    each_entry(&file, archive, &mut |path, kind, entry| write(root, &directory.join(path), kind, entry))?;
    // Once for all files: what is unpacked gets its final name by being renamed.
    root.sync_file_system(directory)
}

type Reader<'a> = Ended<'a>;
type Visit<'a> = dyn FnMut(&Path, &Kind, &mut tar::Entry<'_, Reader<'_>>) -> Result<(), Error> + 'a;

fn each_entry(mut file: &File, path: &Path, visit: &mut Visit<'_>) -> Result<(), Error> {
    let unreadable = |error: std::io::Error| refused(path)(format!("it cannot be read as an archive: {error}"));
    let mut vetting = Vetting::default();
    file.rewind().map_err(Error::io("read", path))?;
    let mut archive = Archive::new(reader(file).map_err(unreadable)?);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let described = describe(&entry).map_err(unreadable)?;
        if let Some((inner, kind)) = vetting.entry(&described).map_err(refused(path))? {
            visit(&inner, &kind, &mut entry)?;
        }
    }
    if vetting.is_empty() {
        return Err(refused(path)("it is empty".into()));
    }
    end(archive.into_inner()).map_err(unreadable)
}

/// Reads the rest, which is padding of zeros: only at its end a compressed stream tells whether all of it was right. An
/// archive without an end was cut off.
fn end(mut rest: Ended<'_>) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut padding = 0;
    loop {
        match rest.read(&mut buffer)? {
            0 => break,
            read if buffer[..read].iter().any(|byte| *byte != 0) => {
                return Err(std::io::Error::other("data follows its end"));
            }
            read => padding += read,
        }
        if padding > MAX_PADDING {
            return Err(std::io::Error::other("data other than padding follows its end"));
        }
    }
    if rest.zeros < BLOCK {
        return Err(std::io::Error::other("it is truncated"));
    }
    Ok(())
}

/// A stream that knows how many zeros were read last.
struct Ended<'a> {
    inner: Box<dyn Read + 'a>,
    zeros: usize,
}

impl Read for Ended<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let trailing = buffer[..read].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if trailing == read { self.zeros.saturating_add(read) } else { trailing };
        Ok(read)
    }
}

fn describe(entry: &tar::Entry<'_, Reader<'_>>) -> std::io::Result<Described> {
    Ok(Described {
        path: entry.path()?.into_owned(),
        kind: entry.header().entry_type(),
        link: entry.link_name()?.map(std::borrow::Cow::into_owned),
        mode: entry.header().mode()?,
        size: entry.size(),
    })
}

/// By the first bytes, not by the name.
fn reader(mut file: &File) -> std::io::Result<Reader<'_>> {
    let mut magic = [0; 8];
    let mut filled = 0;
    while filled < magic.len() {
        match file.read(&mut magic[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    file.rewind()?;
    if let Some((_, foreign)) = FOREIGN.iter().find(|(first, _)| magic.starts_with(first)) {
        return Err(std::io::Error::other(*foreign));
    }
    let inner = decompressed(BufReader::new(file), Compression::of_content(&magic))?;
    Ok(Ended { inner, zeros: 0 })
}

fn write(root: &RootMut, path: &Path, kind: &Kind, entry: &mut tar::Entry<'_, Reader<'_>>) -> Result<(), Error> {
    root.create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let header = entry.header();
    let mode = header.mode().unwrap_or(0o644) & MODE;
    let seconds = i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(0);
    match kind {
        Kind::Directory => root.create_dir_all(path)?,
        Kind::Link(target) => root.symlink(target, path)?,
        Kind::File => {
            let mut file = root.create_new(path, 0o600)?;
            std::io::copy(entry, &mut file).map_err(Error::io("write", path))?;
            root.set_mode(path, mode | 0o400)?;
        }
    }
    root.set_mtime(path, seconds.saturating_mul(1_000_000_000))
}

pub(super) fn refused(path: &Path) -> impl Fn(String) -> Error + '_ {
    move |reason| Error::ArchiveRefused { path: path.to_owned(), reason }
}
