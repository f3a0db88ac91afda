//! POSIX extended regular expressions as glibc reads and matches them in the C locale, for `[[ =~ ]]` and the directives
//! that hold expressions.
//!
//! What is not a regular language (back-references) or not of this locale (collating symbols) is an error.

use crate::budget::{Budget, OverBudget};
use crate::matcher::{Bytes, Node, Place, Sequence, Text, is_word};
use crate::pattern::{named_class, quoted_bytes};

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EreError {
    /// Something that is not understood.
    #[error("`{0}` is not supported in an extended regular expression")]
    Unsupported(String),
    /// No regular expression.
    #[error("not an extended regular expression: {0}")]
    Invalid(String),
    /// It is too large.
    #[error("{0}")]
    OverBudget(#[from] OverBudget),
}

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ere {
    sequence: Sequence,
}

/// `RE_DUP_MAX` of glibc.
const MAX_REPETITIONS: u32 = 0x7fff;
/// No expression has parentheses inside one another to this depth.
const MAX_DEPTH: usize = 20;

/// Whether `expression` matches anywhere in `text`.
///
/// # Errors
/// As [`compile`]; also if it takes too long.
pub fn is_match(expression: &str, text: &str) -> Result<bool, EreError> {
    is_match_within(expression, text, &Budget::new())
}

/// The same within what is left of a budget.
///
/// # Errors
/// As [`is_match`].
pub fn is_match_within(expression: &str, text: &str, budget: &Budget) -> Result<bool, EreError> {
    Ok(Ere::read(expression, budget)?.is_match(text, budget)?)
}

/// Reads an expression.
///
/// # Errors
/// If it is invalid, or uses what is not understood.
pub fn compile(expression: &str) -> Result<Ere, EreError> {
    Ere::read(expression, &Budget::new())
}

impl Ere {
    fn read(expression: &str, budget: &Budget) -> Result<Self, EreError> {
        let chars: Vec<(char, bool)> = expression.chars().map(|c| (c, false)).collect();
        Self::from_quoted(&chars, budget)
    }

    /// Reads an expression in which some characters were quoted (`true`) and stand for themselves.
    ///
    /// # Errors
    /// As [`compile`]; also if that is over budget.
    pub fn from_quoted(chars: &[(char, bool)], budget: &Budget) -> Result<Self, EreError> {
        let bytes = quoted_bytes(chars, budget)?;
        let mut reader = Reader { bytes: &bytes, at: 0, budget, groups: Vec::new(), choices: Vec::new() };
        Ok(Self { sequence: reader.expression()? })
    }

    /// It has a `^` or `$`, which glibc is not consistent about in a text of several lines.
    #[must_use]
    pub fn has_anchors(&self) -> bool {
        self.sequence.iter().any(|node| node.looks_at(|place| matches!(place, Place::Start | Place::End)))
    }

    /// Whether it matches anywhere in `text`.
    ///
    /// # Errors
    /// If finding out is over budget.
    pub fn is_match(&self, text: &str, budget: &Budget) -> Result<bool, OverBudget> {
        Text::new(text.as_bytes(), budget).has_part(&self.sequence)
    }
}

/// Reads an expression from left to right, once.
struct Reader<'b> {
    bytes: &'b [(u8, bool)],
    at: usize,
    budget: &'b Budget,
    /// What was read before each open parenthesis: the choices around it, and its own sequence.
    groups: Vec<(Vec<Sequence>, Sequence)>,
    choices: Vec<Sequence>,
}

impl Reader<'_> {
    fn expression(&mut self) -> Result<Sequence, EreError> {
        let mut sequence = Sequence::new();
        // Whether the last node can be repeated.
        let mut is_atom = false;
        while let Some((byte, quoted)) = self.next() {
            self.budget.charge(size_of::<Node>())?;
            let node = match byte {
                _ if quoted => Node::One(Bytes::one(byte)),
                b'\\' => self.escape()?,
                b'[' => Node::One(self.bracket()?),
                b'.' => Node::One(Bytes::ALL),
                b'^' => Node::At(Place::Start),
                b'$' => Node::At(Place::End),
                b'*' | b'+' | b'?' | b'{' => {
                    let atom = sequence.pop().filter(|_| is_atom);
                    let atom =
                        atom.ok_or_else(|| EreError::Invalid(format!("nothing to repeat before `{}`", byte as char)))?;
                    let (least, most) = self.repetition(byte)?;
                    // glibc is not right about these.
                    let is_edge = |place| !matches!(place, Place::Start | Place::End);
                    if atom.looks_at(if byte == b'{' { |_| true } else { is_edge }) {
                        return Err(EreError::Unsupported("a repetition of a place".to_owned()));
                    }
                    Node::Repeat { choices: vec![vec![atom]], least, most }
                }
                b'(' => {
                    if self.groups.len() == MAX_DEPTH {
                        return Err(OverBudget::Depth.into());
                    }
                    self.groups.push((std::mem::take(&mut self.choices), std::mem::take(&mut sequence)));
                    is_atom = false;
                    continue;
                }
                b')' if !self.groups.is_empty() => {
                    let (choices, before) = self.groups.pop().unwrap_or_default();
                    self.choices.push(std::mem::replace(&mut sequence, before));
                    let choices = std::mem::replace(&mut self.choices, choices);
                    Node::Repeat { choices, least: 1, most: Some(1) }
                }
                b'|' => {
                    self.choices.push(std::mem::take(&mut sequence));
                    is_atom = false;
                    continue;
                }
                _ => Node::One(Bytes::one(byte)),
            };
            is_atom = !matches!(node, Node::At(_));
            sequence.push(node);
        }
        if !self.groups.is_empty() {
            return Err(EreError::Invalid("unmatched `(`".to_owned()));
        }
        if self.choices.is_empty() {
            return Ok(sequence);
        }
        self.choices.push(sequence);
        Ok(vec![Node::Repeat { choices: std::mem::take(&mut self.choices), least: 1, most: Some(1) }])
    }

    fn next(&mut self) -> Option<(u8, bool)> {
        let next = self.bytes.get(self.at).copied();
        self.at += usize::from(next.is_some());
        next
    }

    /// What stands after a backslash.
    fn escape(&mut self) -> Result<Node, EreError> {
        let Some((byte, _)) = self.next() else {
            return Err(EreError::Invalid("trailing backslash".to_owned()));
        };
        let space = |byte: u8| byte.is_ascii_whitespace() || byte == b'\x0b';
        Ok(match byte {
            b'w' => Node::One(Bytes::of(is_word)),
            b'W' => Node::One(Bytes::of(is_word).negated()),
            b's' => Node::One(Bytes::of(space)),
            b'S' => Node::One(Bytes::of(space).negated()),
            b'b' => Node::At(Place::WordEdge),
            b'B' => Node::At(Place::NoWordEdge),
            b'<' => Node::At(Place::WordStart),
            b'>' => Node::At(Place::WordEnd),
            b'`' => Node::At(Place::Start),
            b'\'' => Node::At(Place::End),
            b'1'..=b'9' => return Err(EreError::Unsupported(format!("\\{}", byte as char))),
            _ => Node::One(Bytes::one(byte)),
        })
    }

    /// The repetition `*`, `+`, `?` or `{m,n}`, of which the first byte was read.
    fn repetition(&mut self, byte: u8) -> Result<(u32, Option<u32>), EreError> {
        match byte {
            b'*' => return Ok((0, None)),
            b'+' => return Ok((1, None)),
            b'?' => return Ok((0, Some(1))),
            _ => {}
        }
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(16).position(|(byte, _)| *byte == b'}');
        let body: Vec<u8> = rest.iter().take(length.unwrap_or(0)).map(|(byte, _)| *byte).collect();
        let text = String::from_utf8_lossy(&body);
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= MAX_REPETITIONS);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let range = match text.split_once(',') {
            None => number(&text).filter(|_| digits(&text)).map(|least| (least, Some(least))),
            Some((least, most)) if digits(least) && digits(most) => {
                let least = if least.is_empty() { Some(0) } else { number(least) };
                let most = if most.is_empty() { Some(None) } else { number(most).map(Some) };
                least.zip(most).filter(|(least, most)| most.is_none_or(|most| *least <= most))
            }
            Some(_) => None,
        };
        let Some(range) = range else {
            return Err(EreError::Invalid(format!("`{{{text}` is no repetition")));
        };
        self.at += body.len() + 1;
        Ok(range)
    }

    /// A bracket expression after its `[`.
    fn bracket(&mut self) -> Result<Bytes, EreError> {
        let unmatched = || EreError::Invalid("unmatched `[`".to_owned());
        let negated = self.bytes.get(self.at).is_some_and(|(byte, _)| *byte == b'^');
        self.at += usize::from(negated);
        let mut members = Bytes::NONE;
        let mut is_first = true;
        loop {
            self.budget.charge(4)?;
            let (first, quoted) = self.next().ok_or_else(unmatched)?;
            if quoted && b"[]^-\\:.=".contains(&first) {
                return Err(EreError::Unsupported(format!("a quoted `{}` in brackets", first as char)));
            }
            if first == b']' && !is_first {
                return Ok(if negated { members.negated() } else { members });
            }
            is_first = false;
            let after = self.bytes.get(self.at).map(|(byte, _)| *byte);
            match (first, after) {
                (b'[', Some(b':')) => {
                    let (class, end) = named_class(self.bytes, self.at + 1).ok_or_else(unmatched)?;
                    members.join(class.ok_or_else(|| EreError::Invalid("an unknown class of characters".to_owned()))?);
                    self.at = end;
                    continue;
                }
                (b'[', Some(b'.' | b'=')) => return Err(EreError::Unsupported("[. or [=".to_owned())),
                _ => {}
            }
            let last = self.bytes.get(self.at + 1).copied();
            match (after, last) {
                (Some(b'-'), Some((last, quoted))) if last != b']' => {
                    if last == b'[' || quoted && b"[]^-\\".contains(&last) {
                        return Err(EreError::Unsupported("such a range".to_owned()));
                    }
                    if last < first {
                        return Err(EreError::Invalid("a range whose end is before its beginning".to_owned()));
                    }
                    members.add(first, last);
                    self.at += 2;
                }
                _ => members.add(first, first),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, text: &str) -> bool {
        is_match(expression, text).unwrap()
    }

    #[test]
    fn expressions_seen_in_the_wild() {
        let recent = r"^(4\.1[7-9]\.|4\.[2-9][0-9]\.|[5-9]\.)";
        assert!(matches(recent, "4.19.0-5"));
        assert!(matches(recent, "6.1.0"));
        assert!(!matches(recent, "4.9.0"));
        assert!(matches(r"^6\.1($|[.-])", "6.1.0"));
        assert!(!matches("REQUIRES CONFIG_USB_HID", "6.1.0"));
        assert!(matches("^(aarch64|x86_64|riscv64)$", "x86_64"));
    }

    #[test]
    fn backslash_is_literal_in_brackets() {
        assert!(matches(r"^[\.]$", r"\"));
        assert!(matches("^[]a]$", "]"));
        assert!(matches("^[^]a]$", "b"));
        assert!(matches("^[a-]$", "-"));
        assert!(matches("^[[:digit:]x]+$", "1x2"));
        assert!(matches("^[a&&b]$", "&"));
    }

    #[test]
    fn a_second_repetition_repeats_the_first() {
        assert!(matches("^a+?$", ""));
        assert!(matches("^(ab)*+$", "abab"));
        assert!(matches("^a{,2}$", "aa"));
        assert!(matches("^(a|b{2,3}){2}$", "abbb") && !matches("^(a|b{2,3}){2}$", "ab"));
    }

    #[test]
    fn words_begin_and_end() {
        assert!(matches(r"\bab\b", "x ab.") && !matches(r"\bab\b", "xab"));
        assert!(matches(r"\<a", "b a") && !matches(r"\<a", "ba") && matches(r"a\>", "ba") && matches(r"a\Bb", "ab"));
        assert!(matches(r"^\w+\W\s\S$", "a_1, x"));
        assert!(matches("a)", "a)"));
    }

    #[test]
    fn what_is_not_covered_is_an_error() {
        for bad in ["(", "[a", "*a", "a|*", "^*", r"(a)\1", "[[.a.]]", "(?i)a", "a{x}", "a{2,1}", "a{40000}", "[b-a]"] {
            assert!(compile(bad).is_err(), "{bad}");
        }
    }

    /// Each of these took for ever, or gigabytes.
    #[test]
    fn sizes_count_against_the_budget() {
        let text = "a".repeat(65_536);
        assert!(!matches("(a*)*b", &text) && !matches("(a|a)*b", &text) && !matches("(a|b)*a(a|b){30}c", &text));
        assert_eq!(is_match("((a|b)*){1000}c", &text), Err(EreError::OverBudget(OverBudget::Work)));
        assert_eq!(is_match("((a{1000}){1000}){1000}", &text[..500]), Ok(false));
        assert_eq!(compile(&"(".repeat(100_000)), Err(EreError::OverBudget(OverBudget::Depth)));
    }
}
