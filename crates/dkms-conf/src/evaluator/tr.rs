//! `tr`: one character for another, or none.

use super::machine::{Machine, Run};

impl Machine<'_> {
    /// `tr A B`, `tr -d A`, `tr -cd A`, `tr -s A`, `tr -s A B`.
    pub(super) fn tr(&mut self, arguments: &[&str]) -> Run<i32> {
        let options = arguments.iter().take_while(|argument| argument.starts_with('-') && argument.len() > 1).count();
        let (options, sets) = arguments.split_at(options);
        let letters: String = options.iter().map(|option| &option[1..]).collect();
        let Some(call) = Call::read(&letters, sets) else {
            return self.refuse("this use of `tr`");
        };
        let text = self.filtered_text(&[], "tr")?;
        let out = call.apply(&text);
        self.write(&out)?;
        Ok(0)
    }
}

/// A call of `tr`.
struct Call {
    first: Vec<char>,
    /// What the characters of the first set become.
    second: Option<Vec<char>>,
    delete: bool,
    squeeze: bool,
    complement: bool,
}

impl Call {
    fn read(letters: &str, sets: &[&str]) -> Option<Self> {
        if !letters.chars().all(|letter| "cCds".contains(letter)) {
            return None;
        }
        let (delete, squeeze) = (letters.contains('d'), letters.contains('s'));
        let complement = letters.contains(['c', 'C']);
        let (first, second) = match *sets {
            [first] if delete != squeeze => (first, None),
            // Which class stands for which decides what becomes of a letter.
            ["[:upper:]", "[:lower:]"] if !delete && !complement => ("A-Z", Some("a-z")),
            ["[:lower:]", "[:upper:]"] if !delete && !complement => ("a-z", Some("A-Z")),
            [first, second] if !delete && !complement && !second.contains("[:") => (first, Some(second)),
            _ => return None,
        };
        let second = match second {
            None => None,
            Some(second) => Some(set(second)?).filter(|second| !second.is_empty()),
        };
        if second.is_none() && sets.len() == 2 {
            return None;
        }
        let first = set(first)?;
        Some(Self { first, second, delete, squeeze, complement })
    }

    fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut last = None;
        for c in text.chars() {
            let place = self.first.iter().rposition(|of_set| *of_set == c);
            let chosen = place.is_some() != self.complement;
            if self.delete && chosen {
                continue;
            }
            let new = match (&self.second, place) {
                (Some(second), Some(place)) => second[place.min(second.len() - 1)],
                _ => c,
            };
            let squeezed = match &self.second {
                Some(second) => second.contains(&new),
                None => chosen,
            };
            if !(self.squeeze && squeezed && last == Some(new)) {
                out.push(new);
            }
            last = Some(new);
        }
        out
    }
}

/// The characters of a set in their order; `None` for what is written in a way that is rarely seen.
fn set(text: &str) -> Option<Vec<char>> {
    let mut chars = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(class) = rest.strip_prefix("[:") {
            let (name, after) = class.split_once(":]")?;
            let member: fn(&char) -> bool = match name {
                "alpha" => char::is_ascii_alphabetic,
                "digit" => char::is_ascii_digit,
                "alnum" => char::is_ascii_alphanumeric,
                "upper" => char::is_ascii_uppercase,
                "lower" => char::is_ascii_lowercase,
                "punct" => char::is_ascii_punctuation,
                "blank" => |c| matches!(c, ' ' | '\t'),
                "space" => |c| matches!(c, '\t'..='\r' | ' '),
                _ => return None,
            };
            chars.extend(('\0'..='\x7f').filter(member));
            rest = after;
            continue;
        }
        let (c, length) = member(rest)?;
        rest = &rest[length..];
        if !c.is_ascii() || (c == '[' && (rest.starts_with('=') || rest.chars().take(2).any(|c| c == '*'))) {
            return None;
        }
        let range = rest.strip_prefix('-').filter(|after| !after.is_empty());
        match range {
            Some(after) => {
                let (last, length) = member(after)?;
                if last < c || !last.is_ascii() || after.starts_with("[:") {
                    return None;
                }
                chars.extend(c..=last);
                rest = &after[length..];
            }
            None => chars.push(c),
        }
    }
    Some(chars)
}

/// One character, perhaps after a backslash, and how much text it takes.
fn member(text: &str) -> Option<(char, usize)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c != '\\' {
        return Some((c, c.len_utf8()));
    }
    match chars.next()? {
        'n' => Some(('\n', 2)),
        't' => Some(('\t', 2)),
        'r' => Some(('\r', 2)),
        c if c.is_ascii_punctuation() => Some((c, 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tr(letters: &str, sets: &[&str], text: &str) -> Option<String> {
        Some(Call::read(letters, sets)?.apply(text))
    }

    #[test]
    fn sets_and_options() {
        assert_eq!(tr("", &["a-c", "x"], "abcd").unwrap(), "xxxd");
        assert_eq!(tr("", &["[:upper:]", "[:lower:]"], "AbC").unwrap(), "abc");
        assert_eq!(tr("d", &["[:space:]-"], "a b-c\n").unwrap(), "abc");
        assert_eq!(tr("cd", &["0-9."], "v6.1-rc\n").unwrap(), "6.1");
        assert_eq!(tr("s", &[" "], "a   b").unwrap(), "a b");
        assert_eq!(tr("s", &["-.", " "], "6.-1").unwrap(), "6 1");
        assert_eq!(tr("", &["\\n\\\\", "  "], "a\n\\").unwrap(), "a  ");
        for (letters, sets) in [
            ("", &["a"][..]),
            ("", &["[:alpha:]", "[:upper:]"]),
            ("d", &["c-a"]),
            ("", &["[a*3]", "b"]),
            ("", &["[a\u{e4}", "b"]),
            ("t", &["a", "b"]),
        ] {
            assert!(tr(letters, sets, "a").is_none(), "{letters} {sets:?}");
        }
    }
}
