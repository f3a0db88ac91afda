//! Standard output: data for programs, progress for people. `-q` silences it, and a reader that went away is no error.

use std::io::{self, IsTerminal, Read, Write};

/// What this run may say on standard output.
#[derive(Debug)]
pub struct Output {
    quiet: bool,
}

impl Output {
    /// Silent or not.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// Whether nothing is to be said.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes a text at once, so that it keeps its place among what goes to standard error.
    ///
    /// # Errors
    /// What writing gives, but not that the reader closed its end (`dkms status | head -1`).
    pub fn write(&self, text: &str) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Writes what there is to read, in pieces and byte by byte; on a terminal without what would control it.
    ///
    /// # Errors
    /// What reading gives, and as [`Output::write`].
    pub fn copy(&self, mut from: impl Read) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let mut visible = stdout.is_terminal().then(Visible::default);
        let mut piece = vec![0; 64 << 10];
        loop {
            let count = match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let bytes = &piece[..count];
            let written = match &mut visible {
                Some(visible) => stdout.write_all(&visible.text(bytes)),
                None => stdout.write_all(bytes),
            };
            match written.and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
        }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }
}

/// Makes what controls a terminal visible: `^[` for an escape.
#[derive(Debug, Default)]
struct Visible {
    last: u8,
}

impl Visible {
    fn text(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match byte {
                b'\n' | b'\t' | 0x20..=0x7e => text.push(byte),
                // The control characters from U+0080 on, in UTF-8.
                0x80..=0x9f if self.last == 0xc2 => text.push(0xbf),
                0x80.. => text.push(byte),
                _ => text.extend([b'^', byte ^ 0x40]),
            }
            self.last = byte;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_controls_a_terminal() {
        let mut visible = Visible::default();
        assert_eq!(visible.text(b"a\x1b[2Jb\r\n\tc\x7f"), b"a^[[2Jb^M\n\tc^?");
        // The character may be in two pieces.
        assert_eq!(visible.text("\u{e4}\u{9b}".as_bytes()), "\u{e4}\u{bf}".as_bytes());
        assert_eq!(visible.text(b"\xc2"), b"\xc2");
        assert_eq!(visible.text(b"\x9b\xff"), b"\xbf\xff");
    }
}
