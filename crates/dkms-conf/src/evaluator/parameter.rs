//! `${...}`: the value of a variable and what an operator makes of it.

use super::expansion::Piece;
use super::machine::{Machine, Run};
use super::syntax::{Operator, Parameter, Subscript, Word};
use super::variable::size;
use crate::context::PROGRAM;
use crate::pattern::Pattern;

impl Machine<'_> {
    /// All stretches that a parameter expands to.
    pub(super) fn parameter(&mut self, parameter: &Parameter, in_double: bool) -> Run<Vec<Piece>> {
        if parameter.indirect {
            return self.indirect(parameter, in_double);
        }
        let all = match (&parameter.subscript, parameter.name.as_str()) {
            (Some(Subscript::All(c)), _) => Some(*c),
            (None, "@") => Some('@'),
            (None, "*") => Some('*'),
            _ => None,
        };
        let index = match &parameter.subscript {
            Some(Subscript::Index(word)) => self.index(word)?,
            _ => 0,
        };
        let values = self.values(&parameter.name, all.is_some(), index)?;
        if let Operator::Default { colon, kind, word } = &parameter.operator {
            return self.with_default(parameter, values, all, (*colon, *kind, word), index, in_double);
        }
        if let Operator::Length = parameter.operator {
            let length = match (all, values.first()) {
                (Some(_), _) => values.len(),
                (None, Some(value)) if !value.is_ascii() => return self.refuse("the length of text that is not ASCII"),
                (None, value) => value.map_or(0, String::len),
            };
            return Ok(vec![piece(length.to_string(), in_double)]);
        }
        if let (Operator::Substring { offset, length }, true) = (&parameter.operator, all.is_some()) {
            let values = self.slice(&parameter.name, values, offset, length.as_ref())?;
            return Ok(joined(values, all, in_double));
        }
        let mut changed = Vec::new();
        for value in values {
            self.charge(value.len())?;
            changed.push(self.operate(&parameter.operator, value)?);
        }
        Ok(joined(changed, all, in_double))
    }

    /// The values that a name stands for: of all indices, or of one.
    fn values(&mut self, name: &str, all: bool, index: usize) -> Run<Vec<String>> {
        if let Ok(number) = name.parse::<usize>() {
            if number == 0 {
                return Ok(vec![PROGRAM.to_owned()]);
            }
            let argument = self.arguments.get(number - 1);
            self.charge(argument.map_or(0, String::len))?;
            return Ok(argument.cloned().into_iter().collect());
        }
        match name {
            "?" => Ok(vec![self.status.to_string()]),
            "#" => Ok(vec![self.arguments.len().to_string()]),
            "@" | "*" => self.all_arguments(),
            "$" | "!" | "-" => self.refuse(format!("`${name}`")),
            "BASH_REMATCH" => self.rematch(all, index),
            "BASH_SOURCE" if !all && index == 0 => self.running_file(),
            _ => {
                self.check_name(name)?;
                if !all {
                    let element = self.element(name, index);
                    self.charge(element.map_or(0, str::len))?;
                    return Ok(element.map(str::to_owned).into_iter().collect());
                }
                self.charge(self.variables.get(name).map_or(0, size))?;
                Ok(self.elements(name).map(|(_, element)| element.text.clone()).collect())
            }
        }
    }

    fn with_default(
        &mut self,
        parameter: &Parameter,
        values: Vec<String>,
        all: Option<char>,
        (colon, kind, word): (bool, char, &Word),
        index: usize,
        in_double: bool,
    ) -> Run<Vec<Piece>> {
        let empty = values.iter().all(String::is_empty);
        if all.is_some() && colon && empty && values.len() > 1 {
            return self.refuse("a default for an array of empty values");
        }
        let absent = values.is_empty() || (colon && empty);
        match (kind, !absent) {
            ('+', false) => Ok(joined(Vec::new(), all, in_double)),
            ('+', true) | ('-', false) => self.default_pieces(word, in_double),
            ('=', false) if all.is_none() && parameter.name.parse::<usize>().is_err() => {
                let text = self.text(word)?;
                self.set(&parameter.name, index, text.clone())?;
                Ok(vec![piece(text, in_double)])
            }
            ('-' | '=' | '?', true) => Ok(joined(values, all, in_double)),
            ('?', false) => self.refuse("`${...?}` that ends the shell"),
            _ => self.refuse("an assignment inside an expansion"),
        }
    }

    /// The word after an operator such as `:-`. Unquoted, blanks written in it separate fields too.
    fn default_pieces(&mut self, word: &Word, in_double: bool) -> Run<Vec<Piece>> {
        if in_double {
            let text = self.text(word)?;
            return Ok(vec![Piece::quoted(text)]);
        }
        let pieces = self.pieces(word)?;
        let splittable = |piece: Piece| match piece {
            Piece::Text { text, quoted: false } => Piece::Splittable(text),
            other => other,
        };
        Ok(pieces.into_iter().map(splittable).collect())
    }

    fn operate(&mut self, operator: &Operator, value: String) -> Run<String> {
        Ok(match operator {
            Operator::None | Operator::Length | Operator::Default { .. } => value,
            Operator::Substring { offset, length } => self.substring(&value, offset, length.as_ref())?,
            Operator::Trim { end, longest, pattern } => {
                let pattern = self.pattern(pattern)?;
                let rest = self.within(pattern.trim(&value, *end, *longest, self.budget))?;
                self.utf8(rest.to_vec())?
            }
            Operator::Replace { all, anchor, pattern, replacement } => {
                let pattern = self.pattern(pattern)?;
                if replacement.parts.iter().any(is_ampersand) {
                    return self.refuse("`&` in a replacement");
                }
                let replacement = self.text(replacement)?;
                if replacement.contains('&') {
                    return self.refuse("`&` in a replacement");
                }
                let replaced = pattern.replace(&value, &replacement, *all, *anchor, self.budget);
                match self.within(replaced)? {
                    Some(replaced) => self.utf8(replaced)?,
                    None => return self.refuse("a replacement that bash has no rule for"),
                }
            }
            Operator::Case { upper, all } => change_case(&value, *upper, *all),
        })
    }

    /// A word as a pattern.
    pub(super) fn pattern(&mut self, word: &Word) -> Run<Pattern> {
        let chars = self.quoted_chars(word, true)?;
        let pattern = self.within(Pattern::from_quoted(&chars, self.budget))?;
        match pattern.oddity() {
            Some(oddity) => self.refuse(oddity),
            None => Ok(pattern),
        }
    }

    /// Whether a word, as a pattern, matches a text.
    pub(super) fn is_like(&mut self, text: &str, pattern: &Word) -> Run<bool> {
        let pattern = self.pattern(pattern)?;
        self.within(pattern.matches_within(text, self.budget))
    }

    /// Bytes that were cut out of a text; a character that was cut in two is left to bash.
    fn utf8(&self, bytes: Vec<u8>) -> Run<String> {
        String::from_utf8(bytes).or_else(|_| self.refuse("a part of a character"))
    }
}

fn is_ampersand(part: &super::syntax::Part) -> bool {
    matches!(part, super::syntax::Part::Text(text) if text.contains('&'))
}

fn piece(text: String, in_double: bool) -> Piece {
    if in_double { Piece::quoted(text) } else { Piece::Splittable(text) }
}

/// `"${A[@]}"` is a field for each value, `"${A[*]}"` one with blanks between them.
pub(super) fn joined(values: Vec<String>, all: Option<char>, in_double: bool) -> Vec<Piece> {
    match (all, in_double) {
        (None, _) => vec![piece(values.into_iter().next().unwrap_or_default(), in_double)],
        (Some('*'), true) => vec![Piece::quoted(values.join(" "))],
        _ => {
            let mut pieces = Vec::new();
            for value in values {
                if !pieces.is_empty() {
                    // Unquoted, a value that is empty is no field.
                    pieces.push(if in_double { Piece::Break } else { Piece::Splittable(" ".to_owned()) });
                }
                pieces.push(piece(value, in_double));
            }
            pieces
        }
    }
}

/// Only ASCII has cases in the C locale.
fn change_case(value: &str, upper: bool, all: bool) -> String {
    let change = |c: char| if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let changed = |(place, c): (usize, char)| if all || place == 0 { change(c) } else { c };
    value.chars().enumerate().map(changed).collect()
}
