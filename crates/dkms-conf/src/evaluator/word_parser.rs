//! From text to words: quotes, `$`, backticks.

use std::rc::Rc;

use super::escapes::{Place, unescape};
use super::parser::{Mode, Parsed, Parser};
use super::syntax::{Operator, Parameter, Part, Subscript, Word};

/// Appends text, joining neighbours of the same sort.
fn push(parts: &mut Vec<Part>, text: &str, quoted: bool) {
    match (parts.last_mut(), quoted) {
        (Some(Part::Text(last)), false) | (Some(Part::Quoted(last)), true) => last.push_str(text),
        (_, true) => parts.push(Part::Quoted(text.to_owned())),
        (_, false) => parts.push(Part::Text(text.to_owned())),
    }
}

/// Whether bash might see braces to expand in a text.
pub(super) fn may_have_braces(text: &str) -> bool {
    let open = text.find('{').map(|open| &text[open..]);
    open.is_some_and(|rest| rest.contains('}') && (rest.contains(',') || rest.contains("..")))
}

impl Parser<'_> {
    fn next_char(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// The word at this place; `None` if there is none.
    pub(super) fn word(&mut self, mode: Mode) -> Parsed<Option<Word>> {
        let start = self.at;
        let mut parts = Vec::new();
        // Parentheses of extended patterns and of regular expressions.
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            self.charge(1)?;
            match c {
                '(' if depth > 0 || mode == Mode::Regex => depth += 1,
                ')' if depth > 0 => depth -= 1,
                '|' if depth > 0 || (mode == Mode::Regex && !self.rest().starts_with("||")) => {}
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' if depth == 0 => break,
                '\n' => return self.unsupported("a line end inside a pattern"),
                '?' | '*' | '+' | '@' | '!' if mode == Mode::Command && self.rest()[1..].starts_with('(') => {
                    push(&mut parts, &self.rest()[..2], false);
                    self.at += 2;
                    depth += 1;
                    if depth > 20 {
                        return self.unsupported("a deeply nested pattern");
                    }
                    continue;
                }
                '\\' => {
                    self.backslash(&mut parts, mode)?;
                    continue;
                }
                '\'' | '"' | '$' | '`' => {
                    self.quoting(&mut parts, false)?;
                    continue;
                }
                _ => {}
            }
            push(&mut parts, c.encode_utf8(&mut [0; 4]), false);
            self.at += c.len_utf8();
        }
        if depth > 0 {
            return self.unsupported("a syntax error (a parenthesis is not closed)");
        }
        // Braces are expanded before anything else is understood, quotes inside `${...}` included.
        let raw = &self.text[start..self.at];
        let nested = raw.contains("${") || raw.contains('`');
        let braces = nested && may_have_braces(&raw.replace("${", ""));
        Ok((self.at > start).then_some(Word { parts, braces }))
    }

    fn backslash(&mut self, parts: &mut Vec<Part>, mode: Mode) -> Parsed<()> {
        self.at += 1;
        match self.next_char() {
            Some('\n') => {}
            Some(c) if mode == Mode::Regex && c.is_ascii_alphanumeric() => {
                return self.unsupported(format!("`\\{c}` in a regular expression"));
            }
            Some(c) => push(parts, c.encode_utf8(&mut [0; 4]), true),
            None => push(parts, "\\", true),
        }
        Ok(())
    }

    /// One of `'...'`, `"..."`, `$...`, `` `...` ``, which comes next.
    fn quoting(&mut self, parts: &mut Vec<Part>, in_double: bool) -> Parsed<()> {
        self.charge(8)?;
        self.nested(|parser| parser.quoting_here(parts, in_double))
    }

    fn quoting_here(&mut self, parts: &mut Vec<Part>, in_double: bool) -> Parsed<()> {
        match self.peek() {
            Some('\'') => {
                self.at += 1;
                let Some(length) = self.rest().find('\'') else {
                    return self.unsupported("a syntax error (a quote is not closed)");
                };
                self.charge(length)?;
                parts.push(Part::Quoted(self.rest()[..length].to_owned()));
                self.at += length + 1;
            }
            Some('"') => {
                self.at += 1;
                let inner = self.double()?;
                parts.push(Part::Double(inner));
            }
            Some('`') => {
                self.at += 1;
                let text = self.backticks(in_double)?;
                parts.push(Part::Backticks(text));
            }
            _ => {
                self.at += 1;
                let part = self.dollar(in_double)?;
                match part {
                    Part::Text(text) => push(parts, &text, in_double),
                    part => parts.push(part),
                }
            }
        }
        Ok(())
    }

    /// The inside of double quotes, and the closing one.
    fn double(&mut self) -> Parsed<Vec<Part>> {
        let mut parts = Vec::new();
        loop {
            self.charge(1)?;
            match self.peek() {
                None => return self.unsupported("a syntax error (a quote is not closed)"),
                Some('"') => {
                    self.at += 1;
                    return Ok(parts);
                }
                Some('\\') => self.backslash_in_double(&mut parts, ""),
                Some('$' | '`') => self.quoting(&mut parts, true)?,
                Some(c) => {
                    push(&mut parts, c.encode_utf8(&mut [0; 4]), true);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// In double quotes a backslash is literal before most characters.
    fn backslash_in_double(&mut self, parts: &mut Vec<Part>, besides: &str) {
        self.at += 1;
        match self.peek() {
            Some('\n') => self.at += 1,
            Some(c) if "$`\"\\".contains(c) || besides.contains(c) => {
                push(parts, c.encode_utf8(&mut [0; 4]), true);
                self.at += c.len_utf8();
            }
            _ => push(parts, "\\", true),
        }
    }

    /// The text up to the closing backtick, one level of backslashes taken off.
    fn backticks(&mut self, in_double: bool) -> Parsed<String> {
        let mut text = String::new();
        loop {
            self.charge(1)?;
            match self.next_char() {
                None => return self.unsupported("a syntax error (a backtick is not closed)"),
                Some('`') => return Ok(text),
                Some('\\') => match self.next_char() {
                    Some(c) if "$`\\".contains(c) || (in_double && c == '"') => text.push(c),
                    Some(c) => text.extend(['\\', c]),
                    None => text.push('\\'),
                },
                Some(c) => text.push(c),
            }
        }
    }

    /// What stands after a `$`.
    fn dollar(&mut self, in_double: bool) -> Parsed<Part> {
        let name = self.name();
        if !name.is_empty() {
            return Ok(plain(name));
        }
        match self.peek() {
            Some('{') => {
                self.at += 1;
                self.braced(in_double)
            }
            Some('(') => {
                if self.rest().starts_with("((") {
                    let start = self.at;
                    self.at += 2;
                    if let Some(text) = self.arithmetic_text()? {
                        return Ok(Part::Arithmetic(text));
                    }
                    self.at = start;
                }
                self.at += 1;
                let list = self.list(&[")"])?;
                self.at += 1;
                Ok(Part::Commands(Rc::new(list)))
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.at += 1;
                Ok(plain(c.encode_utf8(&mut [0; 4])))
            }
            Some('\'') if !in_double => self.escaped_quotes(),
            Some('"') if !in_double => self.unsupported("`$\"...\"`"),
            Some('[') => self.unsupported("`$[...]`"),
            _ => Ok(Part::Text("$".to_owned())),
        }
    }

    /// The inside of `$(( ))`, and its end; `None` if it ends otherwise, so that it was something else.
    pub(super) fn arithmetic_text(&mut self) -> Parsed<Option<Word>> {
        self.arithmetic_until("))")
    }

    /// Arithmetic up to `end`, which is taken; `None` if something else comes first.
    pub(super) fn arithmetic_until(&mut self, end: &str) -> Parsed<Option<Word>> {
        let mut word = Word::default();
        let mut depth = 0_usize;
        loop {
            self.charge(1)?;
            match self.peek() {
                None => return Ok(None),
                Some(')' | ';') if depth == 0 && self.take(end) => return Ok(Some(word)),
                Some(')') if depth == 0 => return Ok(None),
                Some('$' | '`') => {
                    self.quoting(&mut word.parts, true)?;
                    continue;
                }
                Some('"') => {
                    self.at += 1;
                    let inner = self.double()?;
                    word.parts.extend(inner);
                    continue;
                }
                Some('\'' | '\\') => return Ok(None),
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                Some(_) => {}
            }
            if let Some(c) = self.next_char() {
                push(&mut word.parts, c.encode_utf8(&mut [0; 4]), true);
            }
        }
    }

    /// The inside of `[...]`, and the closing bracket; `None` for `@` and `*`, which no assignment has.
    pub(super) fn subscript(&mut self) -> Parsed<Option<Word>> {
        let word = self.until("]", false, true)?;
        self.at += 1;
        Ok(Some(word))
    }

    /// `${...}` after the brace.
    fn braced(&mut self, in_double: bool) -> Parsed<Part> {
        let length = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        if length {
            self.at += 1;
        }
        let named = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let indirect = !length && self.rest().strip_prefix('!').is_some_and(named) && self.take("!");
        let mut name = self.name().to_owned();
        if name.is_empty() {
            match self.peek() {
                Some(c) if c.is_ascii_digit() || (!indirect && "@*#?$-".contains(c)) => {
                    self.at += 1;
                    name.push(c);
                }
                _ => return self.skip_braced("an expansion that is no name"),
            }
        }
        let mut subscript = None;
        if self.take("[") {
            subscript = Some(if self.take("@]") {
                Subscript::All('@')
            } else if self.take("*]") {
                Subscript::All('*')
            } else {
                let word = self.until("]", false, true)?;
                self.at += 1;
                Subscript::Index(word)
            });
        }
        let operator = if length { Some(Operator::Length) } else { self.operator(in_double)? };
        match operator {
            Some(operator) if self.take("}") => {
                Ok(Part::Parameter(Box::new(Parameter { indirect, name, subscript, operator })))
            }
            _ => self.skip_braced("an expansion with an unusual operator"),
        }
    }

    /// Finds the end of `${...}` without understanding it.
    fn skip_braced(&mut self, construct: &'static str) -> Parsed<Part> {
        self.until("}", true, true)?;
        self.at += 1;
        Ok(Part::Unsupported(construct))
    }

    fn operator(&mut self, in_double: bool) -> Parsed<Option<Operator>> {
        let rest = self.rest();
        let colon = rest.starts_with(':');
        let kind = rest[usize::from(colon)..].chars().next();
        let operator = match kind {
            Some('}') if !colon => Operator::None,
            Some(kind @ ('-' | '=' | '?' | '+')) => {
                self.at += 1 + usize::from(colon);
                Operator::Default { colon, kind, word: self.until("}", in_double, false)? }
            }
            Some(kind @ ('%' | '#')) if !colon => {
                self.at += 1;
                let longest = self.take(kind.encode_utf8(&mut [0; 4]));
                Operator::Trim { end: kind == '%', longest, pattern: self.until("}", in_double, true)? }
            }
            Some('/') if !colon => {
                self.at += 1;
                let all = self.take("/");
                let anchor = if all { None } else { self.peek().filter(|c| matches!(c, '#' | '%')) };
                self.at += usize::from(anchor.is_some());
                let pattern = self.until("/}", in_double, true)?;
                let replacement = if self.take("/") { self.until("}", in_double, true)? } else { Word::default() };
                Operator::Replace { all, anchor, pattern, replacement }
            }
            Some(kind) if colon && kind != '}' => {
                self.at += 1;
                let offset = self.until(":}", in_double, true)?;
                let length = if self.take(":") { Some(self.until("}", in_double, true)?) } else { None };
                // The `:` may belong to `?`.
                let text = |part: &Part| matches!(part, Part::Text(text) if text.contains('?'));
                if offset.parts.iter().any(text) || (offset.parts.is_empty() && length.is_none()) {
                    return Ok(None);
                }
                Operator::Substring { offset, length }
            }
            Some(kind @ ('^' | ',')) if !colon => {
                self.at += 1;
                let all = self.take(kind.encode_utf8(&mut [0; 4]));
                if self.peek() != Some('}') {
                    return Ok(None);
                }
                Operator::Case { upper: kind == '^', all }
            }
            _ => return Ok(None),
        };
        Ok(Some(operator))
    }

    /// A word up to one of the characters `ends`, which is not taken. In double quotes single ones are literal, unless
    /// it is a pattern.
    fn until(&mut self, ends: &str, in_double: bool, pattern: bool) -> Parsed<Word> {
        let mut word = Word::default();
        let mut brackets = 0_usize;
        loop {
            self.charge(1)?;
            let Some(c) = self.peek() else {
                return self.unsupported("a syntax error (a brace or bracket is not closed)");
            };
            match c {
                _ if brackets == 0 && ends.contains(c) => return Ok(word),
                '[' if ends == "]" => brackets += 1,
                ']' if ends == "]" => brackets -= 1,
                '\\' if in_double && !pattern => {
                    self.backslash_in_double(&mut word.parts, "}");
                    continue;
                }
                '\\' => {
                    self.backslash(&mut word.parts, Mode::Command)?;
                    continue;
                }
                '\'' if in_double && !pattern => {
                    self.literal_quotes(&mut word.parts)?;
                    continue;
                }
                '\'' | '"' => {
                    let start = self.at;
                    self.quoting(&mut word.parts, in_double)?;
                    // Such quotes end those around the expansion: what is a backslash in them is not one in quotes.
                    if in_double && !pattern && self.text[start..self.at].contains('\\') {
                        word.parts.push(Part::Unsupported("a backslash in quotes inside a quoted expansion"));
                    }
                    continue;
                }
                '$' | '`' => {
                    self.quoting(&mut word.parts, in_double)?;
                    continue;
                }
                _ => {}
            }
            let quoted = in_double && !pattern;
            push(&mut word.parts, c.encode_utf8(&mut [0; 4]), quoted);
            self.at += c.len_utf8();
        }
    }
}

impl Parser<'_> {
    /// `$'...'` from its first quote on.
    fn escaped_quotes(&mut self) -> Parsed<Part> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.next_char() {
                Some('\'') => break,
                Some('\\') => drop(self.next_char()),
                Some(_) => {}
                None => return self.unsupported("a syntax error (a quote is not closed)"),
            }
        }
        match unescape(&self.text[start..self.at - 1], Place::Quotes) {
            Some(text) => Ok(Part::Quoted(text)),
            None => Ok(Part::Unsupported("an unusual escape in `$'...'`")),
        }
    }

    /// `'...'` inside `"${v:-...}"`: the quotes stay, but they come in pairs.
    fn literal_quotes(&mut self, parts: &mut Vec<Part>) -> Parsed<()> {
        let Some(length) = self.rest()[1..].find('\'') else {
            return self.unsupported("a syntax error (a quote is not closed)");
        };
        let text = &self.rest()[..length + 2];
        if text.contains(['$', '`', '\\', '"', '}']) {
            parts.push(Part::Unsupported("quotes inside a quoted expansion"));
        } else {
            push(parts, text, true);
        }
        self.at += length + 2;
        Ok(())
    }
}

fn plain(name: &str) -> Part {
    let name = name.to_owned();
    Part::Parameter(Box::new(Parameter { indirect: false, name, subscript: None, operator: Operator::None }))
}
