//! What is wrong with a file that a person wrote, where, and what to do about it.
//!
//! A diagnostic knows the text of the line it is about, so it can be shown without the file. It prints nothing and
//! knows no colour.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file still means something.
    Warning,
    /// The file cannot be used.
    Error,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file, as it was named to the parser.
    pub path: String,
    /// Counted from 1; 0 is the file as a whole.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The text of that line, or its beginning; empty if it is not to be shown.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A lower-case fragment with the facts in it.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Where.
    pub location: Option<Location>,
}

impl Diagnostic {
    /// An error without place.
    pub fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), hint: None, location: None }
    }

    /// A warning without place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, message: message.into(), hint: None, location: None }
    }

    /// The same with a place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the file cannot be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `file:line:col: message`, then the line with a caret below it. The hint is left to the caller.
impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = visible(&self.message);
        let Some(place) = &self.location else {
            return f.write_str(&message);
        };
        if place.line == 0 {
            return write!(f, "{}: {message}", place.path);
        }
        write!(f, "{}:{}:{}: {message}", place.path, place.line, place.column)?;
        if place.text.is_empty() {
            return Ok(());
        }
        let number = place.line.to_string();
        // Tabs stay tabs below the line, so that the caret lands where the terminal puts the character.
        let lead: String = place
            .text
            .chars()
            .take(place.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let blank = " ".repeat(number.len());
        write!(f, "\n  {number} | {}\n  {blank} | {lead}^", visible(place.text.trim_end()))
    }
}

/// The findings without most of those that are alike: a file can be wrong in as many places as it has lines. At least
/// one error stays if there is one.
pub(crate) fn shortened(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = diagnostics.len().saturating_sub(SHOWN);
    if more < 2 {
        return diagnostics;
    }
    if let Some(error) = diagnostics.iter().position(Diagnostic::is_error).filter(|error| *error >= SHOWN) {
        diagnostics.swap(SHOWN - 1, error);
    }
    diagnostics.truncate(SHOWN);
    diagnostics.push(Diagnostic::warning(format!("{more} more problems are not shown")));
    diagnostics
}

/// How many findings are worth reading.
const SHOWN: usize = 20;

/// What a terminal would obey becomes a character that it shows.
fn visible(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\t' | '\n');
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// A file, or a sequence of files, that cannot be used. At least one of the findings is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejected {
    /// Everything that was found, warnings included, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Rejected {
    /// The first error: what made the files unusable.
    #[must_use]
    pub fn first_error(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|diagnostic| diagnostic.is_error())
    }

    /// The advice of the first error.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.first_error()?.hint.as_deref()
    }
}

impl From<Diagnostic> for Rejected {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

/// All errors, one below the other.
impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, error) in self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let location = Location { path: "/x".into(), line: 1, column: 1, text: "A=\u{1b}[31m\u{7}".into() };
        let shown = Diagnostic::error("bad `\u{1b}`").at(Some(location)).to_string();
        assert_eq!(shown, "/x:1:1: bad `\u{fffd}`\n  1 | A=\u{fffd}[31m\u{fffd}\n    | ^");
    }

    #[test]
    fn caret_stands_below_the_column() {
        let location = Location { path: "/x/dkms.conf".into(), line: 12, column: 3, text: "\tMAKE=1".into() };
        let shown = Diagnostic::error("no").at(Some(location)).to_string();
        assert_eq!(shown, "/x/dkms.conf:12:3: no\n  12 | \tMAKE=1\n     | \t ^");
    }
}
