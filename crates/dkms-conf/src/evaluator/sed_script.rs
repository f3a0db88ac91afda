//! From the arguments of `sed` to its commands.

use super::basic_expression::{bracket, to_extended};
use super::expression::{Expression, Groups};

/// What is done with each line.
pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// Lines are only printed where a command says so.
    pub(super) quiet: bool,
}

/// One command, and the lines that it is for.
pub(super) struct Command {
    pub(super) address: Option<Address>,
    pub(super) action: Action,
}

pub(super) enum Address {
    /// Counted from 1.
    Line(usize),
    Last,
    Match(Expression),
}

pub(super) enum Action {
    Substitute(Substitution),
    Print,
    Delete,
    Quit,
}

/// `s/expression/replacement/flags`.
pub(super) struct Substitution {
    pub(super) expression: Expression,
    replacement: Vec<Piece>,
    pub(super) all: bool,
    pub(super) print: bool,
    /// Which match is the first to be replaced, counted from 1.
    pub(super) number: usize,
}

/// A piece of a replacement.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// What a group matched; 0 is all of it.
    Group(usize),
}

impl Substitution {
    pub(super) fn uses_groups(&self) -> bool {
        self.replacement.iter().any(|piece| matches!(piece, Piece::Group(1..)))
    }

    /// Writes what stands in place of a match.
    pub(super) fn replace(&self, line: &str, groups: &Groups, out: &mut String) {
        for piece in &self.replacement {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(number) => {
                    let group = groups.get(*number).copied().flatten();
                    out.push_str(group.map_or("", |(start, end)| &line[start..end]));
                }
            }
        }
    }
}

impl Script {
    /// The script and the files; `None` if something is not understood.
    pub(super) fn read<'a>(arguments: &[&'a str]) -> Option<(Self, Vec<&'a str>)> {
        let (mut quiet, mut extended) = (false, false);
        let mut fragments = Vec::new();
        let mut words = Vec::new();
        let mut rest = arguments.iter().copied();
        while let Some(argument) = rest.next() {
            match argument {
                "--" => words.extend(rest.by_ref()),
                "-n" | "--quiet" | "--silent" => quiet = true,
                "-E" | "-r" | "--regexp-extended" => extended = true,
                "-nE" | "-nr" | "-En" | "-rn" => (quiet, extended) = (true, true),
                "-e" => fragments.push(rest.next()?),
                "-ne" => {
                    quiet = true;
                    fragments.push(rest.next()?);
                }
                "-re" | "-Ee" => {
                    extended = true;
                    fragments.push(rest.next()?);
                }
                _ if argument.starts_with('-') => return None,
                _ => words.push(argument),
            }
        }
        let mut words = words.into_iter();
        if fragments.is_empty() {
            fragments.push(words.next()?);
        }
        let text = fragments.join("\n");
        let mut reader = Reader { rest: &text, extended };
        let mut commands = Vec::new();
        while reader.skip_to_command() {
            commands.push(reader.command()?);
        }
        Some((Self { commands, quiet }, words.collect()))
    }
}

/// What of a script has not been read yet.
struct Reader<'s> {
    rest: &'s str,
    extended: bool,
}

impl<'s> Reader<'s> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|number| *number > 0)
    }

    fn skip_to_command(&mut self) -> bool {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', ';']);
        !self.rest.is_empty()
    }

    fn command(&mut self) -> Option<Command> {
        let address = match self.rest.chars().next()? {
            '0'..='9' => Some(Address::Line(self.number()?)),
            '$' => {
                self.next();
                Some(Address::Last)
            }
            '/' => {
                self.next();
                let pattern = self.pattern('/')?;
                Some(Address::Match(self.expression(&pattern, false)?))
            }
            _ => None,
        };
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let action = match self.next()? {
            's' => Action::Substitute(self.substitution()?),
            'p' => Action::Print,
            'd' => Action::Delete,
            'q' => Action::Quit,
            _ => return None,
        };
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        (self.rest.is_empty() || self.rest.starts_with([';', '\n'])).then_some(Command { address, action })
    }

    fn substitution(&mut self) -> Option<Substitution> {
        let delimiter = self.next().filter(|c| c.is_ascii() && !matches!(c, '\\' | '\n' | ' '))?;
        let pattern = self.pattern(delimiter)?;
        let replacement = self.replacement(delimiter)?;
        let (mut all, mut print, mut ignore_case, mut number) = (false, false, false, None);
        while let Some(flag) = self.rest.chars().next() {
            match flag {
                'g' if !all => all = true,
                'p' if !print => print = true,
                'i' | 'I' => ignore_case = true,
                '1'..='9' if number.is_none() => {
                    number = Some(self.number()?);
                    continue;
                }
                _ => break,
            }
            self.next();
        }
        if all && number.is_some() {
            return None;
        }
        let expression = self.expression(&pattern, ignore_case)?;
        let groups = replacement.iter().map(|piece| if let Piece::Group(number) = piece { *number } else { 0 });
        if groups.max().unwrap_or(0) > expression.group_count() {
            return None;
        }
        Some(Substitution { expression, replacement, all, print, number: number.unwrap_or(1) })
    }

    /// The text of an expression, up to its delimiter, which is taken.
    fn pattern(&mut self, delimiter: char) -> Option<String> {
        let mut pattern = String::new();
        loop {
            match self.next()? {
                c if c == delimiter => return Some(pattern).filter(|pattern| !pattern.is_empty()),
                '\n' => return None,
                '\\' => match self.next()? {
                    // Only of such a delimiter it is certain what it means with the backslash gone.
                    c if c == delimiter => {
                        if "/,#:;@!%_~\"'&=<>-".contains(c) {
                            pattern.push(c);
                        } else {
                            return None;
                        }
                    }
                    'n' => pattern.push('\n'),
                    't' => pattern.push('\t'),
                    c => pattern.extend(['\\', c]),
                },
                '[' => {
                    let length = bracket(self.rest)?;
                    let (members, rest) = self.rest.split_at(length);
                    // In brackets, too, `\n` is a line end here, and the delimiter may end the expression.
                    if members.contains(['\n', delimiter])
                        || ["\\n", "\\t", "\\]"].iter().any(|odd| members.contains(odd))
                    {
                        return None;
                    }
                    pattern.push('[');
                    pattern.push_str(members);
                    self.rest = rest;
                }
                c => pattern.push(c),
            }
        }
    }

    fn replacement(&mut self, delimiter: char) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            let group = match self.next()? {
                c if c == delimiter => break,
                '&' => 0,
                '\n' => return None,
                '\\' => match self.next()? {
                    digit @ '0'..='9' => digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok())?,
                    'n' if delimiter != 'n' => {
                        text.push('\n');
                        continue;
                    }
                    't' if delimiter != 't' => {
                        text.push('\t');
                        continue;
                    }
                    c if c.is_ascii_punctuation() => {
                        text.push(c);
                        continue;
                    }
                    _ => return None,
                },
                c => {
                    text.push(c);
                    continue;
                }
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Group(group));
        }
        pieces.push(Piece::Text(text));
        Some(pieces)
    }

    fn expression(&self, pattern: &str, ignore_case: bool) -> Option<Expression> {
        let extended = if self.extended { pattern.to_owned() } else { to_extended(pattern)? };
        Expression::new(&extended, ignore_case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(arguments: &[&str]) -> bool {
        Script::read(arguments).is_some()
    }

    #[test]
    fn what_is_understood() {
        assert!(is_read(&["s/a/b/"]));
        assert!(is_read(&["-n", "-e", "s|^.*\\s\\([0-9]\\+\\)$|\\1|g;p", "file"]));
        assert!(is_read(&["-E", "s/(a)(b)/\\2\\1/2p; /x/d;$p;3q"]));
        let (script, files) = Script::read(&["-ne", "1p", "-e", "2p", "x"]).unwrap();
        assert_eq!((script.commands.len(), files), (2, vec!["x"]));
    }

    #[test]
    fn what_is_not() {
        for script in [
            "s/a/b",
            "s/a/b/w x",
            "y/a/b/",
            "1,2p",
            "s//x/",
            "s/a/\\U&/",
            "s/a/\\1/",
            "s|a\\|b|x|",
            "s/[\\n]/x/",
            "{p}",
            "s/a/b/2g",
            "/a/!d",
            "a x",
            "s/a/b/e",
            "s/\\(a\\)\\1/x/",
        ] {
            assert!(!is_read(&[script]), "{script}");
        }
        assert!(!is_read(&["-i", "s/a/b/", "f"]));
    }
}
