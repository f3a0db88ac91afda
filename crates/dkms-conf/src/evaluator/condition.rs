//! `[[ ]]`, and `[ ]` with its other name `test`.

use super::machine::{Machine, Run};
use super::syntax::{Condition, Word};
use crate::budget::Budget;
use crate::ere;
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
            "==" | "=" => Ok(self.pattern(right)?.matches(&left)),
            "!=" => Ok(!self.pattern(right)?.matches(&left)),
            "=~" => {
                let chars = self.quoted_chars(right, false)?;
                match ere::compile_quoted(&chars) {
                    Ok(expression) => Ok(expression.is_match(&left)),
                    Err(why) => self.refuse(format!("a `=~` ({why})")),
                }
            }
            _ => {
                let right = self.text(right)?;
                self.binary_test(&left, operator, &right)
            }
        }
    }

    /// The status of `[ ]` with these arguments.
    pub(super) fn test(&mut self, arguments: &[String]) -> Run<bool> {
        match arguments {
            [] => Ok(false),
            [text] => Ok(!text.is_empty()),
            [not, text] if not == "!" => Ok(text.is_empty()),
            [operator, operand] => self.unary_test(operator, operand),
            [left, operator, right] if is_binary(operator) => self.binary_test(left, operator, right),
            [not, rest @ ..] if not == "!" => Ok(!self.test(rest)?),
            [open, text, close] if open == "(" && close == ")" => Ok(!text.is_empty()),
            _ => self.test_joined(arguments),
        }
    }

    /// More than three arguments: tests joined by `-a` and `-o`, each of two or three arguments.
    fn test_joined(&mut self, arguments: &[String]) -> Run<bool> {
        if arguments.iter().any(|argument| argument == "(" || argument == ")") {
            return self.refuse("parentheses inside `[ ]`");
        }
        // The operands of `-a` and `-o` must be found without doubt, so none of them may look like an operator.
        if let Some(at) = arguments.iter().position(|argument| argument == "-o") {
            let left = self.test_part(&arguments[..at])?;
            let right = self.test_joined_or_part(&arguments[at + 1..])?;
            return Ok(left || right);
        }
        if let Some(at) = arguments.iter().position(|argument| argument == "-a") {
            let left = self.test_part(&arguments[..at])?;
            let right = self.test_joined_or_part(&arguments[at + 1..])?;
            return Ok(left && right);
        }
        self.refuse("a `[ ]` with many arguments")
    }

    fn test_joined_or_part(&mut self, arguments: &[String]) -> Run<bool> {
        let joined = arguments.iter().any(|argument| argument == "-a" || argument == "-o");
        if joined { self.test_joined(arguments) } else { self.test_part(arguments) }
    }

    fn test_part(&mut self, arguments: &[String]) -> Run<bool> {
        let joined = arguments.iter().any(|argument| argument == "-a" || argument == "-o");
        match arguments.len() {
            _ if joined => self.test_joined(arguments),
            1..=4 => self.test(arguments),
            _ => self.refuse("a `[ ]` with many arguments"),
        }
    }

    fn unary_test(&mut self, operator: &str, operand: &str) -> Run<bool> {
        match operator {
            "-n" => return Ok(!operand.is_empty()),
            "-z" => return Ok(operand.is_empty()),
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

    fn binary_test(&mut self, left: &str, operator: &str, right: &str) -> Run<bool> {
        match operator {
            "=" | "==" => return Ok(left == right),
            "!=" => return Ok(left != right),
            "<" => return Ok(left < right),
            ">" => return Ok(left > right),
            _ => {}
        }
        let numbers = (left.trim().parse::<i64>(), right.trim().parse::<i64>());
        let (Ok(left), Ok(right)) = numbers else {
            return self.refuse(format!("`{operator}` of something that is no number"));
        };
        match operator {
            "-eq" => Ok(left == right),
            "-ne" => Ok(left != right),
            "-lt" => Ok(left < right),
            "-le" => Ok(left <= right),
            "-gt" => Ok(left > right),
            "-ge" => Ok(left >= right),
            _ => self.refuse(format!("the test `{operator}`")),
        }
    }
}

fn is_binary(operator: &str) -> bool {
    ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"].contains(&operator)
}
