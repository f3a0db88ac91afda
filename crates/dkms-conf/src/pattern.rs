//! Shell patterns: `*`, `?`, `[...]` and the extended forms `@(a|b)`, `?()`, `*()`, `+()`, `!()`, in the C locale.
//!
//! Used by the evaluator (`case`, `[[ == ]]`, `${v%x}`) and for filters such as `dkms status 'v4l*'`. It matches
//! texts; expanding a pattern to file names is not its business.

use crate::budget::{Budget, OverBudget};
use crate::matcher::{Bytes, Node, Sequence, Text};

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    sequence: Sequence,
    is_literal: bool,
    /// It ends in a literal star, which bash takes for one that is not when it replaces.
    ends_in_star: bool,
    /// What bash takes for something that is not understood here.
    oddity: Option<&'static str>,
}

/// No pattern has groups inside one another to this depth.
const MAX_DEPTH: usize = 20;

impl Pattern {
    /// Reads a pattern; a backslash takes the next character literally. One that is nested very deeply is a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut chars = Vec::new();
        let mut escaped = false;
        for c in text.chars() {
            if escaped || c != '\\' {
                chars.push((c, escaped));
                escaped = false;
            } else {
                escaped = true;
            }
        }
        if escaped {
            chars.push(('\\', true));
        }
        Self::from_quoted(&chars, &Budget::new()).unwrap_or_else(|_| {
            let sequence = text.bytes().map(|byte| Node::One(Bytes::one(byte))).collect();
            Self { sequence, is_literal: true, ends_in_star: false, oddity: None }
        })
    }

    /// Reads a pattern whose characters are known to be literal (`true`) or not.
    ///
    /// # Errors
    /// If that is over budget.
    pub fn from_quoted(chars: &[(char, bool)], budget: &Budget) -> Result<Self, OverBudget> {
        let bytes = quoted_bytes(chars, budget)?;
        let mut reader = Reader { bytes: &bytes, at: 0, budget, groups: Vec::new(), oddity: None, is_literal: true };
        let sequence = reader.pattern()?;
        let ends_in_star = bytes.last() == Some(&(b'*', true));
        Ok(Self { sequence, is_literal: reader.is_literal, ends_in_star, oddity: reader.oddity })
    }

    /// What bash would take for something else than is taken here, as a noun phrase.
    #[must_use]
    pub fn oddity(&self) -> Option<&'static str> {
        self.oddity
    }

    /// No special character at all.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.is_literal
    }

    /// The whole text matches. What would take too long does not.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_within(text, &Budget::new()).unwrap_or(false)
    }

    /// The whole text matches.
    ///
    /// # Errors
    /// If finding out is over budget.
    pub fn matches_within(&self, text: &str, budget: &Budget) -> Result<bool, OverBudget> {
        Text::new(text.as_bytes(), budget).is_whole(&self.sequence)
    }

    /// The value without the shortest or longest beginning that matches, or end: `${v#x}`, `${v##x}`, `${v%x}`,
    /// `${v%%x}`.
    ///
    /// # Errors
    /// If finding it is over budget.
    pub fn trim<'v>(&self, value: &'v str, end: bool, longest: bool, budget: &Budget) -> Result<&'v [u8], OverBudget> {
        let bytes = value.as_bytes();
        let text = Text::new(bytes, budget);
        let found = if end { text.starts_to_end(&self.sequence)? } else { text.ends(&self.sequence, 0)? };
        // The longest beginning ends last, but the longest end begins first.
        let place = if end == longest { found.first() } else { found.last() };
        Ok(match place.map(|place| *place as usize) {
            None => bytes,
            Some(place) if end => &bytes[..place],
            Some(place) => &bytes[place..],
        })
    }

    /// The value with the first match, or every one, replaced: `${v/x/y}`, `${v//x/y}`; with an anchor, only a match at
    /// its beginning (`#`) or its end (`%`). The longest match counts. `None`: bash has no rule for this one.
    ///
    /// # Errors
    /// If it is over budget.
    pub fn replace(
        &self,
        value: &str,
        replacement: &str,
        all: bool,
        anchor: Option<char>,
        budget: &Budget,
    ) -> Result<Option<Vec<u8>>, OverBudget> {
        if self.ends_in_star {
            return Ok(None);
        }
        let bytes = value.as_bytes();
        let text = Text::new(bytes, budget);
        let (mut out, mut done) = (Vec::new(), 0);
        let mut replaced = |range: std::ops::Range<usize>| {
            budget.charge(range.start - done + replacement.len())?;
            out.extend_from_slice(&bytes[done..range.start]);
            out.extend_from_slice(replacement.as_bytes());
            done = range.end;
            Ok(())
        };
        let longest = |start: usize| Ok(text.ends(&self.sequence, start)?.last().map(|end| *end as usize));
        // In an empty value bash looks for nothing but stars.
        let is_vain =
            bytes.is_empty() && anchor != Some('%') && self.sequence.first().is_some_and(|node| !node.is_star());
        match anchor {
            _ if is_vain => {}
            None if self.sequence.is_empty() => {}
            Some('%') => {
                let is_optional = self.sequence.len() < 2 && self.sequence.first().is_none_or(Node::is_optional);
                if let Some(start) = text.starts_to_end(&self.sequence)?.first().map(|start| *start as usize) {
                    if start == bytes.len() && !is_optional {
                        return Ok(None);
                    }
                    replaced(start..bytes.len())?;
                }
            }
            Some(_) => {
                if let Some(end) = longest(0)? {
                    replaced(0..end)?;
                }
            }
            None => {
                let mut next = 0;
                for start in text.starts(&self.sequence)?.into_iter().map(|start| start as usize) {
                    // At the end there is nothing to look at any more, except in an empty value.
                    if start < next || (start > 0 && start == bytes.len()) {
                        continue;
                    }
                    if let Some(end) = longest(start)? {
                        replaced(start..end)?;
                        next = end.max(start + 1);
                    }
                    if !all {
                        break;
                    }
                }
            }
        }
        budget.charge(bytes.len() - done)?;
        out.extend_from_slice(&bytes[done..]);
        Ok(Some(out))
    }
}

/// Characters as bytes, each of which is literal (`true`) or not.
pub(crate) fn quoted_bytes(chars: &[(char, bool)], budget: &Budget) -> Result<Vec<(u8, bool)>, OverBudget> {
    budget.charge(4 * chars.len())?;
    let mut bytes = Vec::with_capacity(chars.len());
    for (c, quoted) in chars {
        bytes.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| (byte, *quoted)));
    }
    Ok(bytes)
}

/// Reads a pattern from left to right, once.
struct Reader<'b> {
    bytes: &'b [(u8, bool)],
    at: usize,
    budget: &'b Budget,
    /// Those whose parenthesis is open.
    groups: Vec<Group>,
    oddity: Option<&'static str>,
    is_literal: bool,
}

/// `@(a|b` so far.
struct Group {
    kind: u8,
    /// What stands before it.
    before: Sequence,
    choices: Vec<Sequence>,
}

impl Reader<'_> {
    fn pattern(&mut self) -> Result<Sequence, OverBudget> {
        let mut sequence = Sequence::new();
        while let Some(&(byte, quoted)) = self.bytes.get(self.at) {
            self.budget.charge(size_of::<Node>())?;
            let opens = matches!(self.bytes.get(self.at + 1), Some((b'(', false)));
            self.is_literal &= quoted || !(opens || matches!(byte, b'*' | b'?' | b'['));
            self.at += 1;
            match byte {
                _ if quoted => sequence.push(Node::One(Bytes::one(byte))),
                b'?' | b'*' | b'+' | b'@' | b'!' if opens => {
                    self.at += 1;
                    if self.groups.len() == MAX_DEPTH {
                        return Err(OverBudget::Depth);
                    }
                    if byte == b'!' && sequence.last() == Some(&Node::any_text()) {
                        self.oddity = Some("a star before a negated group of a pattern");
                    }
                    let before = std::mem::take(&mut sequence);
                    self.groups.push(Group { kind: byte, before, choices: Vec::new() });
                }
                b'|' if !self.groups.is_empty() => {
                    let choice = std::mem::take(&mut sequence);
                    if let Some(group) = self.groups.last_mut() {
                        group.choices.push(choice);
                    }
                }
                b')' if !self.groups.is_empty() => {
                    if let Some(group) = self.groups.pop() {
                        sequence = group.closed(sequence);
                    }
                }
                b'?' => sequence.push(Node::One(Bytes::ALL)),
                // Several stars in a row are one.
                b'*' if sequence.last() == Some(&Node::any_text()) => {}
                b'*' => sequence.push(Node::any_text()),
                b'[' => {
                    let class = self.class()?;
                    if class.is_none() && !self.groups.is_empty() {
                        self.oddity = Some("a bracket that is not closed inside a group of a pattern");
                    }
                    sequence.push(Node::One(class.unwrap_or(Bytes::one(b'['))));
                }
                _ => sequence.push(Node::One(Bytes::one(byte))),
            }
        }
        if !self.groups.is_empty() {
            self.oddity = Some("a group of a pattern that is not closed");
        }
        Ok(sequence)
    }

    /// The inside of `[...]`; `None`, and nothing is taken, if it is never closed, so that the bracket stands for itself.
    fn class(&mut self) -> Result<Option<Bytes>, OverBudget> {
        let at = |at: usize| self.bytes.get(at).copied();
        let mut place = self.at;
        let negated = matches!(at(place), Some((b'!' | b'^', false)));
        place += usize::from(negated);
        let first = place;
        let mut members = Bytes::NONE;
        while let Some((byte, quoted)) = at(place) {
            self.budget.charge(4)?;
            if byte == b']' && !quoted && place > first {
                self.at = place + 1;
                return Ok(Some(if negated { members.negated() } else { members }));
            }
            if byte == b'[' && !quoted {
                match at(place + 1) {
                    Some((b'.' | b'=', false)) => self.oddity = Some("a collating symbol in a pattern"),
                    Some((b':', false)) => {
                        if let Some((class, end)) = named_class(self.bytes, place + 2) {
                            members.join(class.unwrap_or(Bytes::NONE));
                            place = end;
                            continue;
                        }
                    }
                    _ => {}
                }
            }
            match (at(place + 1), at(place + 2)) {
                (Some((b'-', false)), Some((last, quoted))) if last != b']' || quoted => {
                    members.add(byte, last);
                    place += 3;
                }
                _ => {
                    members.add(byte, byte);
                    place += 1;
                }
            }
        }
        Ok(None)
    }
}

/// The class whose name begins here, after `[:`, and where it ends; `None` if it does not end, and no class if it has no
/// meaning.
pub(crate) fn named_class(bytes: &[(u8, bool)], start: usize) -> Option<(Option<Bytes>, usize)> {
    /// Longer than any name.
    const LIMIT: usize = 16;
    let rest = bytes.get(start..)?;
    let length = rest.windows(2).take(LIMIT).position(|pair| pair[0].0 == b':' && pair[1].0 == b']')?;
    let name: Vec<u8> = rest[..length].iter().map(|(byte, _)| *byte).collect();
    Some((Bytes::class(&name), start + length + 2))
}

impl Group {
    /// What stands before it, and the group with its last choice.
    fn closed(mut self, last: Sequence) -> Sequence {
        self.choices.push(last);
        let choices = self.choices;
        let (least, most) = match self.kind {
            b'@' => (1, Some(1)),
            b'?' => (0, Some(1)),
            b'*' => (0, None),
            b'+' => (1, None),
            _ => {
                self.before.push(Node::Not(choices));
                return self.before;
            }
        };
        self.before.push(Node::Repeat { choices, least, most });
        self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    #[test]
    fn stars_and_questions() {
        assert!(matches("v4l*", "v4l2loopback"));
        assert!(!matches("v4l", "v4l2loopback"));
        assert!(matches("6.?.*", "6.1.0"));
        assert!(matches("a**b", "ab"));
        assert!(matches(r"a\*", "a*"));
        assert!(!matches(r"a\*", "ab"));
    }

    #[test]
    fn classes() {
        assert!(matches("[[:digit:]a-c]", "b"));
        assert!(matches("[!0-9]", "x"));
        assert!(!matches("[^0-9]", "5"));
        assert!(matches("[]]", "]"));
        assert!(matches("[ab", "[ab"));
        assert!(matches("[a-]", "-"));
    }

    #[test]
    fn extended_forms() {
        assert!(matches("@(y|yes)", "yes"));
        assert!(!matches("@(y|yes)", "ye"));
        assert!(matches("+([0-9]).*", "612.x"));
        assert!(!matches("+([0-9]).*", ".x"));
        assert!(matches("*(ab)", "abab"));
        assert!(matches("?(ab)c", "c"));
        assert!(matches("!(no)", "yes"));
        assert!(!matches("!(no)", "no"));
        assert!(matches("!(*.ko)x", "a.kox.x"));
        assert!(matches("@(a|+(b))c", "bbc"));
        assert!(matches("!(a|!(b*))", "bx") && !matches("!(a|!(b*))", "cx"));
        assert!(matches("*(*(a)b)", "aabab") && !matches("*(*(a)b)", "aaba"));
    }

    fn trimmed(value: &str, pattern: &str, end: bool, longest: bool) -> String {
        let budget = Budget::new();
        String::from_utf8(Pattern::new(pattern).trim(value, end, longest, &budget).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn beginnings_and_ends() {
        assert_eq!(trimmed("a.b.c", "*.", false, false), "b.c");
        assert_eq!(trimmed("a.b.c", "*.", false, true), "c");
        assert_eq!(trimmed("a.b.c", ".*", true, false), "a.b");
        assert_eq!(trimmed("a.b.c", ".*", true, true), "a");
        assert_eq!(trimmed("a.b.c", "x*", true, true), "a.b.c");
        assert_eq!(trimmed("aab", "+(a)", false, false), "ab");
        assert_eq!(trimmed("aab", "!(a*)", true, true), "aa");
    }

    #[test]
    fn replacements() {
        let replaced = |value: &str, pattern: &str, all, anchor| {
            let budget = Budget::new();
            String::from_utf8(Pattern::new(pattern).replace(value, "-", all, anchor, &budget).unwrap().unwrap())
                .unwrap()
        };
        assert_eq!(replaced("a.b.c", ".", true, None), "a-b-c");
        assert_eq!(replaced("a.b.c", ".", false, None), "a-b.c");
        assert_eq!(replaced("a.b.c", "*.", false, None), "-c");
        assert_eq!(replaced("xaay", "*(a)", true, None), "-x--y");
        assert_eq!(replaced("xaay", "*(a)", false, None), "-xaay");
        assert_eq!((replaced("", "?(a)", true, None), replaced("", "?(a)", true, Some('%'))), ("".into(), "-".into()));
        assert_eq!(replaced("aab", "a", false, Some('#')), "-ab");
        assert_eq!(replaced("aab", "b", false, Some('#')), "aab");
        assert_eq!(replaced("aab", "*(x)", false, Some('#')), "-aab");
        assert_eq!(replaced("abb", "b*", false, Some('%')), "a-");
        assert_eq!(replaced("", "*", false, None), "-");
    }

    #[test]
    fn bytes_of_the_c_locale() {
        assert!(matches("??", "é") && !matches("?", "é"));
        assert!(!matches("[[:alpha:]]*", "é"));
        assert!(matches("[a-z]", "b") && !matches("[a-z]", "B") && !matches("[z-a]", "b"));
    }

    /// Each of these took for ever, or overflowed the stack.
    #[test]
    fn long_texts_take_time_in_proportion() {
        let many = "a".repeat(65_536);
        assert!(matches("*(a)", &many) && matches("+(+(a))", &many) && !matches("+(+(a))b", &many));
        assert!(!matches("*a*a*a*a*a*a*a*a*b", &many));
        assert!(!matches("+(*(a|aa))b", &many[..200]));
        let budget = Budget::new();
        assert_eq!(Pattern::new("a*b").replace(&many, "", true, None, &budget).unwrap().unwrap().len(), many.len());
        assert_eq!(Pattern::new("*z*").trim(&many, false, true, &budget).unwrap().len(), many.len());
        let open = Pattern::new(&"@(".repeat(20));
        assert!(open.oddity().is_some());
        assert_eq!(Pattern::from_quoted(&[('@', false), ('(', false)].repeat(100), &budget), Err(OverBudget::Depth));
        // Of the kind that has to be asked for each place.
        assert_eq!(Pattern::new("*!(*!(x)y)z").matches_within(&many, &budget), Err(OverBudget::Work));
    }
}
