//! From text to simple commands: assignments, words, redirections.

use super::parser::Mode;
use super::parser::{Parsed, Parser};
use super::syntax::{AssignedValue, Assignment, Command, CommandKind, Item, Redirect, Word};

impl Parser<'_> {
    /// A command that is no compound one, or the definition of a function.
    pub(super) fn simple(&mut self, offset: usize) -> Parsed<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.is_empty() {
                if let Some(assignment) = self.assignment()? {
                    assignments.push(assignment);
                    continue;
                }
            }
            if words.len() == 1 && assignments.is_empty() && self.peek() == Some('(') {
                self.at += 1;
                self.expect(")")?;
                let Some(name) = words[0].bare().map(str::to_owned) else {
                    return self.unsupported("a function whose name is quoted");
                };
                let kind = self.function(name)?;
                return Ok(Command { kind, redirects, offset });
            }
            match self.word(Mode::Command)? {
                Some(word) => words.push(word),
                None if words.is_empty() && assignments.is_empty() && redirects.is_empty() => {
                    return self.unsupported("a syntax error (a command is missing)");
                }
                None => {
                    let kind = CommandKind::Simple { assignments, words };
                    return Ok(Command { kind, redirects, offset });
                }
            }
        }
    }

    /// `NAME=`, `NAME+=`, `NAME[...]=`; nothing is taken if it is something else.
    fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        let start = self.at;
        let offset = self.offset();
        let name = self.name().to_owned();
        let mut subscript = None;
        if !name.is_empty() && self.take("[") {
            subscript = self.subscript()?;
        }
        let append = self.take("+=");
        let is_assignment = append || self.take("=");
        if name.is_empty() || !is_assignment {
            self.at = start;
            return Ok(None);
        }
        let value = if self.take("(") {
            AssignedValue::Array(self.array()?)
        } else {
            let empty = Word::default();
            AssignedValue::Word(self.word(Mode::Command)?.unwrap_or(empty))
        };
        Ok(Some(Assignment { name, subscript, append, value, offset }))
    }

    fn array(&mut self) -> Parsed<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            self.lines();
            if self.take(")") {
                break;
            }
            let start = self.at;
            if self.take("[") {
                let subscript = self.subscript()?;
                let append = self.take("+=");
                if append || self.take("=") {
                    let value = self.word(Mode::Command)?.unwrap_or_default();
                    items.push(Item { subscript, append, value });
                    continue;
                }
                self.at = start;
            }
            items.push(Item { subscript: None, append: false, value: self.required_word()? });
        }
        // `A=(a b)x`, or a carriage return after it: bash takes the whole for a text.
        match self.peek() {
            Some(c) if !" \t\n;&|)".contains(c) => self.unsupported("text right after an array"),
            _ => Ok(items),
        }
    }

    /// A redirection at this place; nothing is taken if it is something else.
    pub(super) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let descriptor = self.rest()[..digits].parse().ok();
        self.at += digits;
        let operators = ["&>>", "&>", "<<<", "<<", "<>", "<&", "<(", "<", ">>", ">&", ">|", ">(", ">"];
        let found = operators.into_iter().find(|operator| self.rest().starts_with(operator));
        let Some(operator) = found.filter(|operator| digits == 0 || !operator.starts_with('&')) else {
            self.at = start;
            return Ok(None);
        };
        match operator {
            "<<" => return self.unsupported("a here-document"),
            "<(" | ">(" => return self.unsupported("a process substitution"),
            _ => {}
        }
        self.at += operator.len();
        self.blanks();
        let target = self.required_word()?;
        Ok(Some(Redirect { descriptor, operator: operator.to_owned(), target }))
    }
}
