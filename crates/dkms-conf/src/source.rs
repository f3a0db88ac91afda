//! The text of one file that is to be evaluated, under the name by which it is known.
//!
//! Reading it from a disk is the caller's business. A file is taken as UTF-8; other bytes are kept out of values, as
//! they usually are an author's name in a comment.

use crate::diagnostic::{Diagnostic, Location};
use crate::directive::Directive;

/// Larger files are no configuration: the largest known one has 435 lines.
pub const MAX_BYTES: usize = 1 << 20;

/// A file: its name and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Takes the bytes of the file `path`.
    ///
    /// # Errors
    /// A file that is larger than [`MAX_BYTES`] or holds a NUL byte is not a text that somebody wrote.
    pub fn from_bytes(path: impl Into<String>, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let path = path.into();
        let whole = Some(Location { path: path.clone(), line: 0, column: 0, text: String::new() });
        if bytes.len() > MAX_BYTES {
            return Err(
                Diagnostic::error(format!("{} bytes is too large for a configuration file", bytes.len())).at(whole)
            );
        }
        if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
            return Err(Diagnostic::error(format!("not a text file: byte {offset} is NUL")).at(whole));
        }
        Ok(Self { path, text: String::from_utf8_lossy(bytes).into_owned() })
    }

    /// Takes a text, for tests and for what was never in a file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The name of the file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a byte of the text.
    #[must_use]
    pub fn location(&self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        let text = self.text[line_start..].lines().next().unwrap_or_default().to_owned();
        Location { path: self.path.clone(), line, column, text }
    }

    /// The file as a whole.
    #[must_use]
    pub fn whole(&self) -> Location {
        Location { path: self.path.clone(), line: 0, column: 0, text: String::new() }
    }

    /// Where `directive` seems to be assigned, for values whose origin no evaluator told: the last line that begins
    /// with an assignment to that index, or to the name at all.
    #[must_use]
    pub fn find_assignment(&self, directive: Directive, index: usize) -> Option<usize> {
        let indexed = format!("{}[{index}]", directive.name());
        let mut offset = 0;
        let mut found = None;
        for line in self.text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let line_text = &line[indent..];
            let rest = line_text.strip_prefix(&indexed).or_else(|| line_text.strip_prefix(directive.name()));
            if rest.is_some_and(|rest| rest.starts_with(['=', '[']) || rest.starts_with("+=")) {
                let exact = line_text.starts_with(&indexed);
                if exact || !matches!(found, Some((true, _))) {
                    found = Some((exact, offset + indent));
                }
            }
            offset += line.len();
        }
        found.map(|(_, offset)| offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns() {
        let source = Source::new("x", "a\n  bä=1\nc");
        let place = source.location(source.text().find('=').unwrap());
        assert_eq!((place.line, place.column, place.text.as_str()), (2, 5, "  bä=1"));
    }

    #[test]
    fn refuses_what_is_no_text() {
        assert!(Source::from_bytes("x", b"\x7fELF\0").is_err());
        assert!(Source::from_bytes("x", &vec![b'a'; MAX_BYTES + 1]).is_err());
        assert!(Source::from_bytes("x", b"# J\xfcrgen\nA=1\n").is_ok());
    }

    #[test]
    fn finds_the_assignment_of_an_index() {
        let source = Source::new("x", "MAKE[0]=a\n  MAKE[1]=b\nMAKE[0]+=c\nMAKER=1\n");
        assert_eq!(source.find_assignment(Directive::Make, 1), Some(12));
        assert_eq!(source.find_assignment(Directive::Make, 0), Some(22));
        assert_eq!(source.find_assignment(Directive::Patch, 0), None);
    }
}
