//! From a word to text: as one value, as the fields of a command, as a pattern.

use super::machine::{Machine, Run};
use super::syntax::{Command, List, Part, Subscript, Word};
use super::word_parser::may_have_braces;
use crate::budget::Budget;

/// The directory of a user.
pub(super) const HOME: &str = "a `~` that stands for a directory";

/// A stretch of an expanded word.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Text that was written or quoted: blanks in it are part of the word.
    Text { text: String, quoted: bool },
    /// The unquoted result of an expansion: blanks in it separate fields.
    Splittable(String),
    /// `"${A[@]}"`: here one field ends and the next begins.
    Break,
}

impl Piece {
    pub(super) fn quoted(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), quoted: true }
    }

    /// The text, however it is quoted.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text { text, .. } | Self::Splittable(text) => text,
            Self::Break => " ".to_owned(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text { text, .. } | Self::Splittable(text) => text.is_empty(),
            Self::Break => false,
        }
    }

    /// What it costs to copy.
    fn size(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Splittable(text) => 16 + text.len(),
            Self::Break => 16,
        }
    }
}

/// A list of values in quotes, with something else in the same word.
fn mentions_all(word: &Word) -> bool {
    let is_all = |part: &Part| match part {
        Part::Parameter(parameter) => matches!(parameter.subscript, Some(Subscript::All('@'))) || parameter.name == "@",
        _ => false,
    };
    word.parts.iter().any(|part| match part {
        Part::Double(inner) => inner.iter().any(is_all) && (inner.len() > 1 || word.parts.len() > 1),
        _ => false,
    })
}

impl Machine<'_> {
    /// All stretches of a word.
    pub(super) fn pieces(&mut self, word: &Word) -> Run<Vec<Piece>> {
        if matches!(word.parts.first(), Some(Part::Text(text)) if text.starts_with('~')) {
            return self.refuse(HOME);
        }
        let _level = self.within(self.budget.enter())?;
        let mut pieces = Vec::new();
        for part in &word.parts {
            self.part(part, false, &mut pieces)?;
        }
        Ok(pieces)
    }

    fn part(&mut self, part: &Part, in_double: bool, pieces: &mut Vec<Piece>) -> Run<()> {
        let text = match part {
            Part::Text(text) => {
                self.charge(text.len())?;
                pieces.push(Piece::Text { text: text.clone(), quoted: in_double });
                return Ok(());
            }
            Part::Quoted(text) => {
                self.charge(text.len())?;
                pieces.push(Piece::quoted(text.clone()));
                return Ok(());
            }
            Part::Double(parts) => {
                let start = pieces.len();
                for part in parts {
                    self.part(part, true, pieces)?;
                }
                // `""` is a field, but `"${A[@]}"` without elements is none.
                if pieces.len() == start && !parts.iter().any(|part| matches!(part, Part::Parameter(_))) {
                    pieces.push(Piece::quoted(""));
                }
                return Ok(());
            }
            Part::Parameter(parameter) => {
                let expanded = self.parameter(parameter, in_double)?;
                pieces.extend(expanded);
                return Ok(());
            }
            Part::Arithmetic(word) => {
                let text = self.text(word)?;
                self.arithmetic(&text)?.to_string()
            }
            Part::Commands(list) => {
                let list = std::rc::Rc::clone(list);
                self.substitution(|machine| machine.run_substituted(&list))?
            }
            Part::Backticks(text) => {
                let place = Some(self.offset);
                self.substitution(|machine| machine.run_text(text, place))?
            }
            Part::Unsupported(construct) => return self.refuse(*construct),
        };
        pieces.push(if in_double { Piece::quoted(text) } else { Piece::Splittable(text) });
        Ok(())
    }

    /// `$(<FILE)` stands for the content of the file; any other list is run.
    fn run_substituted(&mut self, list: &List) -> Run<()> {
        let alone = match list.as_slice() {
            [statement] if statement.rest.is_empty() && !statement.background && !statement.first.negated => {
                statement.first.stages.as_slice()
            }
            _ => &[],
        };
        let Some(file) = alone.first().filter(|_| alone.len() == 1).and_then(Command::bare_input) else {
            return self.run_list(list);
        };
        let path = self.text(file)?;
        let content = self.content(&path)?;
        self.status = i32::from(content.is_none());
        self.write(&content.unwrap_or_default())
    }

    fn substitution(&mut self, body: impl FnOnce(&mut Self) -> Run<()>) -> Run<String> {
        let offset = self.offset;
        let mut text = self.captured(body)?;
        self.offset = offset;
        self.substituted = Some(self.status);
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    /// The word as one text.
    pub(super) fn text(&mut self, word: &Word) -> Run<String> {
        let pieces = self.pieces(word)?;
        self.charge(pieces.iter().map(Piece::size).sum())?;
        Ok(pieces.into_iter().map(Piece::into_text).collect())
    }

    /// The word as the value of an assignment.
    pub(super) fn assigned_text(&mut self, word: &Word) -> Run<String> {
        let mut after_colon = true;
        for part in &word.parts {
            if let Part::Text(text) = part {
                if (after_colon && text.starts_with('~')) || text.contains(":~") {
                    return self.refuse(HOME);
                }
                after_colon = text.ends_with(':');
            } else {
                after_colon = false;
            }
        }
        self.text(word)
    }

    /// The word as characters that are literal (`true`) or not. With `escapes`, a backslash that came out of an
    /// expansion quotes the next character, as it does in patterns.
    pub(super) fn quoted_chars(&mut self, word: &Word, escapes: bool) -> Run<Vec<(char, bool)>> {
        let mut chars = Vec::new();
        for piece in self.pieces(word)? {
            self.charge(piece.size().saturating_mul(size_of::<(char, bool)>()))?;
            match piece {
                Piece::Text { text, quoted } => chars.extend(text.chars().map(|c| (c, quoted))),
                Piece::Break => chars.push((' ', true)),
                Piece::Splittable(text) => {
                    let mut text = text.chars();
                    while let Some(c) = text.next() {
                        match c {
                            '\\' if escapes => {
                                chars.extend(text.next().map(|next| (next, true)).or(Some(('\\', true))))
                            }
                            _ => chars.push((c, false)),
                        }
                    }
                }
            }
        }
        Ok(chars)
    }

    /// The fields of a command or an array: split at blanks. What would become file names or several words by braces
    /// is refused.
    pub(super) fn fields(&mut self, words: &[Word]) -> Run<Vec<String>> {
        let mut fields = Vec::new();
        for word in words {
            self.check_braces(word)?;
            let pieces = self.pieces(word)?;
            // `"${A[@]}$b"` with nothing in either is no field in bash, though `"$b"` is one.
            if mentions_all(word) && pieces.iter().all(Piece::is_empty) {
                return self.refuse("an empty array beside other text");
            }
            let mut field = Field::default();
            for piece in pieces {
                self.charge(piece.size())?;
                match piece {
                    Piece::Text { text, quoted } => field.push(&text, quoted),
                    Piece::Splittable(text) => self.split(&text, &mut field, &mut fields)?,
                    Piece::Break => {
                        field.exists = true;
                        self.finish(&mut field, &mut fields)?;
                        field.exists = true;
                    }
                }
            }
            self.finish(&mut field, &mut fields)?;
        }
        Ok(fields)
    }

    fn split(&self, text: &str, field: &mut Field, fields: &mut Vec<String>) -> Run<()> {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n');
        let mut rest = text;
        while let Some(place) = rest.find(blank) {
            field.push_unquoted(&rest[..place]);
            self.finish(field, fields)?;
            rest = rest[place..].trim_start_matches(blank);
        }
        field.push_unquoted(rest);
        Ok(())
    }

    fn finish(&self, field: &mut Field, fields: &mut Vec<String>) -> Run<()> {
        let field = std::mem::take(field);
        if field.is_glob() {
            return self.refuse(format!("the file name pattern `{}`", field.text));
        }
        if field.exists {
            self.charge(Budget::ELEMENT)?;
            fields.push(field.text);
        }
        Ok(())
    }

    /// Refuses a word that bash would make several words of because of braces.
    pub(super) fn check_braces(&self, word: &Word) -> Run<()> {
        let unquoted: String =
            word.parts.iter().map(|part| if let Part::Text(text) = part { text.as_str() } else { "\u{1}" }).collect();
        if word.braces || may_have_braces(&unquoted) {
            return self.refuse("a brace expansion");
        }
        Ok(())
    }
}

/// A field that is being put together.
#[derive(Default)]
struct Field {
    text: String,
    /// What of it could be a pattern for file names.
    unquoted: String,
    exists: bool,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        self.text.push_str(text);
        self.exists = true;
        if !quoted {
            self.unquoted.push_str(text);
        }
    }

    fn push_unquoted(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(text, false);
        }
    }

    fn is_glob(&self) -> bool {
        let text = &self.unquoted;
        let class = text.find('[').is_some_and(|open| text[open..].contains(']'));
        class || text.contains(['*', '?', '\\']) || ["@(", "+(", "!("].iter().any(|group| text.contains(group))
    }
}
