//! Making an archive of a module version.
//!
//! Files are taken as they are kept, in name order and without owners, so that the same content gives the same archive.
//! What is ours alone in the tree stays out: it says how this machine built, which concerns no other machine.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::{BINARIES_ONLY, MAIN_TREE, SOURCE_TREE};
use crate::error::Error;
use crate::layout::STAGED_PREFIX;
use crate::setup::Setup;
use crate::system::root::{Kind, Meta, Root};
use crate::target::{ModuleId, Target};

/// A longer list of kernels is not spelt out in the name.
const MAX_KERNEL_LIST: usize = 200;

/// What goes into an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Source and finished builds.
    Everything,
    /// The source alone.
    Source,
    /// Finished builds with the configuration.
    Binaries,
}

/// An archive that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Where it is.
    pub path: PathBuf,
    /// The builds in it.
    pub targets: Vec<Target>,
}

/// Makes an archive; `archive` is the name that a person wants: without a slash it lies in the module version's own
/// directory. The suffix decides about the compression.
///
/// # Errors
/// `BuildMissing`, `SourceMissing`; `ArchiveDirectory` if it cannot be written there; `ArchiveFailed`. Nothing is left then.
pub fn pack(
    setup: &Setup,
    module: &ModuleId,
    targets: &[Target],
    contents: Contents,
    archive: Option<&Path>,
) -> Result<Packed, Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    let targets = if contents == Contents::Source { &[] } else { targets };
    for target in targets {
        if !root.is_dir(&layout.built(target)) {
            return Err(Error::BuildMissing { target: target.clone() });
        }
    }
    let source = layout.source_link(module);
    if !root.is_file(&source.join("dkms.conf")) {
        return Err(Error::SourceMissing { path: source });
    }
    let name = default_name(module, targets, contents);
    let path = match archive {
        None => layout.tarballs(module).join(name),
        Some(archive) if archive.components().count() == 1 => layout.tarballs(module).join(archive),
        Some(archive) => archive.to_owned(),
    };
    let format = Format::of(&path).map_err(|reason| Error::ArchiveFailed { path: path.clone(), reason })?;
    let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
    let is_ours = archive.is_none_or(|archive| archive.components().count() == 1);
    let denied = |error: Error| Error::ArchiveDirectory { path: directory.clone(), reason: error.to_string() };
    // No lock and no guard: anybody who may write there may make an archive.
    #[expect(clippy::disallowed_methods, reason = "an archive is no state of the tree, and may lie anywhere")]
    let writable = root.writable_within(if is_ours { &layout.tree } else { &directory });
    if is_ours {
        writable.create_dir_all(&directory).map_err(denied)?;
    }
    let partial = directory.join(format!("{STAGED_PREFIX}{}-archive", std::process::id()));
    writable.remove_file(&partial).map_err(denied)?;
    let file = writable.create_new(&partial, 0o644).map_err(denied)?;
    let written = Writer::new(root, file, format)
        .and_then(|writer| writer.write(setup, module, targets, contents, &source))
        .and_then(|()| writable.rename(&partial, &path).map_err(std::io::Error::other));
    if let Err(error) = written {
        writable.remove_file(&partial)?;
        return Err(Error::ArchiveFailed { path, reason: error.to_string() });
    }
    Ok(Packed { path, targets: targets.to_vec() })
}

fn default_name(module: &ModuleId, targets: &[Target], contents: Contents) -> String {
    let kernels: String =
        targets.iter().map(|target| format!("-kernel{}-{}", target.kernel.release, target.kernel.arch)).collect();
    let list = match contents {
        Contents::Source => "-source-only",
        _ if kernels.len() > MAX_KERNEL_LIST => "-manykernels",
        _ => &kernels,
    };
    format!("{}{list}.dkms.tar.gz", module.dashed())
}

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Xz,
    Zstd,
}

impl Format {
    /// As GNU tar tells by the name.
    fn of(path: &Path) -> Result<Self, String> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        Ok(match extension {
            "gz" | "tgz" | "taz" => Self::Gzip,
            "xz" | "txz" => Self::Xz,
            "zst" | "tzst" => Self::Zstd,
            "bz2" | "tbz" | "tbz2" | "tz2" | "lz" | "lzma" | "tlz" | "lzo" | "Z" => {
                return Err(format!("`.{extension}` is not among the formats it can be written in: gz, xz, zst"));
            }
            _ => Self::Plain,
        })
    }
}

/// A compressor that has to be ended.
enum Sink {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Xz(liblzma::write::XzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gzip(sink) => sink.write(bytes),
            Self::Xz(sink) => sink.write(bytes),
            Self::Zstd(sink) => sink.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Gzip(sink) => sink.flush(),
            Self::Xz(sink) => sink.flush(),
            Self::Zstd(sink) => sink.flush(),
        }
    }
}

impl Sink {
    fn finish(self) -> std::io::Result<()> {
        let mut writer = match self {
            Self::Plain(sink) => sink,
            Self::Gzip(sink) => sink.finish()?,
            Self::Xz(sink) => sink.finish()?,
            Self::Zstd(sink) => sink.finish()?,
        };
        writer.flush()?;
        writer.get_ref().sync_all()
    }
}

struct Writer<'a> {
    root: &'a Root,
    tar: Builder<Sink>,
}

impl<'a> Writer<'a> {
    fn new(root: &'a Root, file: File, format: Format) -> std::io::Result<Self> {
        let file = BufWriter::new(file);
        let sink = match format {
            Format::Plain => Sink::Plain(file),
            Format::Gzip => Sink::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            Format::Xz => Sink::Xz(liblzma::write::XzEncoder::new(file, 6)),
            Format::Zstd => Sink::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
        };
        Ok(Self { root, tar: Builder::new(sink) })
    }

    fn write(
        mut self,
        setup: &Setup,
        module: &ModuleId,
        targets: &[Target],
        contents: Contents,
        source: &Path,
    ) -> std::io::Result<()> {
        self.directory(Path::new(MAIN_TREE), 0o755)?;
        for target in targets {
            let of_release = Path::new(MAIN_TREE).join(&target.kernel.release);
            self.directory(&of_release, 0o755)?;
            self.tree(&setup.layout.built(target), &of_release.join(&target.kernel.arch), &is_ours)?;
        }
        if contents == Contents::Binaries {
            let top = Path::new(BINARIES_ONLY);
            self.directory(top, 0o755)?;
            for (name, text) in [("PACKAGE_NAME", &module.name), ("PACKAGE_VERSION", &module.version)] {
                self.file(&top.join(name), format!("{text}\n").as_bytes(), 0o644, 0)?;
            }
            let conf = self.root.read(&source.join("dkms.conf")).map_err(std::io::Error::other)?;
            self.file(&top.join("dkms.conf"), &conf, 0o644, 0)?;
        } else {
            self.tree(source, Path::new(SOURCE_TREE), &|_| false)?;
        }
        self.tar.into_inner()?.finish()
    }

    /// A directory with everything below it; links are kept, not followed.
    fn tree(&mut self, from: &Path, to: &Path, left_out: &dyn Fn(&str) -> bool) -> std::io::Result<()> {
        let mode = self.root.meta(from).map_or(0o755, |meta| meta.mode);
        self.directory(to, mode)?;
        for (name, kind) in self.root.list(from).map_err(std::io::Error::other)? {
            let (source, inner) = (from.join(&name), to.join(&name));
            let Some(meta) = self.root.link_meta(&source) else { continue };
            if left_out(&name.to_string_lossy()) {
                continue;
            }
            match kind {
                Kind::Directory => self.tree(&source, &inner, left_out)?,
                Kind::Link => self.link(&source, &inner)?,
                Kind::File => {
                    let content = self.root.read(&source).map_err(std::io::Error::other)?;
                    self.file(&inner, &content, meta.mode, seconds(&meta))?;
                }
                Kind::Other => {
                    let reason = format!("`{}` is neither file, directory nor link", source.display());
                    return Err(std::io::Error::other(reason));
                }
            }
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path, mode: u32) -> std::io::Result<()> {
        let mut header = header(EntryType::Directory, mode, 0);
        self.tar.append_data(&mut header, path.join(""), std::io::empty())
    }

    fn file(&mut self, path: &Path, content: &[u8], mode: u32, mtime: u64) -> std::io::Result<()> {
        let mut header = header(EntryType::Regular, mode, mtime);
        header.set_size(content.len() as u64);
        self.tar.append_data(&mut header, path, content)
    }

    fn link(&mut self, source: &Path, path: &Path) -> std::io::Result<()> {
        let target = self.root.read_link(source).unwrap_or_default();
        let mut header = header(EntryType::Symlink, 0o777, 0);
        self.tar.append_link(&mut header, path, target)
    }
}

fn header(kind: EntryType, mode: u32, mtime: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode & 0o777);
    header.set_mtime(mtime);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

fn seconds(meta: &Meta) -> u64 {
    u64::try_from(meta.mtime / 1_000_000_000).unwrap_or(0)
}

/// Our own records of a build; what the original keeps in dot files goes along.
fn is_ours(name: &str) -> bool {
    name.starts_with('.') && !name.starts_with(".dep_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::KernelId;

    #[test]
    fn names() {
        let module = ModuleId::new("m", "1").unwrap();
        let target = |release: &str| Target::new(module.clone(), KernelId::new(release, "x86_64").unwrap());
        let few = [target("6.1"), target("6.5")];
        assert_eq!(
            default_name(&module, &few, Contents::Everything),
            "m-1-kernel6.1-x86_64-kernel6.5-x86_64.dkms.tar.gz"
        );
        assert_eq!(default_name(&module, &[], Contents::Source), "m-1-source-only.dkms.tar.gz");
        let many: Vec<Target> = (0..20).map(|number| target(&format!("6.{number}.0-generic"))).collect();
        assert_eq!(default_name(&module, &many, Contents::Binaries), "m-1-manykernels.dkms.tar.gz");
    }

    #[test]
    fn the_suffix_decides() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!(of("/x/a.tar.xz"), Ok(Format::Xz));
        assert_eq!(of("a.tgz"), Ok(Format::Gzip));
        assert_eq!(of("a.tar.zst"), Ok(Format::Zstd));
        assert_eq!(of("a.tar"), Ok(Format::Plain));
        assert!(of("a.tar.bz2").unwrap_err().contains("bz2"));
    }
}
