//! `${v:offset:length}`, and `${!v}` and `${!A[@]}`, which look at a variable by way of another.

use super::expansion::Piece;
use super::machine::{Machine, Run};
use super::parameter::joined;
use super::syntax::{Operator, Parameter, Part, Subscript, Word};

impl Machine<'_> {
    /// The value of an arithmetic expression that is part of something else. Double quotes in it mean nothing; others
    /// are an error.
    pub(super) fn arithmetic_of(&mut self, word: &Word) -> Run<i64> {
        let text = self.text(word)?;
        self.arithmetic(&text)
    }

    fn bound(&mut self, word: &Word) -> Run<i64> {
        if word.parts.iter().any(|part| matches!(part, Part::Quoted(_))) {
            return self.refuse("an offset in single quotes");
        }
        self.arithmetic_of(word)
    }

    /// A stretch of one text. A negative offset counts from the end, a negative length is a place before the end.
    pub(super) fn substring(&mut self, value: &str, offset: &Word, length: Option<&Word>) -> Run<String> {
        if !value.is_ascii() {
            return self.refuse("a substring of text that is not ASCII");
        }
        let size = size_of_text(value);
        let start = self.bound(offset)?;
        let start = if start < 0 { start.saturating_add(size) } else { start };
        let end = match length {
            Some(length) => {
                let length = self.bound(length)?;
                if length < 0 { length.saturating_add(size) } else { start.saturating_add(length) }
            }
            None => size,
        };
        if !(0..=size).contains(&start) {
            return Ok(String::new());
        }
        if end < start {
            return self.refuse("a substring that ends before it begins");
        }
        let place = |place: i64| usize::try_from(place.min(size)).unwrap_or(0);
        Ok(value[place(start)..place(end)].to_owned())
    }

    /// A stretch of the elements of an array, by index, or of the arguments of a function.
    pub(super) fn slice(
        &mut self,
        name: &str,
        values: Vec<String>,
        offset: &Word,
        length: Option<&Word>,
    ) -> Run<Vec<String>> {
        let arguments = matches!(name, "@" | "*");
        let indices: Vec<i64> = if arguments {
            (1..).take(values.len()).collect()
        } else {
            self.elements(name).map(|(index, _)| i64::try_from(index).unwrap_or(i64::MAX)).collect()
        };
        // bash takes a stretch of the text then, unless it is an array; here both look alike.
        if !arguments && indices == [0] {
            return self.refuse("a stretch of an array that may be a plain variable");
        }
        let size = indices.last().map_or(i64::from(arguments), |last| last.saturating_add(1));
        let start = self.bound(offset)?;
        let start = if start < 0 { start.saturating_add(size) } else { start };
        if arguments && start == 0 {
            return self.refuse("`$0`");
        }
        let count = match length {
            Some(length) => match usize::try_from(self.bound(length)?) {
                Ok(length) => length,
                Err(_) => return self.refuse("a negative number of elements"),
            },
            None => usize::MAX,
        };
        if start < 0 {
            return Ok(Vec::new());
        }
        let wanted = indices.into_iter().zip(values).filter(|(index, _)| *index >= start);
        Ok(wanted.take(count).map(|(_, value)| value).collect())
    }

    /// `${!A[@]}` are the indices of an array; any other `${!v}` is what the variable stands for whose name is in `v`.
    pub(super) fn indirect(&mut self, parameter: &Parameter, in_double: bool) -> Run<Vec<Piece>> {
        if let Some(Subscript::All(c)) = parameter.subscript {
            if !matches!(parameter.operator, Operator::None) {
                return self.refuse("an operator on the indices of an array");
            }
            self.check_name(&parameter.name)?;
            let indices = self.elements(&parameter.name).map(|(index, _)| index.to_string()).collect();
            return Ok(joined(indices, Some(c), in_double));
        }
        let direct = Parameter { indirect: false, operator: Operator::None, ..parameter.clone() };
        let name: String = self.parameter(&direct, true)?.into_iter().map(Piece::into_text).collect();
        let (name, subscript) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            None => (name.as_str(), None),
            Some((name, "@")) => (name, Some(Subscript::All('@'))),
            Some((name, "*")) => (name, Some(Subscript::All('*'))),
            Some((name, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                let word = Word { parts: vec![Part::Text(index.to_owned())], ..Word::default() };
                (name, Some(Subscript::Index(word)))
            }
            Some(_) => return self.refuse("an indirect expansion of an element"),
        };
        let positional = subscript.is_none() && name.parse::<usize>().is_ok_and(|number| number > 0);
        if !positional && !is_name(name) {
            return self.refuse("an indirect expansion of something that is no name");
        }
        if matches!(parameter.operator, Operator::Default { kind: '=' | '?', .. }) {
            return self.refuse("an indirect expansion with a default that stays");
        }
        let target =
            Parameter { name: name.to_owned(), subscript, operator: parameter.operator.clone(), indirect: false };
        self.parameter(&target, in_double)
    }
}

/// A variable without subscript.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn size_of_text(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}
