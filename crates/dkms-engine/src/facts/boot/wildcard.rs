//! Patterns in which boot loaders name entries: `*`, `?`, `[a-z]`, and `\` before a letter that means itself.

/// Longer patterns fit nothing.
const MAX_PATTERN: usize = 256;

/// Whether all of a text fits a pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().take(MAX_PATTERN + 1).collect();
    if pattern.len() > MAX_PATTERN {
        return false;
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    // Where the last `*` was, and what it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, read));
            at += 1;
            continue;
        }
        let Some(&letter) = text.get(read) else { return at == pattern.len() };
        match one(&pattern[at..], letter) {
            Some(length) => (at, read) = (at + length, read + 1),
            None => match &mut star {
                Some((behind, swallowed)) => {
                    *swallowed += 1;
                    (at, read) = (*behind, *swallowed);
                }
                None => return false,
            },
        }
    }
}

/// Length of the first part of a pattern, if the letter fits it.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', own, ..] => (*own == letter).then_some(2),
        ['[', set @ ..] => {
            // A `]` that comes first is one of the set.
            let end = 1 + set.iter().skip(1).position(|&found| found == ']')?;
            is_in(&set[..end], letter).then_some(end + 2)
        }
        [own, ..] => (*own == letter).then_some(1),
        [] => None,
    }
}

fn is_in(set: &[char], letter: char) -> bool {
    let mut rest = set;
    loop {
        rest = match rest {
            [] => return false,
            [first, '-', last, ..] if (first..=last).contains(&&letter) => return true,
            [_, '-', _, behind @ ..] => behind,
            [only, ..] if *only == letter => return true,
            [_, behind @ ..] => behind,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("arch-*", "arch-6.12"),
            ("*-6.*", "a-5-6.1"),
            ("?b", "ab"),
            ("[a-c]x[]y]", "bx]"),
            ("\\*", "*"),
            ("[a-]", "-"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a", "b"), ("a", "ab"), ("a*", "b"), ("?", ""), ("[a-c]", "d"), ("[", "["), ("\\*", "a"), ("*a", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(!matches(&"*".repeat(300), "a"));
        assert!(!matches(&"*a".repeat(128), &"a".repeat(127)));
    }
}
