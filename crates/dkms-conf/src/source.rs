//! The text of one file that is to be evaluated, under the name by which it is known.
//!
//! Reading it from a disk is the caller's business. A file is taken as UTF-8; other bytes are kept out of values, as
//! they usually are an author's name in a comment.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Location};
use crate::directive::Directive;

/// Larger files are no configuration: the largest known one has 435 lines.
pub const MAX_BYTES: usize = 1 << 20;

/// Of a line that is longer than this, in characters, only the beginning is kept: one line may have many places.
const SHOWN_CHARS: usize = 240;

/// A file: its name and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
    /// Where its lines begin.
    lines: Vec<usize>,
}

impl Source {
    /// Takes the bytes of the file `path`.
    ///
    /// # Errors
    /// A file that is larger than [`MAX_BYTES`] or holds a NUL byte is not a text that a person wrote.
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
        Ok(Self::new(path, String::from_utf8_lossy(bytes).into_owned()))
    }

    /// Takes a text, for tests and for what was never in a file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { path: path.into(), text, lines }
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

    /// The place of a byte of the text. Of a long line the beginning is shown, and nothing if the place is behind that;
    /// the column is counted in bytes then.
    #[must_use]
    pub fn location(&self, offset: usize) -> Location {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let end = self.lines.get(line).map_or(self.text.len(), |next| next - 1);
        let text = &self.text[start..end];
        let text = text.strip_suffix('\r').unwrap_or(text);
        let before = offset.min(self.text.len()) - start;
        let shown = text.char_indices().nth(SHOWN_CHARS).map_or(text.len(), |(at, _)| at);
        let (column, text) = if before <= shown || shown == text.len() {
            (text.char_indices().take_while(|(at, _)| *at < before).count(), &text[..shown])
        } else {
            (before, "")
        };
        Location { path: self.path.clone(), line, column: column + 1, text: text.to_owned() }
    }

    /// The file as a whole.
    #[must_use]
    pub fn whole(&self) -> Location {
        Location { path: self.path.clone(), line: 0, column: 0, text: String::new() }
    }

    /// Where directives seem to be assigned, for values whose origin no evaluator gave.
    #[must_use]
    pub fn assignments(&self) -> AssignmentPlaces {
        let mut places = AssignmentPlaces::default();
        for start in &self.lines {
            let line = self.text[*start..].split('\n').next().unwrap_or_default();
            let indent = line.len() - line.trim_start().len();
            let line = &line[indent..];
            let (name, rest) =
                line.split_at(line.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(line.len()));
            let is_assignment = rest.starts_with(['=', '[']) || rest.starts_with("+=");
            let Some(directive) = Directive::from_name(name).filter(|_| is_assignment) else {
                continue;
            };
            places.any.insert(directive, start + indent);
            let index = rest.strip_prefix('[').and_then(|rest| rest.split(']').next()?.parse().ok());
            if let Some(index) = index {
                places.indexed.insert((directive, index), start + indent);
            }
        }
        places
    }
}

/// Where directives seem to be assigned: the last line that begins with an assignment to an index, or to a name at all.
#[derive(Debug, Default)]
pub struct AssignmentPlaces {
    indexed: BTreeMap<(Directive, usize), usize>,
    any: BTreeMap<Directive, usize>,
}

impl AssignmentPlaces {
    /// The byte of the file where this index seems to be assigned.
    #[must_use]
    pub fn of(&self, directive: Directive, index: usize) -> Option<usize> {
        self.indexed.get(&(directive, index)).or_else(|| self.any.get(&directive)).copied()
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
        let place = source.location(source.text().len());
        assert_eq!((place.line, place.column, place.text.as_str()), (3, 2, "c"));
    }

    #[test]
    fn a_long_line_is_not_kept_for_each_of_its_places() {
        let source = Source::new("x", format!("# short\n{}", "A=1;".repeat(1000)));
        let (first, last) = (source.location(12), source.location(4004));
        assert_eq!((first.line, first.column, first.text.len()), (2, 5, 240));
        assert_eq!((last.line, last.column, last.text.as_str()), (2, 3997, ""));
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
        assert_eq!(source.assignments().of(Directive::Make, 1), Some(12));
        assert_eq!(source.assignments().of(Directive::Make, 0), Some(22));
        assert_eq!(source.assignments().of(Directive::Patch, 0), None);
    }
}
