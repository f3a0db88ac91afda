//! `$(( ))`, `(( ))` and subscripts: whole numbers of 64 bits.

use super::machine::{Machine, Run};
use super::syntax::{Part, Word};
use crate::budget::Budget;

impl Machine<'_> {
    /// The value of an expression in which parameters have been expanded already; nothing at all is 0.
    pub(super) fn arithmetic(&mut self, text: &str) -> Run<i64> {
        self.charge(Budget::NUMBER)?;
        if text.trim_matches([' ', '\t', '\n']).is_empty() {
            return Ok(0);
        }
        self.deeper(|machine| {
            let mut expression = Expression { text, at: 0, machine, skip: false, known: None };
            let value = expression.comma()?;
            expression.blanks();
            if expression.at < text.len() {
                return expression.machine.refuse(format!("the arithmetic expression `{text}`"));
            }
            Ok(value)
        })
    }

    /// A subscript: an expression that is not negative. Double quotes in it go, as they do in all arithmetic; other
    /// quotes are an error.
    pub(super) fn index(&mut self, word: &Word) -> Run<usize> {
        if word.parts.iter().any(|part| matches!(part, Part::Quoted(_))) {
            return self.refuse("a subscript in single quotes");
        }
        let text = self.text(word)?;
        let value = self.arithmetic(&text)?;
        match usize::try_from(value) {
            Ok(index) if index < INDICES => Ok(index),
            _ => self.refuse(format!("the index `{value}`")),
        }
    }
}

/// No conf has an array with an index of this size.
const INDICES: usize = 1 << 40;

struct Expression<'t, 'm, 'w> {
    text: &'t str,
    at: usize,
    machine: &'m mut Machine<'w>,
    /// In a branch that is not taken: read, but change nothing.
    skip: bool,
    /// The variable that comes next, and where it ends: its subscript must not be evaluated twice.
    known: Option<(usize, Place)>,
}

/// A variable, for assignments.
struct Place {
    name: String,
    index: usize,
}

/// Operators of two operands, weakest first; those of a row bind equally.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Expression<'_, '_, '_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n']).len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn refuse<T>(&self) -> Run<T> {
        self.machine.refuse(format!("the arithmetic expression `{}`", self.text))
    }

    fn comma(&mut self) -> Run<i64> {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Run<i64> {
        self.blanks();
        let start = self.at;
        if let Some(place) = self.place()? {
            let end = self.at;
            self.blanks();
            let operators = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "="];
            let found = operators.into_iter().find(|operator| self.rest().starts_with(operator));
            if let Some(operator) = found.filter(|_| !self.rest().starts_with("==")) {
                self.at += operator.len();
                let right = self.nested(|inner| inner.assignment())?;
                let value = match operator.strip_suffix('=').filter(|operator| !operator.is_empty()) {
                    Some(operator) => {
                        let left = self.read(&place)?;
                        self.apply(operator, left, right)?
                    }
                    None => right,
                };
                self.write(&place, value)?;
                return Ok(value);
            }
            self.at = start;
            self.known = Some((end, place));
        }
        self.conditional()
    }

    fn conditional(&mut self) -> Run<i64> {
        let condition = self.level(0)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let then = self.skipping(condition == 0, |inner| inner.nested(|inner| inner.assignment()))?;
        if !self.take(":") {
            return self.refuse();
        }
        let otherwise = self.skipping(condition != 0, |inner| inner.nested(|inner| inner.conditional()))?;
        Ok(if condition != 0 { then } else { otherwise })
    }

    fn skipping(&mut self, skip: bool, read: impl FnOnce(&mut Self) -> Run<i64>) -> Run<i64> {
        let before = self.skip;
        self.skip |= skip;
        let value = read(self);
        self.skip = before;
        value
    }

    fn level(&mut self, level: usize) -> Run<i64> {
        let Some(operators) = LEVELS.get(level) else {
            return self.power();
        };
        let mut left = self.level(level + 1)?;
        loop {
            self.blanks();
            let found = operators.iter().find(|operator| self.is_operator(operator));
            let Some(operator) = found else {
                return Ok(left);
            };
            self.at += operator.len();
            left = match *operator {
                "||" => {
                    let right = self.skipping(left != 0, |expression| expression.level(level + 1))?;
                    i64::from(left != 0 || right != 0)
                }
                "&&" => {
                    let right = self.skipping(left == 0, |expression| expression.level(level + 1))?;
                    i64::from(left != 0 && right != 0)
                }
                operator => {
                    let right = self.level(level + 1)?;
                    self.apply(operator, left, right)?
                }
            };
        }
    }

    /// The operator comes next, and is not the beginning of a longer one.
    fn is_operator(&self, operator: &str) -> bool {
        let Some(after) = self.rest().strip_prefix(operator) else {
            return false;
        };
        let next = after.chars().next();
        match operator {
            "|" | "&" => next != operator.chars().next() && next != Some('='),
            "<" | ">" | "*" => next != operator.chars().next() && next != Some('='),
            "+" | "-" | "/" | "%" | "^" | "<<" | ">>" => next != Some('='),
            _ => true,
        }
    }

    fn apply(&mut self, operator: &str, left: i64, right: i64) -> Run<i64> {
        let shift = (right & 63) as u32;
        Ok(match operator {
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 && self.skip => 0,
            "/" | "%" if right == 0 => return self.machine.refuse("a division by zero"),
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<<" => left.wrapping_shl(shift),
            ">>" => left.wrapping_shr(shift),
            _ => return self.refuse(),
        })
    }

    fn power(&mut self) -> Run<i64> {
        let base = self.unary()?;
        if !self.take("**") {
            return Ok(base);
        }
        match u64::try_from(self.nested(|inner| inner.power())?) {
            Ok(exponent) => Ok(power(base, exponent)),
            Err(_) if self.skip => Ok(0),
            Err(_) => self.refuse(),
        }
    }

    fn unary(&mut self) -> Run<i64> {
        for (token, step) in [("++", 1), ("--", -1)] {
            if self.take(token) {
                let Some(place) = self.place()? else {
                    return self.refuse();
                };
                let value = self.read(&place)?.wrapping_add(step);
                self.write(&place, value)?;
                return Ok(value);
            }
        }
        if self.take("!") {
            return Ok(i64::from(self.nested_unary()? == 0));
        }
        if self.take("~") {
            return Ok(!self.nested_unary()?);
        }
        if self.take("-") {
            return Ok(self.nested_unary()?.wrapping_neg());
        }
        if self.take("+") {
            return self.nested_unary();
        }
        self.primary()
    }

    fn nested_unary(&mut self) -> Run<i64> {
        self.nested(|inner| inner.unary())
    }

    /// Reads what may hold itself, within the limit of the machine.
    fn nested(&mut self, read: fn(&mut Expression<'_, '_, '_>) -> Run<i64>) -> Run<i64> {
        let (text, at, skip) = (self.text, self.at, self.skip);
        let (value, at) = self.machine.deeper(|machine| {
            let mut inner = Expression { text, at, machine, skip, known: None };
            Ok((read(&mut inner)?, inner.at))
        })?;
        self.at = at;
        Ok(value)
    }

    fn primary(&mut self) -> Run<i64> {
        self.machine.charge(Budget::NUMBER)?;
        if self.take("(") {
            let value = self.nested(|inner| inner.comma())?;
            return if self.take(")") { Ok(value) } else { self.refuse() };
        }
        if let Some(place) = self.place()? {
            let value = self.read(&place)?;
            for (token, step) in [("++", 1), ("--", -1)] {
                if self.take(token) {
                    self.write(&place, value.wrapping_add(step))?;
                    break;
                }
            }
            return Ok(value);
        }
        self.number()
    }

    /// Decimal, `0x` hexadecimal, `0` octal, `base#digits`.
    fn number(&mut self) -> Run<i64> {
        self.blanks();
        let length = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        let digits = &self.text[self.at..self.at + length];
        let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        let value = if let Some(hexadecimal) = hexadecimal {
            wrapped(hexadecimal, 16)
        } else if let Some((base, digits)) = digits.split_once('#') {
            let base = base.parse::<u32>().ok().filter(|base| (2..=36).contains(base));
            base.and_then(|base| wrapped(digits, base))
        } else if digits.len() > 1 && digits.starts_with('0') {
            wrapped(digits, 8)
        } else {
            wrapped(digits, 10)
        };
        self.machine.charge(length)?;
        self.at += length;
        match value {
            Some(value) => Ok(value),
            None => self.refuse(),
        }
    }

    /// A variable or an element at this place.
    fn place(&mut self) -> Run<Option<Place>> {
        self.blanks();
        if let Some((end, place)) = self.known.take() {
            self.at = end;
            return Ok(Some(place));
        }
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Ok(None);
        }
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let name = rest[..length].to_owned();
        self.machine.check_name(&name)?;
        self.at += length;
        let mut index = 0;
        if self.rest().starts_with('[') {
            self.at += 1;
            let value = self.nested(|inner| inner.comma())?;
            if !self.take("]") {
                return self.refuse();
            }
            match usize::try_from(value) {
                Ok(value) if value < INDICES => index = value,
                _ => return self.refuse(),
            }
        }
        Ok(Some(Place { name, index }))
    }

    /// The value of a variable is itself an expression; unset or empty is 0.
    fn read(&mut self, place: &Place) -> Run<i64> {
        let text = self.machine.element(&place.name, place.index).unwrap_or_default().trim().to_owned();
        if text.is_empty() || self.skip { Ok(0) } else { self.machine.arithmetic(&text) }
    }

    fn write(&mut self, place: &Place, value: i64) -> Run<()> {
        if self.skip { Ok(()) } else { self.machine.set(&place.name, place.index, value.to_string()) }
    }
}

/// Digits of a base as bash reads them: a number that is too large wraps around. `None` for anything else.
fn wrapped(digits: &str, base: u32) -> Option<i64> {
    let add = |value: i64, c: char| {
        let digit = i64::from(c.to_digit(base)?);
        Some(value.wrapping_mul(i64::from(base)).wrapping_add(digit))
    };
    if digits.is_empty() { None } else { digits.chars().try_fold(0, add) }
}

/// `base ** exponent`, wrapping around.
fn power(mut base: i64, mut exponent: u64) -> i64 {
    let mut value = 1_i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            value = value.wrapping_mul(base);
        }
        exponent >>= 1;
        base = base.wrapping_mul(base);
    }
    value
}
