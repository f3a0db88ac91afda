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
use crate::facts::kernel::Compression;
use crate::facts::module_info::compression;
use crate::root::Root;

/// Bits of a mode that are kept.
const MODE: u32 = 0o755;

/// Unpacks the archive into `directory`, which is empty.
///
/// # Errors
/// `ArchiveRefused`, and nothing was unpacked if its content is why; `Io`.
pub(super) fn unpack(root: &Root, archive: &Path, directory: &Path) -> Result<(), Error> {
    let file = root.open_file(archive)?;
    if !file.metadata().map_err(Error::io("read", archive))?.is_file() {
        return Err(refused(archive)("it is no regular file".into()));
    }
    each_entry(&file, archive, &mut |_, _, _| Ok(()))?;
    each_entry(&file, archive, &mut |path, kind, entry| write(root, &directory.join(path), kind, entry))
}

type Reader<'a> = Box<dyn Read + 'a>;
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
        return Err(refused(path)("there is nothing in it".into()));
    }
    Ok(())
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
    let mut magic = [0; 6];
    let mut filled = 0;
    while filled < magic.len() {
        match file.read(&mut magic[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    file.rewind()?;
    if magic.starts_with(b"BZh") {
        return Err(std::io::Error::other("it is compressed with bzip2; gzip, xz and zstd are understood"));
    }
    let buffered = BufReader::new(file);
    Ok(match compression(&magic) {
        Compression::None => Box::new(buffered),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?),
    })
}

fn write(root: &Root, path: &Path, kind: &Kind, entry: &mut tar::Entry<'_, Reader<'_>>) -> Result<(), Error> {
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
            file.sync_all().map_err(Error::io("sync", path))?;
            root.set_mode(path, mode | 0o400)?;
        }
    }
    root.set_mtime(path, seconds.saturating_mul(1_000_000_000))
}

pub(super) fn refused(path: &Path) -> impl Fn(String) -> Error + '_ {
    move |reason| Error::ArchiveRefused { path: path.to_owned(), reason }
}
