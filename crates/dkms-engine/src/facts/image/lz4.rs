//! The old format of lz4, which `lz4 -l` makes and kernels unpack: blocks, each behind its length, and no end.
//!
//! `lib/decompress_unlz4.c` of the kernel, and "Legacy frame" in lz4's `doc/lz4_Frame_format.md`.

use std::io::{self, BufRead, Read, Seek};

use super::part::{Block, Format};
use super::source::{Stored, cut_off};

/// Bytes that a block unpacks to.
const UNPACKED: usize = 8 << 20;
/// Bytes that such a block may have, packed, if it does not get smaller.
const PACKED: usize = UNPACKED + UNPACKED / 255 + 16;

/// Unpacks one part.
pub(super) struct Lz4<'a, R> {
    part: &'a mut Stored<R>,
    packed: Vec<u8>,
    block: Block,
}

impl<'a, R: Read + Seek> Lz4<'a, R> {
    /// The part begins with the magic number.
    pub(super) fn new(part: &'a mut Stored<R>) -> Self {
        Self { part, packed: Vec::new(), block: Block::default() }
    }
}

impl<R: Read + Seek> Read for Lz4<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        self.block.read(target, |block| fill(self.part, &mut self.packed, block))
    }
}

/// The next block, if there is one. The part ends where the image does, where zeros come, and where a number is too large for
/// a length, as it is where another part begins; the magic number may stand between blocks.
fn fill<R: Read + Seek>(part: &mut Stored<R>, packed: &mut Vec<u8>, block: &mut Block) -> io::Result<bool> {
    while Format::of(part.peek(Format::MAGIC)?) == Some(Format::Lz4) {
        part.consume(4);
    }
    let &[a, b, c, d] = part.peek(4)? else { return Ok(false) };
    let Some(length) = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok().filter(|length| *length <= PACKED) else {
        return Ok(false);
    };
    if length == 0 {
        return Ok(false);
    }
    part.consume(4);
    packed.clear();
    part.take(length as u64).read_to_end(packed)?;
    if packed.len() != length {
        return Err(cut_off());
    }
    if block.bytes.is_empty() {
        block.bytes = vec![0; UNPACKED];
    }
    block.length = lz4_flex::block::decompress_into(packed, &mut block.bytes).map_err(io::Error::other)?;
    Ok(true)
}
