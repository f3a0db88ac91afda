//! From text to commands: one complete line of commands at a time, as bash reads it.
//!
//! It has to find the end of constructs that are never run, so it understands more than the machine does. What it
//! does not understand at all is left to bash.

use super::Unsupported;
use super::syntax::{Assignment, Command, CommandKind, Join, List, Pipeline, Statement, Word};
use crate::budget::Budget;

pub(super) type Parsed<T> = Result<T, Unsupported>;

/// Where a word stands, which decides what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Blanks and operators end it.
    Command,
    /// The right side of `=~`: parentheses and bars belong to it.
    Regex,
}

/// A place in a text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// The offset to report instead of those in this text, for text that is not the file itself.
    pub(super) fixed: Option<usize>,
    budget: &'a Budget,
}

/// Words with a meaning of their own where a command begins, and not part of any construct understood here.
const FOREIGN: [&str; 3] = ["select", "time", "coproc"];

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, fixed: Option<usize>, budget: &'a Budget) -> Self {
        Self { text, at: 0, fixed, budget }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn offset(&self) -> usize {
        self.fixed.unwrap_or(self.at)
    }

    pub(super) fn unsupported<T>(&self, construct: impl Into<String>) -> Parsed<T> {
        Err(Unsupported { construct: construct.into(), offset: self.offset(), over_budget: false })
    }

    /// Spends units of the budget for a number of characters.
    pub(super) fn charge(&self, characters: usize) -> Parsed<()> {
        let spent = self.budget.charge(characters.saturating_mul(Budget::SYNTAX));
        spent.map_err(|why| Unsupported::over(why, self.offset()))
    }

    /// Takes `token` if it comes next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn expect(&mut self, token: &str) -> Parsed<()> {
        self.blanks();
        if self.take(token) { Ok(()) } else { self.unsupported(format!("a syntax error (`{token}` is missing)")) }
    }

    /// Passes over blanks, continued lines and a comment.
    pub(super) fn blanks(&mut self) {
        loop {
            if self.take(" ") || self.take("\t") || self.take("\\\n") {
                continue;
            }
            if self.peek() == Some('#') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            }
            return;
        }
    }

    pub(super) fn lines(&mut self) {
        self.blanks();
        while self.take("\n") {
            self.blanks();
        }
    }

    /// The whole text, which has to be one assignment and nothing else.
    pub(super) fn one_assignment(&mut self) -> Parsed<Assignment> {
        let mut list = self.line()?.unwrap_or_default();
        let more = self.line()?.is_some();
        let statement = list.pop().filter(|statement| statement.rest.is_empty() && !statement.background && !more);
        let command = statement.filter(|_| list.is_empty()).and_then(|mut statement| {
            let alone = statement.first.stages.len() == 1 && !statement.first.negated;
            statement.first.stages.pop().filter(|command| alone && command.redirects.is_empty())
        });
        match command.map(|command| command.kind) {
            Some(CommandKind::Simple { mut assignments, words }) if assignments.len() == 1 && words.is_empty() => {
                Ok(assignments.remove(0))
            }
            _ => self.unsupported("more than one value"),
        }
    }

    /// The next line that has commands, as a whole; `None` at the end.
    pub(super) fn line(&mut self) -> Parsed<Option<List>> {
        let before = self.at;
        self.lines();
        self.charge(self.at - before)?;
        if self.peek().is_none() {
            return Ok(None);
        }
        let mut list = List::new();
        loop {
            let mut statement = self.statement()?;
            self.blanks();
            match self.peek() {
                Some('&') => {
                    self.at += 1;
                    statement.background = true;
                }
                Some(';') if !self.rest().starts_with(";;") => self.at += 1,
                Some('\n') | None => {}
                Some(c) => return self.unsupported(format!("a syntax error (at `{c}`)")),
            }
            list.push(statement);
            self.blanks();
            if self.peek().is_none() || self.take("\n") {
                return Ok(Some(list));
            }
        }
    }

    /// The body of a construct, up to one of the reserved words or the closing text, which is not taken.
    pub(super) fn list(&mut self, ends: &[&str]) -> Parsed<List> {
        let mut list = List::new();
        loop {
            let before = self.at;
            self.lines();
            self.charge(self.at - before)?;
            if self.peek().is_none() {
                return self.unsupported("a syntax error (the text ends too early)");
            }
            let at_end = |end: &&str| {
                if end.chars().all(char::is_alphabetic) || *end == "}" {
                    self.reserved(end)
                } else {
                    self.rest().starts_with(end)
                }
            };
            if ends.iter().any(at_end) {
                return Ok(list);
            }
            let mut statement = self.statement()?;
            self.blanks();
            if self.peek() == Some('&') {
                self.at += 1;
                statement.background = true;
            } else if self.peek() == Some(';') && !self.rest().starts_with(";;") && !self.rest().starts_with(";&") {
                self.at += 1;
            } else if !matches!(self.peek(), Some('\n' | ';' | ')' | '`') | None) {
                return self.unsupported("a syntax error");
            }
            list.push(statement);
        }
    }

    /// `word` comes next, as a word of its own.
    pub(super) fn reserved(&self, word: &str) -> bool {
        let after = self.rest().strip_prefix(word).map(|rest| rest.chars().next());
        after.is_some_and(|next| next.is_none_or(|c| " \t\n;&|()<>".contains(c)))
    }

    pub(super) fn take_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn expect_reserved(&mut self, word: &str) -> Parsed<()> {
        self.lines();
        if self.take_reserved(word) {
            Ok(())
        } else {
            self.unsupported(format!("a syntax error (`{word}` is missing)"))
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let join = if self.take("&&") {
                Join::And
            } else if self.take("||") {
                Join::Or
            } else {
                return Ok(Statement { first, rest, background: false });
            };
            self.lines();
            rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut negated = false;
        self.blanks();
        while self.take_reserved("!") {
            negated = !negated;
            self.blanks();
        }
        let mut stages = vec![self.command()?];
        loop {
            self.blanks();
            if self.rest().starts_with("||") || !self.take("|") {
                return Ok(Pipeline { negated, stages });
            }
            if self.take("&") {
                return self.unsupported("`|&`");
            }
            self.lines();
            stages.push(self.command()?);
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        self.charge(16)?;
        self.nested(Self::command_here)
    }

    /// Reads something that may hold itself. No conf nests deeply; one that does must not exhaust the stack.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let _level = self.budget.enter().map_err(|why| Unsupported::over(why, self.offset()))?;
        read(self)
    }

    fn command_here(&mut self) -> Parsed<Command> {
        self.blanks();
        let offset = self.offset();
        if let Some(word) = FOREIGN.iter().find(|word| self.reserved(word)) {
            return self.unsupported(format!("`{word}`"));
        }
        let Some(kind) = self.compound()? else {
            return self.simple(offset);
        };
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(Command { kind, redirects, offset }),
            }
        }
    }

    pub(super) fn required_word(&mut self) -> Parsed<Word> {
        match self.word(Mode::Command)? {
            Some(word) => Ok(word),
            None => self.unsupported("a syntax error (a word is missing)"),
        }
    }

    /// A name at this place, perhaps empty.
    pub(super) fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let length = if rest.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { length };
        self.at += length;
        &rest[..length]
    }
}
