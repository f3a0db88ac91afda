//! How boot loaders order versions: which of two they take for the newer one.
//!
//! Neither is the order of dkms ([`dkms_conf::version`]), and they differ: GRUB's follows rpm, the other one is UAPI group's.

use std::cmp::Ordering;

/// Order of files that GRUB's `blscfg` finds: name, version and release, as in the name of a package, by rpm's rules
/// (rhboot/grub2 `grub-core/commands/blscfg.c`).
pub(super) fn packages(left: &str, right: &str) -> Ordering {
    let (left, right) = (fields(left), fields(right));
    left.iter().zip(right).map(|(left, right)| rpm(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn fields(text: &str) -> [&str; 3] {
    match text.rsplit_once('-') {
        None => [text, "", ""],
        Some((rest, last)) => match rest.rsplit_once('-') {
            None => [rest, last, ""],
            Some((name, version)) => [name, version, last],
        },
    }
}

fn rpm(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    let counts = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'+');
    while !left.is_empty() || !right.is_empty() {
        (left, right) = (skip(left, |byte| !counts(byte)), skip(right, |byte| !counts(byte)));
        let mut marked = false;
        for mark in [b'~', b'+'] {
            let (in_left, in_right) = (left.first() == Some(&mark), right.first() == Some(&mark));
            if !in_left && !in_right {
                continue;
            }
            if mark == b'+' && (left.is_empty() || right.is_empty()) {
                return left.len().cmp(&right.len());
            }
            if in_left != in_right {
                return in_right.cmp(&in_left);
            }
            (left, right) = (&left[1..], &right[1..]);
            marked = true;
            break;
        }
        if marked {
            continue;
        }
        let Some(first) = left.first().filter(|_| !right.is_empty()) else { break };
        let of_kind = if first.is_ascii_digit() { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let ((one, left_rest), (two, right_rest)) = (run(left, of_kind), run(right, of_kind));
        if two.is_empty() {
            return if first.is_ascii_digit() { Ordering::Greater } else { Ordering::Less };
        }
        let order = if first.is_ascii_digit() { numbers(one, two) } else { one.cmp(two) };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty().cmp(&right.is_empty()).reverse()
}

/// UAPI group's version format, as systemd-boot has it (`strverscmp_improved`).
pub(super) fn uapi(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    let counts = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'-' | b'^' | b'.');
    loop {
        (left, right) = (skip(left, |byte| !counts(byte)), skip(right, |byte| !counts(byte)));
        let has = |mark: u8| (left.first() == Some(&mark), right.first() == Some(&mark));
        let mut marked = false;
        for mark in *b"~-^." {
            if mark == b'-' && (left.is_empty() || right.is_empty()) {
                return left.len().cmp(&right.len());
            }
            let (in_left, in_right) = has(mark);
            if in_left != in_right {
                return in_right.cmp(&in_left);
            }
            if in_left {
                marked = true;
                break;
            }
        }
        if marked {
            (left, right) = (&left[1..], &right[1..]);
            continue;
        }
        let is_number = left[0].is_ascii_digit() || right[0].is_ascii_digit();
        let of_kind = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let ((one, left_rest), (two, right_rest)) = (run(left, of_kind), run(right, of_kind));
        let order = match is_number {
            true => (!one.is_empty()).cmp(&!two.is_empty()).then_with(|| numbers(one, two)),
            false => one.cmp(two),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
}

fn skip(text: &[u8], passed: impl Fn(&u8) -> bool) -> &[u8] {
    run(text, passed).1
}

fn run(text: &[u8], of_kind: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|&byte| of_kind(byte)).count())
}

fn numbers(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (skip(left, |&byte| byte == b'0'), skip(right, |&byte| byte == b'0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is newer than the one before it.
    fn ascending(compare: fn(&str, &str) -> Ordering, versions: &[&str]) {
        for (at, left) in versions.iter().enumerate() {
            for (other, right) in versions.iter().enumerate() {
                assert_eq!(compare(left, right), at.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn files_of_grub() {
        let id = "4f2c0e2d7e3a4b61a1e5b7a2b0a9c1d3";
        let files = ["0-rescue", "5.14.0-427.el9.x86_64", "6.9.12-200.fc40.x86_64", "6.11.2-300.fc41.x86_64"];
        let files = files.map(|version| format!("{id}-{version}"));
        ascending(packages, &files.each_ref().map(String::as_str));
        ascending(packages, &["k-6.1~rc1-1", "k-6.1-1", "k-6.1-2", "k-6.1+1-1"]);
        ascending(packages, &["a", "a-1", "a-1-2", "b"]);
    }

    #[test]
    fn versions_of_uapi() {
        // The format's own list (uapi-group/specifications, `version_format_specification.md`).
        ascending(
            uapi,
            &[
                "122.1",
                "123~rc1-1",
                "123",
                "123-a",
                "123-a.1",
                "123-1",
                "123-1.1",
                "123^post1",
                "123.a-1",
                "123.1-1",
                "123a-1",
                "124-1",
            ],
        );
        ascending(uapi, &["6.9.1", "6.12.0", "6.12.1-arch1-1", "6.12.1-arch1-2", "6.12.10-arch1-1"]);
        assert_eq!(uapi("007", "7"), Ordering::Equal);
    }

    #[test]
    fn whatever_is_compared_the_other_way_round_is_the_opposite() {
        let letters = ["", "1", "0", "a", ".", "~", "-", "+", "^", "_"];
        let three = |at: usize| [letters[at / 100], letters[at / 10 % 10], letters[at % 10]].concat();
        let all: Vec<String> = (0..1000).map(three).collect();
        for one in &all {
            assert_eq!(packages(one, one), Ordering::Equal);
            for other in &all {
                assert_eq!(uapi(one, other), uapi(other, one).reverse(), "{one} {other}");
                assert_eq!(rpm(one, other), rpm(other, one).reverse(), "{one} {other}");
            }
        }
    }
}
