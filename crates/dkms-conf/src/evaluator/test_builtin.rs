//! `[ ]` with its other name `test`: up to four arguments have rules of their own, more are an expression.
//!
//! The order of the rules is that of the manual of bash and of POSIX; a word is an operator because of where it stands.

use super::machine::{Machine, Run};

impl Machine<'_> {
    /// The status of `[ ]` with these arguments.
    pub(super) fn test(&mut self, arguments: &[&str]) -> Run<bool> {
        match *arguments {
            [] => Ok(false),
            [text] => Ok(!text.is_empty()),
            [first, second] => self.test_two(first, second),
            [first, second, third] => self.test_three(first, second, third),
            ["!", first, second, third] => Ok(!self.test_three(first, second, third)?),
            ["(", first, second, ")"] => self.test_two(first, second),
            _ => {
                let mut expression = TestExpression { arguments, at: 0, machine: self };
                let value = expression.any()?;
                if expression.at < arguments.len() {
                    return self.refuse("a `[ ]` with too many arguments");
                }
                Ok(value)
            }
        }
    }

    fn test_two(&mut self, first: &str, second: &str) -> Run<bool> {
        if first == "!" { Ok(second.is_empty()) } else { self.unary_test(first, second) }
    }

    fn test_three(&mut self, first: &str, second: &str, third: &str) -> Run<bool> {
        match (first, second, third) {
            (left, operator, right) if is_binary(operator) => self.binary_test(left, operator, right),
            (left, "-a", right) => Ok(!left.is_empty() && !right.is_empty()),
            (left, "-o", right) => Ok(!left.is_empty() || !right.is_empty()),
            ("!", operator, operand) => Ok(!self.test_two(operator, operand)?),
            ("(", text, ")") => Ok(!text.is_empty()),
            _ => self.refuse("a `[ ]` without an operator"),
        }
    }

    fn binary_test(&mut self, left: &str, operator: &str, right: &str) -> Run<bool> {
        match operator {
            "=" | "==" => return Ok(left == right),
            "!=" => return Ok(left != right),
            "<" => return Ok(left < right),
            ">" => return Ok(left > right),
            _ => {}
        }
        let (Some(left), Some(right)) = (decimal(left), decimal(right)) else {
            return self.refuse(format!("`{operator}` of something that is no number"));
        };
        self.compare(left, operator, right)
    }

    /// What the operators of numbers say, here and in `[[ ]]`.
    pub(super) fn compare(&mut self, left: i64, operator: &str, right: i64) -> Run<bool> {
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

/// More arguments than have rules of their own. Nothing is left out, however clear the result is already: an operand
/// that is an error makes the whole one.
struct TestExpression<'t, 'm, 'w> {
    arguments: &'t [&'t str],
    at: usize,
    machine: &'m mut Machine<'w>,
}

impl TestExpression<'_, '_, '_> {
    /// `-o`, which binds least.
    fn any(&mut self) -> Run<bool> {
        let mut value = self.all()?;
        while self.take("-o") {
            value |= self.all()?;
        }
        Ok(value)
    }

    /// `-a`.
    fn all(&mut self) -> Run<bool> {
        let mut value = self.operand()?;
        while self.take("-a") {
            value &= self.operand()?;
        }
        Ok(value)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.arguments.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    /// One test, with the `!` in front of it.
    fn operand(&mut self) -> Run<bool> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        Ok(self.test_here()? != negated)
    }

    fn test_here(&mut self) -> Run<bool> {
        if self.take("(") {
            let (arguments, at) = (self.arguments, self.at);
            let (value, at) = self.machine.deeper(|machine| {
                let mut inner = TestExpression { arguments, at, machine };
                Ok((inner.any()?, inner.at))
            })?;
            self.at = at;
            return if self.take(")") { Ok(value) } else { self.machine.refuse("a `[ ]` with an open parenthesis") };
        }
        match self.arguments[self.at..] {
            [left, operator, right, ..] if is_binary(operator) => {
                self.at += 3;
                self.machine.binary_test(left, operator, right)
            }
            [operator, operand, ..] if is_unary(operator) => {
                self.at += 2;
                self.machine.unary_test(operator, operand)
            }
            [text, ..] => {
                self.at += 1;
                Ok(!text.is_empty())
            }
            [] => self.machine.refuse("a `[ ]` that ends too early"),
        }
    }
}

fn is_binary(operator: &str) -> bool {
    const OPERATORS: [&str; 15] =
        ["=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
    OPERATORS.contains(&operator)
}

/// The letters of the tests of one operand.
pub(super) fn is_unary(operator: &str) -> bool {
    operator.len() == 2 && operator.starts_with('-') && "abcdefghknoprstuvwxzGLNORS".contains(&operator[1..])
}

/// A number as `[ ]` reads it: decimal whatever it begins with, with a sign, with blanks around it.
fn decimal(text: &str) -> Option<i64> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']).trim_end_matches([' ', '\t']);
    text.parse().ok()
}
