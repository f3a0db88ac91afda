//! `[[ ]]`, and the tests of one operand that it shares with `[ ]`.

use super::machine::{Machine, Run};
use super::substring::is_name;
use super::syntax::{Condition, Word};
use crate::budget::Budget;
use crate::ere::{Ere, EreError};
use crate::world::FileKind;

impl Machine<'_> {
    /// Whether a `[[ ]]` holds.
    pub(super) fn condition(&mut self, condition: &Condition) -> Run<bool> {
        match condition {
            Condition::Not(inner) => Ok(!self.condition(inner)?),
            Condition::All(terms) => self.first_that_is(terms, false).map(|found| !found),
            Condition::Any(terms) => self.first_that_is(terms, true),
            Condition::Text(word) => Ok(!self.text(word)?.is_empty()),
            Condition::Unary(operator, word) => {
                let operand = self.text(word)?;
                self.unary_test(operator, &operand)
            }
            Condition::Binary(left, operator, right) => self.binary_condition(left, operator, right),
        }
    }

    /// An expression that was understood; any other is left to bash.
    pub(super) fn expression(&self, expression: Result<Ere, EreError>, whose: &str) -> Run<Ere> {
        match expression {
            Ok(expression) => Ok(expression),
            Err(EreError::OverBudget(why)) => self.within(Err(why)),
            Err(why) => self.refuse(format!("{whose} ({why})")),
        }
    }

    /// Whether one of the conditions is true, or false; those after it are not looked at.
    fn first_that_is(&mut self, terms: &[Condition], wanted: bool) -> Run<bool> {
        for term in terms {
            self.charge(Budget::COMMAND)?;
            if self.condition(term)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn binary_condition(&mut self, left: &Word, operator: &str, right: &Word) -> Run<bool> {
        let left = self.text(left)?;
        match operator {
            "==" | "=" => self.is_like(&left, right),
            "!=" => Ok(!self.is_like(&left, right)?),
            "=~" => {
                let expression = self.quoted_chars(right, false)?;
                self.matches_expression(&left, expression)
            }
            "<" | ">" => {
                let right = self.text(right)?;
                Ok(if operator == "<" { left < right } else { left > right })
            }
            // Both sides are expressions, which they are not in `[ ]`: `010` is 8, and a name is a variable.
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let right = self.text(right)?;
                let (left, right) = (self.arithmetic(&left)?, self.arithmetic(&right)?);
                self.compare(left, operator, right)
            }
            _ => self.refuse(format!("the test `{operator}`")),
        }
    }

    /// A test of one operand.
    pub(super) fn unary_test(&mut self, operator: &str, operand: &str) -> Run<bool> {
        match operator {
            "-n" => return Ok(!operand.is_empty()),
            "-z" => return Ok(operand.is_empty()),
            "-v" if is_name(operand) => {
                self.check_name(operand)?;
                return Ok(self.element(operand, 0).is_some());
            }
            "-e" | "-a" | "-f" | "-d" | "-r" | "-x" | "-s" | "-h" | "-L" => {}
            _ => return self.refuse(format!("the test `{operator}`")),
        }
        if operand.is_empty() {
            return Ok(false);
        }
        let operand = &self.absolute(operand);
        self.charge(Budget::QUESTION)?;
        let kind = self.world.kind(operand);
        Ok(match operator {
            "-f" => kind == Some(FileKind::File),
            "-d" => kind == Some(FileKind::Directory),
            "-r" => self.world.is_readable(operand),
            "-x" => self.world.is_executable(operand),
            "-h" | "-L" => self.world.is_symlink(operand),
            "-s" if kind == Some(FileKind::File) => match self.read_file(operand)? {
                Some(content) => !content.is_empty(),
                None => return self.refuse("the test `-s` of a file that cannot be read"),
            },
            _ => kind.is_some(),
        })
    }

    /// The path from the root of one that may begin at the working directory.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}/{path}", self.world.directory().trim_end_matches('/'))
    }
}
