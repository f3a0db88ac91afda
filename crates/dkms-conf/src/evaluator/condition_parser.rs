//! From text to the condition inside `[[ ]]`, whose operators and words are read differently from those of commands.

use super::parser::Mode;
use super::parser::{Parsed, Parser};
use super::syntax::Condition;
use super::test_builtin::is_unary;

impl Parser<'_> {
    /// The condition up to the closing brackets, which are not taken.
    pub(super) fn condition_or(&mut self) -> Parsed<Condition> {
        let mut terms = vec![self.condition_and()?];
        loop {
            self.lines();
            if !self.take("||") {
                return Ok(Condition::Any(terms));
            }
            terms.push(self.condition_and()?);
        }
    }

    fn condition_and(&mut self) -> Parsed<Condition> {
        let mut terms = vec![self.condition_one()?];
        loop {
            self.lines();
            if !self.take("&&") {
                return Ok(Condition::All(terms));
            }
            terms.push(self.condition_one()?);
        }
    }

    fn condition_one(&mut self) -> Parsed<Condition> {
        self.nested(Self::condition_one_here)
    }

    fn condition_one_here(&mut self) -> Parsed<Condition> {
        self.lines();
        if self.take_reserved("!") {
            return Ok(Condition::Not(Box::new(self.condition_one()?)));
        }
        if self.take("(") {
            let inner = self.condition_or()?;
            self.lines();
            self.expect(")")?;
            return Ok(inner);
        }
        let first = self.required_word()?;
        self.blanks();
        // Such a word is never taken for a text: `[[ -n ]]` is an error.
        if let Some(operator) = first.bare().filter(|text| is_unary(text)) {
            if self.reserved("]]") {
                return self.unsupported("a syntax error (an operand is missing)");
            }
            let operand = self.required_word()?;
            return Ok(Condition::Unary(operator.to_owned(), operand));
        }
        let operators =
            ["==", "=~", "!=", "=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
        let spaced = |operator: &&str| {
            let after = self.rest().strip_prefix(*operator);
            after.is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\\']))
        };
        let Some(operator) = operators.into_iter().find(spaced) else {
            return Ok(Condition::Text(first));
        };
        self.at += operator.len();
        self.blanks();
        let mode = if operator == "=~" { Mode::Regex } else { Mode::Command };
        match self.word(mode)? {
            Some(word) => Ok(Condition::Binary(first, operator.to_owned(), word)),
            None => self.unsupported("a syntax error (an operand is missing)"),
        }
    }
}
