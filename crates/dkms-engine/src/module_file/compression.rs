//! How a module file is compressed, and unpacking it. The first bytes tell, as for the kernel's own tools, not the name.

use std::io::{BufRead, Read};

/// Memory for unpacking xz: what was compressed by `xz -9` takes 65 MiB. zstd has a limit of its own, of 128 MiB.
pub(crate) const MAX_XZ_MEMORY: u64 = 256 << 20;

/// How a kernel's modules are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `.ko`
    None,
    /// `.ko.gz`
    Gzip,
    /// `.ko.xz`
    Xz,
    /// `.ko.zst`
    Zstd,
}

impl Compression {
    /// Module name and compression out of a file name such as `x.ko.xz`; `None` if it is no module's.
    pub fn of_file_name(name: &str) -> Option<(&str, Self)> {
        Self::ALL.into_iter().find_map(|compression| {
            let module = name.strip_suffix(compression.suffix())?.strip_suffix(".ko")?;
            Some((module, compression))
        })
    }

    /// What follows `.ko` in a file name.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Xz => ".xz",
            Compression::Zstd => ".zst",
        }
    }

    /// All four, plain first: the order in which files are looked for.
    pub const ALL: [Compression; 4] = [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd];

    /// How these bytes are compressed.
    pub fn of_content(content: &[u8]) -> Self {
        match content {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

/// Unpacks what bears the first bytes of gzip, xz or zstd, to at most `limit` bytes; anything else comes back as it is.
///
/// # Errors
/// A fragment saying why it does not unpack.
pub fn unpack(content: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
    let compression = Compression::of_content(&content);
    if compression == Compression::None {
        return Ok(content);
    }
    let does_not = |error: std::io::Error| format!("it cannot be unpacked: {error}");
    let mut unpacked = Vec::new();
    let reader = decompressed(content.as_slice(), compression).map_err(does_not)?;
    reader.take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(does_not)?;
    if unpacked.len() as u64 > limit {
        return Err(format!("unpacked it is larger than {limit} bytes"));
    }
    Ok(unpacked)
}

/// What compressed bytes are, part by part.
///
/// # Errors
/// If they do not even begin as they should.
pub(crate) fn decompressed<'a>(
    packed: impl BufRead + 'a,
    compression: Compression,
) -> std::io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(packed),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Compression::Xz => {
            // Its dictionary is as large as the file says: up to 4 GiB.
            let stream = liblzma::stream::Stream::new_stream_decoder(MAX_XZ_MEMORY, liblzma::stream::CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(packed, stream))
        }
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_module_files() {
        assert_eq!(Compression::of_file_name("a-b.ko.zst"), Some(("a-b", Compression::Zstd)));
        assert_eq!(Compression::of_file_name("a.ko"), Some(("a", Compression::None)));
        assert_eq!(Compression::of_file_name("a.ko.bak"), None);
        assert_eq!(Compression::of_file_name("Module.symvers"), None);
    }
}
