//! What `lzop` makes: a header with a name and checksums, blocks, each behind both its lengths, and a zero at the end.
//!
//! `lib/decompress_unlzo.c` of the kernel. Checksums are passed over, as there.

use std::io::{self, BufRead, Read, Seek};

use super::part::Block;
use super::source::Stored;

/// Longest block, unpacked.
const BLOCK: usize = 256 << 10;
/// Version from which on level, lowest readable version, and the higher half of a time are in the header.
const LEVELS: u16 = 0x0940;
/// Flags: which checksums are before each block, over what it unpacks to and over itself.
const OF_UNPACKED: [u32; 2] = [0x1, 0x100];
const OF_PACKED: [u32; 2] = [0x2, 0x200];
/// Flag: four bytes about a filter are in the header.
const FILTER: u32 = 0x800;

/// Unpacks one part.
pub(super) struct Lzo<'a, R> {
    part: &'a mut Stored<R>,
    flags: u32,
    packed: Vec<u8>,
    block: Block,
    is_over: bool,
}

impl<'a, R: Read + Seek> Lzo<'a, R> {
    /// Reads the header, magic number included.
    ///
    /// # Errors
    /// If it is cut off.
    pub(super) fn new(part: &'a mut Stored<R>) -> io::Result<Self> {
        pass_over(part, 9)?;
        let [high, low] = bytes(part)?;
        let is_new = u16::from_be_bytes([high, low]) >= LEVELS;
        // Version of the library, lowest version, method, level.
        pass_over(part, if is_new { 6 } else { 3 })?;
        let flags = u32::from_be_bytes(bytes(part)?);
        // Filter, mode, time.
        pass_over(part, if flags & FILTER == 0 { 8 } else { 12 } + if is_new { 4 } else { 0 })?;
        let [name] = bytes(part)?;
        pass_over(part, u64::from(name) + 4)?;
        Ok(Self { part, flags, packed: Vec::new(), block: Block::default(), is_over: false })
    }
}

impl<R: Read + Seek> Read for Lzo<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let Self { part, flags, packed, block, is_over } = self;
        block.read(target, |block| {
            *is_over = *is_over || !fill(part, *flags, packed, block)?;
            Ok(!*is_over)
        })
    }
}

/// The next block, if there is one.
fn fill(part: &mut impl BufRead, flags: u32, packed: &mut Vec<u8>, block: &mut Block) -> io::Result<bool> {
    let unpacked = length(part)?;
    if unpacked == 0 {
        return Ok(false);
    }
    let length = length(part)?;
    if unpacked > BLOCK || length == 0 || length > unpacked {
        return Err(io::Error::other("a block has an impossible length"));
    }
    let has = |flag: &&u32| flags & **flag != 0;
    let is_packed = length < unpacked;
    let sums = OF_UNPACKED.iter().filter(has).count() + OF_PACKED.iter().filter(|flag| is_packed && has(flag)).count();
    pass_over(part, 4 * sums as u64)?;
    packed.resize(length, 0);
    part.read_exact(packed)?;
    if block.bytes.is_empty() {
        block.bytes = vec![0; BLOCK];
    }
    block.length = unpacked;
    if is_packed {
        let made = lzokay::decompress::decompress(packed, &mut block.bytes[..unpacked]);
        if made.map_err(|error| io::Error::other(format!("{error:?}")))? != unpacked {
            return Err(io::Error::other("a block is shorter than it says"));
        }
    } else {
        block.bytes[..unpacked].copy_from_slice(packed);
    }
    Ok(true)
}

fn bytes<const N: usize>(part: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    part.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn length(part: &mut impl Read) -> io::Result<usize> {
    usize::try_from(u32::from_be_bytes(bytes(part)?)).map_err(io::Error::other)
}

fn pass_over(part: &mut impl Read, count: u64) -> io::Result<()> {
    io::copy(&mut part.take(count), &mut io::sink()).map(drop)
}
