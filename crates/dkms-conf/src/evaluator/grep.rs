//! `grep`: the lines of a text that match, or what of them does.

use std::fmt::Write as _;

use super::basic_expression::to_extended;
use super::expression::{Expression, Found};
use super::machine::{Machine, Run};

/// A call of `grep`.
#[derive(Default)]
struct Call<'a> {
    patterns: Vec<&'a str>,
    files: Vec<&'a str>,
    dialect: Dialect,
    quiet: bool,
    ignore_case: bool,
    whole_words: bool,
    whole_lines: bool,
    inverted: bool,
    counts: bool,
    only_matching: bool,
    numbers: bool,
    no_names: bool,
    most: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Dialect {
    #[default]
    Basic,
    Extended,
    Fixed,
}

impl<'a> Call<'a> {
    /// Reads the arguments as GNU's tools do: options may stand anywhere before `--`.
    fn read(arguments: &[&'a str]) -> Option<Self> {
        let mut call = Self::default();
        let mut words = Vec::new();
        let mut rest = arguments.iter().copied();
        while let Some(argument) = rest.next() {
            match argument {
                "--" => words.extend(rest.by_ref()),
                "-" => return None,
                "--quiet" | "--silent" => call.quiet = true,
                "--no-messages" | "--color=never" => {}
                _ if argument.starts_with("--") => return None,
                _ => match argument.strip_prefix('-') {
                    Some(letters) => call.letters(letters, &mut rest)?,
                    None => words.push(argument),
                },
            }
        }
        let mut words = words.into_iter();
        if call.patterns.is_empty() {
            call.patterns.push(words.next()?);
        }
        call.files = words.collect();
        Some(call)
    }

    fn letters(&mut self, letters: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        for (at, letter) in letters.char_indices() {
            match letter {
                'q' => self.quiet = true,
                's' | 'a' => {}
                'E' => self.dialect = Dialect::Extended,
                'F' => self.dialect = Dialect::Fixed,
                'G' => self.dialect = Dialect::Basic,
                'i' | 'y' => self.ignore_case = true,
                'w' => self.whole_words = true,
                'x' => self.whole_lines = true,
                'v' => self.inverted = true,
                'c' => self.counts = true,
                'o' => self.only_matching = true,
                'n' => self.numbers = true,
                'h' => self.no_names = true,
                'e' | 'm' => {
                    let own = &letters[at + 1..];
                    let value = if own.is_empty() { rest.next()? } else { own };
                    if letter == 'e' {
                        self.patterns.push(value);
                    } else {
                        self.most = Some(value.parse().ok()?);
                    }
                    return Some(());
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// The one expression that matches what any of the patterns matches.
    fn expression(&self) -> Option<Expression> {
        let mut choices = Vec::new();
        for pattern in self.patterns.iter().flat_map(|pattern| pattern.split('\n')) {
            choices.push(match self.dialect {
                Dialect::Basic => to_extended(pattern)?,
                Dialect::Extended => pattern.to_owned(),
                Dialect::Fixed => literal(pattern),
            });
        }
        // An empty pattern matches everything, but not as a word, and not as a part of the line.
        if choices.iter().any(String::is_empty) && (choices.len() > 1 || self.whole_words || self.only_matching) {
            return None;
        }
        let several = choices.len() > 1;
        let mut text = choices.join("|");
        if several || self.whole_lines || self.whole_words {
            text = format!("({text})");
        }
        if self.whole_lines {
            text = format!("^{text}$");
        } else if self.whole_words {
            text = format!("(^|[^_[:alnum:]]){text}([^_[:alnum:]]|$)");
        }
        if text.is_empty() { Expression::new("()", false) } else { Expression::new(&text, self.ignore_case) }
    }

    /// Combinations that are asked for rarely and mean something of their own.
    fn is_unusual(&self) -> bool {
        (self.only_matching && (self.whole_words || self.inverted || self.counts)) || self.most == Some(0)
    }
}

/// An extended expression for exactly this text.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if ".[]\\()*+?{}|^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Machine<'_> {
    pub(super) fn grep(&mut self, arguments: &[&str]) -> Run<i32> {
        let Some(call) = Call::read(arguments).filter(|call| !call.is_unusual()) else {
            return self.refuse("this use of `grep`");
        };
        let Some(expression) = call.expression() else {
            return self.refuse(format!("the expression `{}` of `grep`", call.patterns.join("\n")));
        };
        let names = call.files.len() > 1 && !call.no_names;
        let mut texts = Vec::new();
        for file in &call.files {
            texts.push((if names { format!("{file}:") } else { String::new() }, self.content(file)?));
        }
        if call.files.is_empty() {
            texts.push((String::new(), Some(self.whole_input("grep")?)));
        }
        if call.files.is_empty() && (call.quiet || call.most.is_some()) {
            // How much of the input is read is not known.
            self.input = None;
        }
        let mut status = 1;
        for (name, text) in texts {
            let Some(text) = text else {
                // The complaint about a missing file counts more than what is found in others, unless nothing is shown.
                if call.files.len() > 1 {
                    return self.refuse("`grep` of several files, one of which is missing");
                }
                return Ok(2);
            };
            self.charge(expression.cost(text.len()))?;
            let found = self.grep_text(&call, &expression, &name, &text)?;
            if found {
                status = 0;
                if call.quiet {
                    break;
                }
            }
        }
        Ok(status)
    }

    /// Whether something was found.
    fn grep_text(&mut self, call: &Call<'_>, expression: &Expression, name: &str, text: &str) -> Run<bool> {
        let mut out = String::new();
        let mut count = 0;
        for (number, line) in text.split_terminator('\n').enumerate() {
            if call.most.is_some_and(|most| count >= most) {
                break;
            }
            if expression.is_match(line) == call.inverted {
                continue;
            }
            count += 1;
            if call.quiet {
                return Ok(true);
            }
            if call.counts {
                continue;
            }
            let number = if call.numbers { format!("{}:", number + 1) } else { String::new() };
            if call.only_matching {
                let Some(matches) = all_matches(expression, line) else {
                    return self.refuse("`grep -o` where it is not certain how much matches");
                };
                for found in matches {
                    let _ = writeln!(out, "{name}{number}{found}");
                }
            } else {
                let _ = writeln!(out, "{name}{number}{line}");
            }
        }
        if call.counts {
            let _ = writeln!(out, "{name}{count}");
        }
        self.write(&out)?;
        Ok(count > 0)
    }
}

/// What of the line matches; `None` if that is not certain.
fn all_matches<'l>(expression: &Expression, line: &'l str) -> Option<Vec<&'l str>> {
    let mut matches = Vec::new();
    let mut from = 0;
    while from < line.len() {
        match expression.find(line, from, false) {
            Found::Nothing => break,
            Found::Unsure => return None,
            Found::Match(groups) => {
                let (start, end) = (*groups.first()?)?;
                if end > start {
                    matches.push(&line[start..end]);
                }
                from = end.max(start + 1);
            }
        }
    }
    Some(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(arguments: &[&str], line: &str) -> Option<bool> {
        Some(Call::read(arguments)?.expression()?.is_match(line))
    }

    #[test]
    fn words_lines_and_case() {
        assert_eq!(matches(&["-w", "foo"], "a foo-b"), Some(true));
        assert_eq!(matches(&["-w", "foo"], "a foo_b"), Some(false));
        assert_eq!(matches(&["-x", "a\\|b"], "b"), Some(true));
        assert_eq!(matches(&["-x", "a\\|b"], "ab"), Some(false));
        assert_eq!(matches(&["-iF", "A.b"], "xa.Bx"), Some(true));
        assert_eq!(matches(&["-e", "x", "-e", "y", "file"], "y"), Some(true));
        assert_eq!(matches(&["-E", "x|y", "-q"], "y"), Some(true));
        assert_eq!(matches(&["--", "-q"], "-q"), Some(true));
        assert_eq!(matches(&[""], "anything"), Some(true));
    }

    #[test]
    fn what_is_not_understood() {
        for arguments in [&["-P", "a"][..], &["-r", "a"], &["--include=x", "a"], &["-w", ""], &["\\(a\\)\\1"], &[]] {
            assert!(matches(arguments, "a").is_none(), "{arguments:?}");
        }
    }
}
