//! Words of GRUB's scripts, and what separates them.
//!
//! Source: GRUB's `grub-core/script/yylex.l`.

/// What a script is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// A line's end, or `;`.
    Separator,
    Open,
    Close,
}

/// A word, not yet expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// There are quotes in it: it is a word even if it is empty.
    pub(super) quoted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// The value of a variable; unquoted it falls apart at blanks.
    Variable {
        name: String,
        quoted: bool,
    },
}

impl Word {
    /// Its text if it is nothing but text without quotes: only such a word can be a keyword.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    /// The variable's name, in `NAME=VALUE`.
    pub(super) fn assigned(&self) -> Option<&str> {
        let Some(Part::Text(text)) = self.parts.first() else { return None };
        let (name, _) = text.split_once('=')?;
        let is_name = name.bytes().all(is_of_name) && !name.starts_with(|letter: char| letter.is_ascii_digit());
        (is_name && !name.is_empty()).then_some(name)
    }

    fn text(&mut self, letter: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(letter),
            _ => self.parts.push(Part::Text(letter.into())),
        }
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Reads tokens one by one.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn letter(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = &self.rest[letter.len_utf8()..];
        Some(letter)
    }

    /// After a `$`.
    fn variable(&mut self, word: &mut Word, quoted: bool) {
        let braced = self.rest.starts_with('{');
        let after = &self.rest[usize::from(braced)..];
        let special = after.starts_with(['?', '#', '*', '@']);
        let length = if special { 1 } else { after.bytes().take_while(|&byte| is_of_name(byte)).count() };
        let (name, behind) = after.split_at(length);
        let behind = if braced { behind.strip_prefix('}') } else { Some(behind) };
        match behind.filter(|_| length > 0) {
            Some(behind) => {
                word.parts.push(Part::Variable { name: name.to_owned(), quoted });
                self.rest = behind;
            }
            None => word.text('$'),
        }
    }

    /// Up to the closing quotation mark.
    fn quoted(&mut self, word: &mut Word, mark: char) {
        word.quoted = true;
        while let Some(letter) = self.letter() {
            match letter {
                letter if letter == mark => return,
                '$' if mark == '"' => self.variable(word, true),
                '\\' if mark == '"' && self.rest.starts_with(['$', '\\', '"', '\n']) => {
                    let escaped = self.letter().filter(|&letter| letter != '\n');
                    escaped.into_iter().for_each(|letter| word.text(letter));
                }
                letter => word.text(letter),
            }
        }
    }

    fn word(&mut self) -> Word {
        let mut word = Word::default();
        while !self.rest.is_empty() && !self.rest.starts_with([' ', '\t', '\r', '\n', ';', '{', '}']) {
            match self.letter() {
                Some(mark @ ('\'' | '"')) => self.quoted(&mut word, mark),
                Some('$') => self.variable(&mut word, false),
                Some('\\') => {
                    let escaped = self.letter().filter(|&letter| letter != '\n');
                    escaped.into_iter().for_each(|letter| word.text(letter));
                }
                letter => letter.into_iter().for_each(|letter| word.text(letter)),
            }
        }
        word
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            if let Some(after) = self.rest.strip_prefix("\\\n") {
                self.rest = after;
            } else if self.rest.starts_with('#') {
                self.rest = self.rest.find('\n').map_or("", |at| &self.rest[at..]);
            } else {
                break;
            }
        }
        let single = match self.rest.chars().next()? {
            '\n' | ';' => Token::Separator,
            '{' => Token::Open,
            '}' => Token::Close,
            _ => return Some(Token::Word(self.word())),
        };
        self.rest = &self.rest[1..];
        Some(single)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_and_variables() {
        let text = "set a=\"x ${b}\\\"\" # comment\nmenuentry 'It'\\''s $no' $id_option\t'id'{\\\n x$1\n}";
        let tokens: Vec<Token> = Tokens::of(text).collect();
        let text = |text: &str| Part::Text(text.into());
        let variable = |name: &str, quoted| Part::Variable { name: name.into(), quoted };
        let word = |parts: Vec<Part>, quoted| Token::Word(Word { parts, quoted });
        assert_eq!(
            tokens,
            [
                word(vec![text("set")], false),
                word(vec![text("a=x "), variable("b", true), text("\"")], true),
                Token::Separator,
                word(vec![text("menuentry")], false),
                word(vec![text("It's $no")], true),
                word(vec![variable("id_option", false)], false),
                word(vec![text("id")], true),
                Token::Open,
                word(vec![text("x"), variable("1", false)], false),
                Token::Separator,
                Token::Close,
            ]
        );
        assert_eq!(Word { parts: vec![text("a=x "), variable("b", true)], quoted: true }.assigned(), Some("a"));
    }

    #[test]
    fn the_end_may_come_at_any_place() {
        let text = "a \"b ${c}\" 'd' $e \\\n{ ü; }";
        for length in (0..text.len()).filter(|&length| text.is_char_boundary(length)) {
            assert!(Tokens::of(&text[..length]).count() <= 12);
        }
    }
}
