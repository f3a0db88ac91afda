//! Shell patterns, compared with what they mean as a regular expression.
#![no_main]

use dkms_conf::budget::Budget;
use dkms_conf::pattern::Pattern;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// Longer ones are only matched.
const COMPARED: usize = 64;

// A line with the pattern, then the text.
fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let (text, value) = input.split_once('\n').unwrap_or((&input, ""));
    let pattern = Pattern::new(text);
    within_limits(|| drop((pattern.matches(value), pattern.replace(value, "x", true, None, &Budget::new()))));
    if text.len() > COMPARED || value.len() > COMPARED || pattern.oddity().is_some() {
        return;
    }
    let budget = Budget::new();
    let Ok(matches) = pattern.matches_within(value, &budget) else { return };
    if let Some(expression) = expression(text) {
        let expression = regex::bytes::Regex::new(&expression).expect("a translated pattern");
        assert_eq!(matches, expression.is_match(value.as_bytes()), "{text:?} and {value:?}, {expression}");
    }
    for end in [false, true] {
        let Ok(rest) = pattern.trim(value, end, true, &budget) else { return };
        assert!(if end { value.as_bytes().starts_with(rest) } else { value.as_bytes().ends_with(rest) });
        assert!(value.is_empty() || rest.is_empty() == matches, "{text:?} takes all of {value:?} if it matches it");
    }
});

/// The pattern as a regular expression; `None` if it has what cannot be said in one, or brackets.
fn expression(pattern: &str) -> Option<String> {
    let (mut written, mut closings) = (String::from("(?s-u)^(?:"), Vec::new());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('[', _) | ('!', Some('(')) => return None,
            ('?' | '*' | '+' | '@', Some('(')) => {
                chars.next();
                written.push_str("(?:");
                closings.push(if c == '@' { ")".to_owned() } else { format!("){c}") });
            }
            ('|', _) if !closings.is_empty() => written.push('|'),
            (')', _) if !closings.is_empty() => written.push_str(&closings.pop()?),
            ('?', _) => written.push('.'),
            ('*', _) => written.push_str(".*"),
            ('\\', next) => {
                written.push_str(&regex::escape(next.unwrap_or(&'\\').encode_utf8(&mut [0; 4])));
                chars.next();
            }
            _ => written.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    closings.is_empty().then(|| written + ")$")
}
