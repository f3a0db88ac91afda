//! Compression in the formats that kernels read, with parameters that every one of them can read.
//!
//! The kernel's xz reader knows CRC32 and refuses dictionaries above a limit (1 MiB is what its own build uses); its zstd
//! reader allocates the window that the frame asks for, and reads the size of the content from the frame. The options of
//! framework.conf count for the level alone.

use std::io::{Result, Write};

use dkms_conf::FrameworkConfig;
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};

use crate::module_file::compression::Compression;

/// Dictionary of xz, in bytes.
const XZ_DICTIONARY: u32 = 1 << 20;
/// Window of zstd, as a power of two: 8 MiB.
const ZSTD_WINDOW: u32 = 23;
/// Highest level of zstd that needs no more than that.
const ZSTD_HIGHEST: i32 = 19;

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Levels {
    gzip: u32,
    xz: u32,
    zstd: i32,
}

impl From<&FrameworkConfig> for Levels {
    fn from(framework: &FrameworkConfig) -> Self {
        let level = |options: Vec<String>, most: u32| {
            options.iter().filter_map(|option| level(option)).next_back().map(|level| level.min(most))
        };
        Self {
            gzip: level(framework.compress_gzip_opts(), 9).unwrap_or(6),
            xz: level(framework.compress_xz_opts(), 9).unwrap_or(6),
            zstd: level(framework.compress_zstd_opts(), 19).and_then(|level| i32::try_from(level).ok()).unwrap_or(3),
        }
    }
}

/// The level in one option of a compressor, `-19` or `--best`.
fn level(option: &str) -> Option<u32> {
    match option {
        "--best" => Some(9),
        "--fast" => Some(1),
        _ => option.strip_prefix('-')?.parse().ok(),
    }
}

/// Compresses; `Compression::None` gives the content back.
pub(super) fn compress(content: &[u8], compression: Compression, levels: &Levels) -> Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(content.to_vec()),
        Compression::Gzip => {
            let level = flate2::Compression::new(levels.gzip);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(content)?;
            encoder.finish()
        }
        Compression::Xz => {
            let mut options = LzmaOptions::new_preset(levels.xz)?;
            options.dict_size(XZ_DICTIONARY);
            let mut filters = Filters::new();
            filters.lzma2(&options);
            let stream = Stream::new_stream_encoder(&filters, Check::Crc32)?;
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(content)?;
            encoder.finish()
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), levels.zstd.min(ZSTD_HIGHEST))?;
            encoder.set_pledged_src_size(Some(content.len() as u64))?;
            encoder.include_contentsize(true)?;
            encoder.include_checksum(true)?;
            if levels.zstd > 9 {
                encoder.window_log(ZSTD_WINDOW)?;
            }
            encoder.write_all(content)?;
            encoder.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_file::MAX_MODULE_BYTES;
    use crate::module_file::compression::unpack;

    const PLAIN: Levels = Levels { gzip: 6, xz: 6, zstd: 3 };

    fn content() -> Vec<u8> {
        (0..300_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap() & 0x1f).collect()
    }

    #[test]
    fn every_format_reads_back() {
        let content = content();
        for compression in Compression::ALL {
            let packed = compress(&content, compression, &PLAIN).unwrap();
            assert_eq!(Compression::of_content(&packed), compression);
            assert!(unpack(packed, MAX_MODULE_BYTES).unwrap() == content, "{compression:?}");
        }
    }

    #[test]
    fn xz_has_the_check_and_the_dictionary_of_the_kernel() {
        let packed = compress(&content(), Compression::Xz, &Levels { xz: 9, ..PLAIN }).unwrap();
        assert_eq!(packed[7], 1, "CRC32 in the stream flags");
        // Block header: size, flags, filter 0x21, one byte of properties: 16 stands for 1 MiB.
        assert_eq!((packed[14], packed[16]), (0x21, 16));
    }

    #[test]
    fn zstd_tells_its_size_and_asks_for_a_small_window() {
        let content = content();
        for level in [3, 19] {
            let packed = compress(&content, Compression::Zstd, &Levels { zstd: level, ..PLAIN }).unwrap();
            assert_eq!(zstd::zstd_safe::get_frame_content_size(&packed).unwrap(), Some(content.len() as u64));
            let single_segment = packed[4] & 0x20 != 0;
            let window_log = if single_segment { 22 } else { 10 + u32::from(packed[5] >> 3) };
            assert!(window_log <= ZSTD_WINDOW, "{level}: {window_log}");
        }
    }

    #[test]
    fn levels_come_from_the_options() {
        let parse = |text: &str| {
            let source = dkms_conf::Source::new("framework.conf", text);
            Levels::from(&FrameworkConfig::parse(&[source]).0)
        };
        assert_eq!(parse(""), PLAIN);
        let text =
            "compress_gzip_opts='-9'\ncompress_xz_opts='--check=crc32 -3'\ncompress_zstd_opts='-q --ultra -22 -T0'";
        assert_eq!(parse(text), Levels { gzip: 9, xz: 3, zstd: 19 });
    }
}
