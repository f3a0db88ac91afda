//! Compressed parts of an image, known by their first bytes, as `lib/decompress.c` of the kernel knows them.

use std::io::{self, Read, Seek};

use super::lz4::Lz4;
use super::lzo::Lzo;
use super::source::Stored;
use crate::module_file::compression::MAX_XZ_MEMORY;

/// How a part is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Bzip2,
    Lzma,
    Xz,
    Lzo,
    Lz4,
    Zstd,
}

impl Format {
    /// Bytes that [`Format::of`] wants.
    pub(super) const MAGIC: usize = 6;

    /// By the first bytes; `None` if no kernel unpacks it.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        Some(match first {
            [0x1f, 0x8b | 0x9e, ..] => Self::Gzip,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            [0x5d, 0, 0, ..] => Self::Lzma,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x89, b'L', b'Z', b'O', ..] => Self::Lzo,
            [0x02, 0x21, 0x4c, 0x18, ..] => Self::Lz4,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => return None,
        })
    }

    /// The format's usual name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
            Self::Xz => "xz",
            Self::Lzo => "lzo",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// What a part unpacks to. When all of that is read, the source is behind the part: one stream or frame, as in a kernel.
    ///
    /// # Errors
    /// If it does not even begin as it should.
    pub(super) fn decoder<'a, R: Read + Seek>(self, part: &'a mut Stored<R>) -> io::Result<Box<dyn Read + 'a>> {
        use liblzma::stream::Stream;
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::GzDecoder::new(part)),
            Self::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(part)),
            Self::Lzma => lzma(part, Stream::new_lzma_decoder(MAX_XZ_MEMORY)?),
            Self::Xz => lzma(part, Stream::new_stream_decoder(MAX_XZ_MEMORY, 0)?),
            Self::Lzo => Box::new(Lzo::new(part)?),
            Self::Lz4 => Box::new(Lz4::new(part)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(part)?.single_frame()),
        })
    }
}

fn lzma<'a, R: Read + Seek>(part: &'a mut Stored<R>, stream: liblzma::stream::Stream) -> Box<dyn Read + 'a> {
    Box::new(liblzma::bufread::XzDecoder::new_stream(part, stream))
}

/// A block that is unpacked, of which more and more has been handed over.
#[derive(Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// Of these, so many are unpacked.
    pub(super) length: usize,
    at: usize,
}

impl Block {
    /// Hands over what is there, and calls for the next block when nothing is; that says whether there was one.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) fn read(
        &mut self,
        target: &mut [u8],
        mut fill: impl FnMut(&mut Self) -> io::Result<bool>,
    ) -> io::Result<usize> {
        while self.at >= self.length {
            (self.at, self.length) = (0, 0);
            if !fill(self)? {
                return Ok(0);
            }
        }
        let read = (&self.bytes[self.at..self.length]).read(target)?;
        self.at += read;
        Ok(read)
    }
}
