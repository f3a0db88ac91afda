//! Standard output: data for programs, progress for people. `-q` silences it, and a reader that went away is no error.

use std::io::{self, Write};

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

    /// Writes a line.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }
}
