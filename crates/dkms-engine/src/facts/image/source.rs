//! Bytes of an image, counted: those of the file itself, and those that a compressed part unpacks to.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// What archives are read from.
pub(super) trait Source: BufRead {
    /// Bytes that are behind.
    fn position(&self) -> u64;

    /// Passes over bytes.
    ///
    /// # Errors
    /// If there are fewer, or they cannot be read.
    fn skip(&mut self, count: u64) -> io::Result<()>;

    /// The next byte, which stays; `None` at the end.
    ///
    /// # Errors
    /// If it cannot be read.
    fn next(&mut self) -> io::Result<Option<u8>> {
        Ok(self.fill_buf()?.first().copied())
    }

    /// Passes over zeros.
    ///
    /// # Errors
    /// If they cannot be read.
    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let held = self.fill_buf()?;
            let zeros = held.iter().take_while(|byte| **byte == 0).count();
            let is_over = zeros == 0 || zeros < held.len();
            self.consume(zeros);
            if is_over {
                return Ok(());
            }
        }
    }
}

/// The file itself.
pub(super) struct Stored<R> {
    inner: R,
    length: u64,
    position: u64,
    buffer: Vec<u8>,
    /// What of the buffer is still ahead.
    ahead: std::ops::Range<usize>,
}

impl<R: Read + Seek> Stored<R> {
    /// # Errors
    /// If nobody can go back and forth in it.
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        Ok(Self { inner, length, position: 0, buffer: vec![0; BUFFER], ahead: 0..0 })
    }

    /// Bytes of the whole.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, which stay: fewer than asked for only at the end.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.ahead.len() < count.min(BUFFER) {
            self.buffer.copy_within(self.ahead.clone(), 0);
            self.ahead = 0..self.ahead.len();
            match self.inner.read(&mut self.buffer[self.ahead.end..]) {
                Ok(0) => break,
                Ok(read) => self.ahead.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.buffer[self.ahead.start..self.ahead.end.min(self.ahead.start + count)])
    }
}

impl<R: Read + Seek> Read for Stored<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(target)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read + Seek> BufRead for Stored<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.ahead.is_empty() {
            self.peek(1)?;
        }
        Ok(&self.buffer[self.ahead.clone()])
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.ahead.len());
        self.ahead.start += count;
        self.position += count as u64;
    }
}

impl<R: Read + Seek> Source for Stored<R> {
    fn position(&self) -> u64 {
        self.position
    }

    /// Reads nothing of what is far ahead: archives of the largest images are not compressed.
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let end = self.position.checked_add(count).filter(|end| *end <= self.length).ok_or_else(cut_off)?;
        let held = self.ahead.len() as u64;
        if count > held {
            self.inner.seek_relative(i64::try_from(count - held).map_err(io::Error::other)?)?;
        }
        self.ahead.start += usize::try_from(count.min(held)).unwrap_or_default();
        self.position = end;
        Ok(())
    }
}

/// What a compressed part unpacks to, up to a limit.
pub(super) struct Unpacked<D> {
    inner: BufReader<D>,
    position: u64,
    limit: u64,
}

impl<D: Read> Unpacked<D> {
    pub(super) fn new(decoder: D, limit: u64) -> Self {
        Self { inner: BufReader::with_capacity(BUFFER, decoder), position: 0, limit }
    }
}

impl<D: Read> Read for Unpacked<D> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(target)?;
        self.consume(read);
        Ok(read)
    }
}

impl<D: Read> BufRead for Unpacked<D> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let held = self.inner.fill_buf()?;
        if !held.is_empty() && self.position >= self.limit {
            return Err(too_large());
        }
        let left = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
        Ok(&held[..held.len().min(left)])
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.position += count as u64;
    }
}

impl<D: Read> Source for Unpacked<D> {
    fn position(&self) -> u64 {
        self.position
    }

    fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let held = self.fill_buf()?.len();
            if held == 0 {
                return Err(cut_off());
            }
            let passed = held.min(usize::try_from(count).unwrap_or(usize::MAX));
            self.consume(passed);
            count -= passed as u64;
        }
        Ok(())
    }
}

pub(super) fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut off")
}

pub(super) fn too_large() -> io::Error {
    io::Error::other("there is more in it than any initramfs holds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_there() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let mut stored = Stored::new(io::Cursor::new(&bytes[..])).unwrap();
        let mut unpacked = Unpacked::new(&bytes[..], u64::MAX);
        let sources: [&mut dyn Source; 2] = [&mut stored, &mut unpacked];
        for source in sources {
            source.skip(3).unwrap();
            assert_eq!(source.next().unwrap(), Some(3));
            source.skip(150_000).unwrap();
            assert_eq!((source.position(), source.next().unwrap()), (150_003, Some(bytes[150_003])));
            assert!(source.skip(50_000).is_err());
        }
        assert_eq!(stored.peek(9).unwrap(), &bytes[150_003..150_012]);
    }

    #[test]
    fn no_more_is_unpacked_than_the_limit() {
        let mut unpacked = Unpacked::new(io::repeat(0), 100_000);
        assert_eq!(unpacked.skip_zeros().unwrap_err().to_string(), too_large().to_string());
        assert_eq!(unpacked.position(), 100_000);
    }
}
