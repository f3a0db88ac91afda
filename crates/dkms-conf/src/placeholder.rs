//! Names and versions that a step of packaging was to fill in and did not.
//!
//! Templates of `dkms.conf` are filled in by `dh_dkms` (`#MODULE_VERSION#`), autoconf (`@VERSION@`), recipes of packages
//! (`%{version}`) and scripts of all kinds. What is left reaches users: every version of such a package has the same name.

/// The first placeholder in a text, if there is one.
#[must_use]
pub fn placeholder(text: &str) -> Option<&str> {
    text.char_indices().find_map(|(start, c)| {
        let rest = &text[start..];
        let end = match c {
            '#' | '@' | '%' if !rest[1..].starts_with('{') => fenced(rest, c)?,
            '%' | '$' if rest[1..].starts_with('{') => rest.find('}')? + 1,
            '{' if rest.starts_with("{{") => rest.find("}}")? + 2,
            '$' if rest.starts_with("$(") => rest.find(')')? + 1,
            '$' => 1 + word(&rest[1..])?,
            '`' => rest[1..].find('`')? + 2,
            _ => return None,
        };
        rest.get(..end)
    })
}

/// The length of a word between two of the same mark.
fn fenced(text: &str, mark: char) -> Option<usize> {
    let length = word(&text[1..])?;
    text[1 + length..].starts_with(mark).then_some(length + 2)
}

/// The length of the name of a variable.
fn word(text: &str) -> Option<usize> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    (length > 0 && !text.starts_with(|c: char| c.is_ascii_digit())).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_to_be_filled_in_is_found() {
        for (text, found) in [
            ("#MODULE_VERSION#", "#MODULE_VERSION#"),
            ("1.0-@PKGVER@", "@PKGVER@"),
            ("%{version}", "%{version}"),
            ("%VERSION%", "%VERSION%"),
            ("{{ version }}-1", "{{ version }}"),
            ("$(git describe)", "$(git describe)"),
            ("${VERSION}", "${VERSION}"),
            ("$VERSION", "$VERSION"),
            ("`cat VERSION`", "`cat VERSION`"),
        ] {
            assert_eq!(placeholder(text), Some(found), "{text}");
        }
    }

    #[test]
    fn versions_of_all_kinds_are_none() {
        for text in [
            "1.0",
            "0~20241120+git-1",
            "1:2.0#3",
            "2@home",
            "50%",
            "r1234.abc@",
            "#",
            "é@",
            "{1}",
            "KERNEL_VERSION",
            "",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
