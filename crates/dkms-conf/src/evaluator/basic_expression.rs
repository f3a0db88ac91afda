//! POSIX basic regular expressions, by way of translation to extended ones.
//!
//! The two differ in which characters are special with a backslash and which without. What GNU's tools understand besides
//! (`\+`, `\?`, `\|`) is understood too.

/// The extended expression that matches the same; `None` if it is not certain what the basic one means.
pub(super) fn to_extended(expression: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = expression;
    // Where an expression or a part of one begins, `*` is literal and `^` is an anchor.
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let begins = first;
        first = false;
        match c {
            '\\' => {
                let next = rest.chars().next()?;
                rest = &rest[next.len_utf8()..];
                match next {
                    '(' | '|' => {
                        out.push(next);
                        first = true;
                    }
                    ')' => out.push(next),
                    '+' | '?' | '{' if begins => return None,
                    '+' | '?' => out.push(next),
                    '{' => {
                        let (body, after) = rest.split_once("\\}")?;
                        out.extend(["{", body, "}"]);
                        rest = after;
                    }
                    // Meant by both dialects alike, or left to the extended one to refuse.
                    'w' | 'W' | 's' | 'S' | 'b' | 'B' | '<' | '>' => out.extend(['\\', next]),
                    _ if next.is_ascii_punctuation() && !matches!(next, '}' | '`' | '\'') => out.extend(['\\', next]),
                    _ => return None,
                }
            }
            '+' | '?' | '(' | ')' | '{' | '}' | '|' => out.extend(['\\', c]),
            '*' if begins => out.push_str("\\*"),
            '^' if begins => {
                out.push('^');
                first = true;
            }
            '^' => out.push_str("\\^"),
            '$' if !(rest.is_empty() || rest.starts_with("\\)") || rest.starts_with("\\|")) => out.push_str("\\$"),
            '[' => {
                let length = bracket(rest)?;
                out.push('[');
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// How long a bracket expression is, after its `[` and with its `]`: it means the same in both dialects.
pub(super) fn bracket(text: &str) -> Option<usize> {
    let mut at = usize::from(text.starts_with('^'));
    at += usize::from(text[at..].starts_with(']'));
    loop {
        let rest = &text[at..];
        match rest.chars().next()? {
            ']' => return Some(at + 1),
            '[' if rest.starts_with("[:") => at += rest.find(":]")? + 2,
            '[' if rest.starts_with("[.") || rest.starts_with("[=") => return None,
            c => at += c.len_utf8(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::to_extended;

    #[test]
    fn what_is_special_changes() {
        let rows = [
            (r"a\(b\|c\)*", "a(b|c)*"),
            (r"a+b?(c)", r"a\+b\?\(c\)"),
            (r"^*a*", r"^\*a*"),
            (r"a^b$c$", r"a\^b\$c$"),
            (r"\(^a$\)", "(^a$)"),
            (r"x\{1,3\}\+", "x{1,3}+"),
            (r"[]a[:digit:]\]\.", r"[]a[:digit:]\]\."),
        ];
        for (basic, extended) in rows {
            assert_eq!(to_extended(basic).as_deref(), Some(extended), "{basic}");
        }
        for foreign in [r"\n", r"\+a", r"[a", r"a\", r"x\{1", r"\1", r"[[.a.]]"] {
            assert!(to_extended(foreign).is_none(), "{foreign}");
        }
    }
}
