//! Regular expressions of `grep`, `sed` and `=~` where it matters *what* matches, not only whether something does.
//!
//! POSIX wants the longest of the leftmost matches, the library takes the first that it comes to. So the answer is only
//! given where both are known to be the same; everything else is left to bash.

use regex::{Regex, RegexBuilder};

use super::basic_expression::bracket;
use super::translation::translate;

/// An extended expression.
pub(super) struct Expression {
    search: Regex,
    /// The same for a text that it has to match as a whole.
    whole: Regex,
    shape: Shape,
}

/// What is known about an expression from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    /// There is more than one way to match.
    varies: bool,
    alternatives: bool,
    /// `^` as the very first character.
    at_start: bool,
    /// `$` as the very last one.
    at_end: bool,
    /// Something looks at what is around it in the middle of the expression.
    looks_around: bool,
    /// A group is repeated: what it holds in the end is a question of its own.
    repeats_groups: bool,
}

/// Where the whole expression matched, and its groups.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

/// What is known about a match.
pub(super) enum Found {
    Nothing,
    Match(Groups),
    /// It matches, but it is not certain how much.
    Unsure,
}

/// Expressions that become larger than this, in bytes, are left to bash: what a match costs grows with it.
const MAX_PROGRAM: usize = 256 << 10;
/// Lines that are longer are not worth the time.
const MAX_LINE: usize = 4096;

impl Expression {
    /// `None` if it is not understood.
    pub(super) fn new(extended: &str, ignore_case: bool) -> Option<Self> {
        let shape = Shape::of(extended)?;
        let chars: Vec<(char, bool)> = extended.chars().map(|c| (c, false)).collect();
        let translated = translate(&chars).ok()?;
        let build = |text: &str| {
            let mut builder = RegexBuilder::new(text);
            builder.dot_matches_new_line(true).case_insensitive(ignore_case).size_limit(MAX_PROGRAM).build().ok()
        };
        let whole = build(&format!(r"\A(?:{})\z", translated))?;
        Some(Self { search: build(&translated)?, whole, shape })
    }

    /// How many groups it has.
    pub(super) fn group_count(&self) -> usize {
        self.search.captures_len() - 1
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.search.is_match(text)
    }

    /// The units of a budget that one look at a text of this size may cost.
    pub(super) fn cost(&self, size: usize) -> usize {
        if self.shape.varies { size.saturating_mul(size.min(MAX_LINE)) / 8 + size } else { size }
    }

    /// The first match that does not begin before `from`.
    pub(super) fn find(&self, text: &str, from: usize, groups_matter: bool) -> Found {
        let Some(first) = self.search.captures_at(text, from) else {
            return Found::Nothing;
        };
        let (start, end) = first.get(0).map_or((0, 0), |found| (found.start(), found.end()));
        let shape = self.shape;
        let groups_unsure = groups_matter && shape.repeats_groups && first.len() > 1;
        if !text.is_ascii() || groups_unsure {
            return Found::Unsure;
        }
        if !shape.varies {
            return Found::Match(groups(&first, 0));
        }
        let anchored = shape.at_start || shape.at_end;
        if shape.looks_around || (anchored && shape.alternatives) || text.len() > MAX_LINE {
            return Found::Unsure;
        }
        let least = if shape.at_end { text.len() } else { end };
        let longest = (least..=text.len()).rev().find(|end| self.whole.is_match(&text[start..*end]));
        match longest.and_then(|end| self.whole.captures(&text[start..end])) {
            Some(longest) => Found::Match(groups(&longest, start)),
            None => Found::Unsure,
        }
    }
}

fn groups(captures: &regex::Captures<'_>, offset: usize) -> Groups {
    captures.iter().map(|group| group.map(|group| (offset + group.start(), offset + group.end()))).collect()
}

impl Shape {
    /// `None` if the expression is not one.
    fn of(extended: &str) -> Option<Self> {
        let mut shape = Self { at_start: extended.starts_with('^'), ..Self::default() };
        let mut at = 0;
        let mut after_group = false;
        while let Some(c) = extended[at..].chars().next() {
            let place = at;
            at += c.len_utf8();
            let was_group = std::mem::replace(&mut after_group, c == ')');
            match c {
                '\\' => {
                    let next = extended[at..].chars().next()?;
                    at += next.len_utf8();
                    shape.looks_around |= matches!(next, 'b' | 'B' | '<' | '>');
                }
                '[' => at += bracket(&extended[at..])?,
                '*' | '+' | '?' | '{' => {
                    shape.varies = true;
                    shape.repeats_groups |= was_group && c != '?';
                    // A repetition of a repetition of a group.
                    after_group = was_group;
                    if c == '{' {
                        at += extended[at..].find('}')? + 1;
                    }
                }
                '|' => {
                    shape.varies = true;
                    shape.alternatives = true;
                }
                '^' => shape.looks_around |= place > 0,
                '$' if at == extended.len() => shape.at_end = true,
                '$' => shape.looks_around = true,
                _ => {}
            }
        }
        Some(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expression: &str, text: &str) -> Option<Vec<String>> {
        match Expression::new(expression, false).unwrap().find(text, 0, true) {
            Found::Match(groups) => {
                let text =
                    |group: Option<(usize, usize)>| group.map_or("-", |(start, end)| &text[start..end]).to_owned();
                Some(groups.into_iter().map(text).collect())
            }
            Found::Nothing => Some(Vec::new()),
            Found::Unsure => None,
        }
    }

    #[test]
    fn the_longest_match_counts() {
        assert_eq!(found("a|ab|abc", "xabcd").unwrap(), ["abc"]);
        assert_eq!(found("(a|ab)(c|bcd)", "abcd").unwrap(), ["abcd", "a", "bcd"]);
        assert_eq!(found("(a?)(ab)?", "abab").unwrap(), ["ab", "", "ab"]);
        assert_eq!(found("^([0-9]+)[.]([0-9]+)(.*)", "6.12.9").unwrap(), ["6.12.9", "6", "12", ".9"]);
        assert_eq!(found("b*$", "abbabb").unwrap(), ["bb"]);
        assert_eq!(found("x", "abc").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_certain_is_said_to_be_so() {
        assert!(found("(ab)*", "abab").is_none());
        assert!(found("(^|x)a*", "xaa").is_none());
        assert!(found("^a|ab*", "abb").is_none());
        assert!(found("a*", "\u{e4}a").is_none());
    }
}
