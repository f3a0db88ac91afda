//! Comparing versions as dkms does, the same on every machine.
//!
//! The original pads runs of one or two digits to three and compares the texts in the collation of the user's
//! locale, which goes wrong from four digits on. Here runs of digits are numbers of any length and everything else is
//! compared by byte; where every run has at most three digits the order is the original's in the C locale. So
//! `4.12-rc1` is later than `4.12`.

use std::cmp::Ordering;

/// Orders two versions.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    loop {
        let (left_digits, right_digits) = (digits(left), digits(right));
        let order = if left_digits > 0 && right_digits > 0 {
            let order = compare_numbers(&left[..left_digits], &right[..right_digits]);
            (left, right) = (&left[left_digits..], &right[right_digits..]);
            order
        } else {
            let order = left.first().cmp(&right.first());
            if left.is_empty() || right.is_empty() {
                return order;
            }
            (left, right) = (&left[1..], &right[1..]);
            order
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Whether a kernel release is at least as new as the release that made a module superfluous. That one is a base
/// version and perhaps the number of an interface after a `-`, which only counts between equal base versions.
#[must_use]
pub fn is_obsoleted(kernel: &str, obsolete_by: &str) -> bool {
    let (kernel_base, kernel_abi) = split_abi(kernel);
    let (base, abi) = split_abi(obsolete_by);
    match compare(kernel_base, base) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => match (kernel_abi, abi) {
            (Some(kernel_abi), Some(abi)) => compare(kernel_abi, abi).is_ge(),
            _ => true,
        },
    }
}

/// `6.1.0-13-amd64` is base `6.1.0` with interface `13`.
fn split_abi(release: &str) -> (&str, Option<&str>) {
    let mut fields = release.split('-');
    (fields.next().unwrap_or_default(), fields.next())
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn compare_numbers(left: &[u8], right: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len());
    let (left, right) = (&left[significant(left)..], &right[significant(right)..]);
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use proptest::prelude::*;

    /// The original's rule, in the C locale.
    fn padded(version: &str) -> String {
        let mut out = String::new();
        let mut run = String::new();
        for c in version.chars().chain(['\n']) {
            if c.is_ascii_digit() {
                run.push(c);
                continue;
            }
            if !run.is_empty() {
                let _ = write!(out, "{run:0>3}");
                run.clear();
            }
            out.push(c);
        }
        out.pop();
        out
    }

    #[test]
    fn runs_of_digits_are_numbers() {
        assert_eq!(compare("6.9", "6.12"), Ordering::Less);
        assert_eq!(compare("999", "1000"), Ordering::Less);
        assert_eq!(compare("20240101", "535.1"), Ordering::Greater);
        assert_eq!(compare("535.104.05", "535.104.5"), Ordering::Equal);
        assert_eq!(compare("99999999999999999999999", "100000000000000000000000"), Ordering::Less);
    }

    #[test]
    fn a_release_candidate_is_later_than_its_release() {
        assert_eq!(compare("4.12-rc1", "4.12"), Ordering::Greater);
        assert_eq!(compare("3.5-rc2", "3.5"), Ordering::Greater);
    }

    #[test]
    fn the_interface_counts_only_between_equal_bases() {
        assert!(is_obsoleted("6.2.0-1-amd64", "6.1.0-13"));
        assert!(is_obsoleted("6.1.0-13-amd64", "6.1.0-13"));
        assert!(is_obsoleted("6.1.0-13-amd64", "6.1.0"));
        assert!(!is_obsoleted("6.1.0-9-amd64", "6.1.0-13"));
        assert!(!is_obsoleted("6.0.9-50-amd64", "6.1.0-13"));
    }

    proptest! {
        #[test]
        fn equals_the_original_up_to_three_digits(
            left in "([0-9]{1,3}[.a-z~+-]{1,2}){0,4}[0-9]{0,3}",
            right in "([0-9]{1,3}[.a-z~+-]{1,2}){0,4}[0-9]{0,3}",
        ) {
            prop_assert_eq!(compare(&left, &right), padded(&left).cmp(&padded(&right)));
        }
    }
}
