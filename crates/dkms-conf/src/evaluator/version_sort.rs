//! The order of `sort -V` in the C locale, after the description of version sort in the manual of GNU coreutils.
//!
//! It is not the order that dkms itself compares versions in ([`crate::version`]).

use std::cmp::Ordering;

/// Orders two lines as `sort -V` does.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let special = |text: &str| match text {
        "" => 0,
        "." => 1,
        ".." => 2,
        _ if text.starts_with('.') => 3,
        _ => 4,
    };
    let (left_rank, right_rank) = (special(left), special(right));
    if left_rank != right_rank || left_rank < 3 {
        return left_rank.cmp(&right_rank);
    }
    let by_stem = by_version(stem(left).as_bytes(), stem(right).as_bytes());
    by_stem
        .then_with(|| by_version(left.as_bytes(), right.as_bytes()))
        .then_with(|| left.as_bytes().cmp(right.as_bytes()))
}

/// The text without what looks like file name suffixes: at its end, a dot and a letter or `~`, then letters, digits
/// and `~`, any number of times.
fn stem(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    loop {
        let word = bytes[..end].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'~').count();
        let start = end - word;
        let is_suffix = word > 0 && start > 1 && bytes[start - 1] == b'.' && !bytes[start].is_ascii_digit();
        if !is_suffix {
            return &text[..end];
        }
        end = start - 1;
    }
}

fn by_version(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        loop {
            let (l, r) = (non_digit(left), non_digit(right));
            if l.is_none() && r.is_none() {
                break;
            }
            let order = weight(left.first().copied()).cmp(&weight(right.first().copied()));
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[1..], &right[1..]);
        }
        let (left_digits, right_digits) = (digits(left), digits(right));
        let order = number(&left[..left_digits]).cmp(&number(&right[..right_digits]));
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[left_digits..], &right[right_digits..]);
    }
    Ordering::Equal
}

fn non_digit(text: &[u8]) -> Option<u8> {
    text.first().copied().filter(|byte| !byte.is_ascii_digit())
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Numbers of any length: first by the number of digits, then by the digits.
fn number(digits: &[u8]) -> (usize, &[u8]) {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (digits.len() - zeros, &digits[zeros..])
}

/// `~` before the end, the end and digits before letters, letters before all else.
fn weight(byte: Option<u8>) -> (u8, u8) {
    match byte {
        Some(b'~') => (0, 0),
        None => (1, 0),
        Some(byte) if byte.is_ascii_digit() => (1, 0),
        Some(byte) if byte.is_ascii_alphabetic() => (2, byte),
        Some(byte) => (3, byte),
    }
}
