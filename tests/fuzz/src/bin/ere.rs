//! Extended regular expressions, compared with another matcher where both take them alike.
#![no_main]

use dkms_conf::budget::Budget;
use dkms_conf::ere::{self, EreError};
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// Longer ones are only matched.
const COMPARED: usize = 64;

// A line with the expression, then the text.
fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    let (expression, text) = input.split_once('\n').unwrap_or((&input, ""));
    let matches = within_limits(|| ere::is_match_within(expression, text, &Budget::new()));
    if expression.len() > COMPARED || text.len() > COMPARED || !is_common(expression) {
        return;
    }
    let other = regex::bytes::Regex::new(&format!("(?s-u){expression}"));
    match (matches, other) {
        (Ok(ours), Ok(other)) => assert_eq!(ours, other.is_match(text.as_bytes()), "{expression:?} and {text:?}"),
        (Err(EreError::Invalid(why)), Ok(_)) => panic!("{expression:?} is one: {why}"),
        _ => {}
    }
});

/// Nothing in it means one thing to POSIX and another to a newer matcher: an operator has something before it, and not
/// another operator, which would make it a lazy one.
fn is_common(expression: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_/:.*+?()|^$".contains(c);
    let is_operator = |c: &u8| matches!(c, b'*' | b'+' | b'?');
    let pairs = expression.as_bytes().windows(2);
    expression.chars().all(is_plain)
        && !expression.bytes().next().as_ref().is_some_and(is_operator)
        && !pairs
            .into_iter()
            .any(|pair| matches!(pair[0], b'(' | b'|' | b'^' | b'$' | b'*' | b'+' | b'?') && is_operator(&pair[1]))
}
