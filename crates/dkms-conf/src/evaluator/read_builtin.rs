//! `read`: one line of the input, split into variables.

use super::machine::{Machine, Run};
use super::substring::is_name;

/// What separates words unless IFS says otherwise.
pub(super) const BLANKS: &str = " \t\n";

impl Machine<'_> {
    /// `read -r -a NAME`, `read NAME...`; `separators` is IFS.
    pub(super) fn read_line(&mut self, arguments: &[&str], separators: &str) -> Run<i32> {
        let mut raw = false;
        let mut array = false;
        let mut names = arguments;
        while let [first, rest @ ..] = names {
            match *first {
                "-r" => raw = true,
                "-a" => array = true,
                "-ra" => (raw, array) = (true, true),
                "--" => {
                    names = rest;
                    break;
                }
                _ => break,
            }
            names = rest;
        }
        if names.is_empty() || !names.iter().all(|name| is_name(name)) || (array && names.len() > 1) {
            return self.refuse("this use of `read`");
        }
        let Some(input) = self.input.take() else {
            return self.refuse("`read` of the standard input");
        };
        self.charge(input.len())?;
        let (line, rest, ended) = match input.split_once('\n') {
            Some((line, rest)) => (line.to_owned(), rest.to_owned(), true),
            None => (input, String::new(), false),
        };
        self.input = Some(rest);
        if line.contains('\\') && !raw {
            return self.refuse("`read` of a backslash");
        }
        if !separators.is_ascii() || separators.contains(['\\', '\u{1}', '\u{7f}']) {
            return self.refuse("an unusual IFS");
        }
        let mut line = Line { rest: &line, separators };
        line.skip_blanks();
        if array {
            self.read_array(names[0], line)?;
        } else {
            for (place, name) in names.iter().enumerate() {
                let last = place + 1 == names.len();
                let value = if last { line.remainder() } else { line.word() };
                self.set(name, 0, value.to_owned())?;
            }
        }
        Ok(i32::from(!ended))
    }

    fn read_array(&mut self, name: &str, mut line: Line<'_>) -> Run<()> {
        self.unset(name, None)?;
        let mut index = 0;
        while !line.rest.is_empty() {
            let word = line.word().to_owned();
            self.set(name, index, word)?;
            index += 1;
        }
        Ok(())
    }
}

/// What of a line has not been read yet.
struct Line<'l> {
    rest: &'l str,
    separators: &'l str,
}

impl<'l> Line<'l> {
    fn separates(&self, c: char) -> bool {
        self.separators.contains(c)
    }

    /// Blanks that separate; any number of them is one separator.
    fn is_blank(&self, c: char) -> bool {
        BLANKS.contains(c) && self.separates(c)
    }

    fn skip_blanks(&mut self) {
        let separators = self.separators;
        self.rest = self.rest.trim_start_matches(|c| BLANKS.contains(c) && separators.contains(c));
    }

    /// The next word, and what separates it from those after it.
    fn word(&mut self) -> &'l str {
        let end = self.rest.find(|c| self.separates(c)).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        self.rest = &self.rest[end..];
        self.skip_blanks();
        // Blanks around another separator belong to it.
        let other = self.rest.starts_with(|c| self.separates(c) && !self.is_blank(c));
        if other {
            self.rest = &self.rest[1..];
            self.skip_blanks();
        }
        word
    }

    /// All that is left, for the last variable: with what separates words in it, unless it is a single word.
    fn remainder(&mut self) -> &'l str {
        let all = self.rest;
        let word = self.word();
        if self.rest.is_empty() {
            return word;
        }
        let separators = self.separators;
        all.trim_end_matches(|c| BLANKS.contains(c) && separators.contains(c))
    }
}
