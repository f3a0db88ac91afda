//! Backslash escapes: in `$'...'`, in a format of `printf`, in `echo -e` and `%b`.

/// Where the escapes stand: they differ in octal numbers and in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `$'...'`.
    Quotes,
    /// The format of `printf`.
    Format,
    /// `echo -e`, and the argument of `%b`.
    Text,
}

/// The text with its escapes replaced; `None` if one of them is not understood.
pub(super) fn unescape(text: &str, place: Place) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, length) = escape(&rest[at + 1..], place)?;
        match c {
            Some(c) => out.push(c),
            // No escape: the backslash stays.
            None => out.push_str(&rest[at..=at + length]),
        }
        rest = &rest[at + 1 + length..];
    }
    out.push_str(rest);
    Some(out)
}

/// The character that an escape stands for, and how long it is after its backslash.
fn escape(after: &str, place: Place) -> Option<(Option<char>, usize)> {
    let Some(first) = after.chars().next() else {
        return Some((None, 0));
    };
    let one = |c: char| Some((Some(c), first.len_utf8()));
    match first {
        'a' => one('\u{7}'),
        'b' => one('\u{8}'),
        'e' | 'E' => one('\u{1b}'),
        'f' => one('\u{c}'),
        'n' => one('\n'),
        'r' => one('\r'),
        't' => one('\t'),
        'v' => one('\u{b}'),
        '\\' => one('\\'),
        '"' | '\'' | '?' if place != Place::Text => one(first),
        '"' | '\'' | '?' => Some((None, 1)),
        'x' => number(&after[1..], 16, 2).map(|(c, length)| (Some(c), length + 1)),
        '0' if place == Place::Text => number(&after[1..], 8, 3).map(|(c, length)| (Some(c), length + 1)),
        '0'..='7' if place != Place::Text => number(after, 8, 3).map(|(c, length)| (Some(c), length)),
        '0'..='9' | 'c' | 'u' | 'U' => None,
        _ => Some((None, first.len_utf8())),
    }
}

/// A character by its number in the digits that come first. Only ASCII, and nothing that would end a text.
fn number(text: &str, base: u32, most: usize) -> Option<(char, usize)> {
    let length = text.chars().take(most).take_while(|c| c.is_digit(base)).count();
    let number = u8::from_str_radix(&text[..length], base).ok()?;
    (1..=0x7f).contains(&number).then_some((char::from(number), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_differ_with_the_place() {
        assert_eq!(unescape(r"a\tb\\n\q\", Place::Format).unwrap(), "a\tb\\n\\q\\");
        assert_eq!(unescape(r"\101\x42", Place::Format).unwrap(), "AB");
        assert_eq!(unescape(r"\0101\x4", Place::Text).unwrap(), "A\u{4}");
        assert_eq!(unescape(r#"\'\""#, Place::Quotes).unwrap(), "'\"");
        assert_eq!(unescape(r#"\'\""#, Place::Text).unwrap(), r#"\'\""#);
        for foreign in [r"\c", r"\u41", r"\0", r"\xff", r"\777"] {
            assert!(unescape(foreign, Place::Text).is_none(), "{foreign}");
        }
    }
}
