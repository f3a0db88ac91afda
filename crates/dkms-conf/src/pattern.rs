//! Shell patterns: `*`, `?`, `[...]` and the extended forms `@(a|b)`, `?()`, `*()`, `+()`, `!()`.
//!
//! Used by the evaluator (`case`, `[[ == ]]`, `${v%x}`) and for filters such as `dkms status 'v4l*'`. It matches
//! texts; expanding a pattern to file names is not its business.

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Char(char),
    AnyChar,
    AnyText,
    Class { negated: bool, members: Vec<Member> },
    Group { kind: char, choices: Vec<Vec<Item>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Range(char, char),
    Named(String),
}

impl Pattern {
    /// Reads a pattern; a backslash takes the next character literally.
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
        Self::from_quoted(&chars)
    }

    /// Reads a pattern whose characters are known to be literal (`true`) or not.
    #[must_use]
    pub fn from_quoted(chars: &[(char, bool)]) -> Self {
        let mut position = 0;
        Self { items: items(chars, &mut position, false) }
    }

    /// It has nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// No special character at all.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.items.iter().all(|item| matches!(item, Item::Char(_)))
    }

    /// The whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.matches_chars(&chars)
    }

    /// The whole text, as characters, matches.
    #[must_use]
    pub fn matches_chars(&self, chars: &[char]) -> bool {
        match_items(&self.items, chars, &|rest| rest.is_empty())
    }
}

fn items(chars: &[(char, bool)], position: &mut usize, in_group: bool) -> Vec<Item> {
    let mut out = Vec::new();
    while let Some(&(c, quoted)) = chars.get(*position) {
        if quoted {
            out.push(Item::Char(c));
            *position += 1;
            continue;
        }
        if in_group && matches!(c, '|' | ')') {
            break;
        }
        if let Some((group, after)) = group(chars, *position) {
            out.push(group);
            *position = after;
            continue;
        }
        let (item, after) = match c {
            '?' => (Item::AnyChar, *position + 1),
            '*' => (Item::AnyText, *position + 1),
            '[' => class(chars, *position).unwrap_or((Item::Char('['), *position + 1)),
            _ => (Item::Char(c), *position + 1),
        };
        out.push(item);
        *position = after;
    }
    out
}

/// `@(a|b)` at `start`; `None` if there is something else or its parenthesis is never closed.
fn group(chars: &[(char, bool)], start: usize) -> Option<(Item, usize)> {
    let (kind, _) = *chars.get(start)?;
    if !matches!(kind, '?' | '*' | '+' | '@' | '!') || chars.get(start + 1) != Some(&('(', false)) {
        return None;
    }
    let mut position = start + 2;
    let mut choices = Vec::new();
    loop {
        choices.push(items(chars, &mut position, true));
        let (end, _) = *chars.get(position)?;
        position += 1;
        if end == ')' {
            return Some((Item::Group { kind, choices }, position));
        }
    }
}

/// `[...]` at `start`; `None` if it is never closed, in which case the bracket stands for itself.
fn class(chars: &[(char, bool)], start: usize) -> Option<(Item, usize)> {
    let mut position = start + 1;
    let negated = matches!(chars.get(position), Some(('!' | '^', false)));
    if negated {
        position += 1;
    }
    let first = position;
    let mut members = Vec::new();
    loop {
        let &(c, quoted) = chars.get(position)?;
        if c == ']' && !quoted && position > first {
            return Some((Item::Class { negated, members }, position + 1));
        }
        if c == '[' && !quoted && chars.get(position + 1) == Some(&(':', false)) {
            let rest: String = chars[position + 2..].iter().map(|(c, _)| *c).collect();
            if let Some(end) = rest.find(":]") {
                members.push(Member::Named(rest[..end].to_owned()));
                position += 2 + rest[..end].chars().count() + 2;
                continue;
            }
        }
        let dash = chars.get(position + 1) == Some(&('-', false));
        match chars.get(position + 2) {
            Some(&(last, quoted)) if dash && (last != ']' || quoted) => {
                members.push(Member::Range(c, last));
                position += 3;
            }
            _ => {
                members.push(Member::Range(c, c));
                position += 1;
            }
        }
    }
}

impl Member {
    fn holds(&self, c: char) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&c),
            Self::Named(name) => match name.as_str() {
                "alpha" => c.is_alphabetic(),
                "digit" => c.is_ascii_digit(),
                "alnum" => c.is_alphanumeric(),
                "upper" => c.is_uppercase(),
                "lower" => c.is_lowercase(),
                "space" => c.is_ascii_whitespace() || c == '\u{b}',
                "blank" => matches!(c, ' ' | '\t'),
                "punct" => c.is_ascii_punctuation(),
                "xdigit" => c.is_ascii_hexdigit(),
                "cntrl" => c.is_control(),
                "print" => !c.is_control(),
                "graph" => !c.is_control() && !c.is_whitespace(),
                "word" => c.is_alphanumeric() || c == '_',
                _ => false,
            },
        }
    }
}

/// Whether `items` match a beginning of `text` such that `then` accepts what is left of it.
fn match_items(items: &[Item], text: &[char], then: &dyn Fn(&[char]) -> bool) -> bool {
    let Some((item, rest)) = items.split_first() else {
        return then(text);
    };
    match item {
        Item::Char(c) => text.split_first().is_some_and(|(first, left)| first == c && match_items(rest, left, then)),
        Item::AnyChar => text.split_first().is_some_and(|(_, left)| match_items(rest, left, then)),
        Item::AnyText => {
            // Several stars in a row are one: keeps hostile patterns from taking for ever.
            let rest = &rest[rest.iter().take_while(|item| **item == Item::AnyText).count()..];
            (0..=text.len()).any(|taken| match_items(rest, &text[taken..], then))
        }
        Item::Class { negated, members } => text.split_first().is_some_and(|(first, left)| {
            members.iter().any(|member| member.holds(*first)) != *negated && match_items(rest, left, then)
        }),
        Item::Group { kind, choices } => match_group(*kind, choices, rest, text, then),
    }
}

fn match_group(
    kind: char,
    choices: &[Vec<Item>],
    rest: &[Item],
    text: &[char],
    then: &dyn Fn(&[char]) -> bool,
) -> bool {
    let after = |left: &[char]| match_items(rest, left, then);
    let once = |then: &dyn Fn(&[char]) -> bool| choices.iter().any(|choice| match_items(choice, text, then));
    // A repetition that takes nothing would never end.
    let again = |left: &[char]| left.len() < text.len() && match_group('*', choices, rest, left, then);
    match kind {
        '@' => once(&after),
        '?' => after(text) || once(&after),
        '*' => after(text) || once(&again),
        '+' => once(&|left| after(left) || again(left)),
        _ => (0..=text.len()).any(|taken| {
            let whole = |choice: &Vec<Item>| match_items(choice, &text[..taken], &|left| left.is_empty());
            !choices.iter().any(whole) && after(&text[taken..])
        }),
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
    }
}
