//! Extended regular expressions in the language of the `regex` crate, which tells what groups took.
//!
//! The two differ in brackets (a backslash is literal there), in the escapes that letters have, and in what a second
//! repetition means. What cannot be translated faithfully (back-references, collating symbols) is an error.

use std::fmt::Write as _;

use crate::ere::EreError;

/// The expression for the library, in which some characters are quoted (`true`) and stand for themselves.
///
/// # Errors
/// If it is invalid, or uses what the translation does not cover.
pub(super) fn translate(chars: &[(char, bool)]) -> Result<String, EreError> {
    let mut out = String::new();
    // Where the atom begins that a repetition would apply to; a second repetition applies to atom and first one.
    let mut atom: Option<usize> = None;
    let mut repeated = false;
    let mut open = Vec::new();
    let mut position = 0;
    while let Some(&(c, quoted)) = chars.get(position) {
        position += 1;
        let start = out.len();
        match c {
            _ if quoted => literal(&mut out, c),
            '\\' => {
                let &(next, _) =
                    chars.get(position).ok_or_else(|| EreError::Invalid("trailing backslash".to_owned()))?;
                position += 1;
                escape(&mut out, next)?;
            }
            '[' => position = bracket(&mut out, chars, position)?,
            '*' | '+' | '?' | '{' => {
                let Some(begin) = atom else {
                    return Err(EreError::Invalid(format!("nothing to repeat before `{c}`")));
                };
                if repeated {
                    out.insert_str(begin, "(?:");
                    out.push(')');
                }
                position = repetition(&mut out, chars, position, c)?;
                repeated = true;
                continue;
            }
            '(' => {
                open.push(start);
                out.push('(');
                (atom, repeated) = (None, false);
                continue;
            }
            ')' => {
                let Some(begin) = open.pop() else {
                    return Err(EreError::Invalid("unmatched `)`".to_owned()));
                };
                out.push(')');
                (atom, repeated) = (Some(begin), false);
                continue;
            }
            '|' | '^' | '$' => {
                out.push(c);
                (atom, repeated) = (None, false);
                continue;
            }
            '.' => out.push('.'),
            _ => literal(&mut out, c),
        }
        (atom, repeated) = (Some(start), false);
    }
    Ok(out)
}

fn literal(out: &mut String, c: char) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn escape(out: &mut String, c: char) -> Result<(), EreError> {
    match c {
        'w' => out.push_str("[[:alnum:]_]"),
        'W' => out.push_str("[^[:alnum:]_]"),
        's' => out.push_str("[[:space:]]"),
        'S' => out.push_str("[^[:space:]]"),
        '1'..='9' | '<' | '>' | 'b' | 'B' | '`' | '\'' => {
            return Err(EreError::Unsupported(format!("\\{c}")));
        }
        _ => literal(out, c),
    }
    Ok(())
}

/// The repetition `c`, whose text goes on at `position`.
fn repetition(out: &mut String, chars: &[(char, bool)], position: usize, c: char) -> Result<usize, EreError> {
    if c != '{' {
        out.push(c);
        return Ok(position);
    }
    let body: String = chars[position..].iter().map(|(c, _)| *c).take_while(|c| *c != '}').collect();
    let closed = position + body.chars().count();
    let valid = chars.get(closed).is_some() && body.chars().all(|c| c.is_ascii_digit() || c == ',');
    if !valid || body.is_empty() || body.matches(',').count() > 1 || body == "," {
        return Err(EreError::Invalid(format!("`{{{body}` is no repetition")));
    }
    let lower = if body.starts_with(',') { "0" } else { "" };
    let _ = write!(out, "{{{lower}{body}}}");
    Ok(closed + 1)
}

/// A bracket expression whose text begins at `position`, after the `[`. Returns where it ends.
fn bracket(out: &mut String, chars: &[(char, bool)], mut position: usize) -> Result<usize, EreError> {
    out.push('[');
    if chars.get(position) == Some(&('^', false)) {
        out.push('^');
        position += 1;
    }
    let first = position;
    loop {
        let &(c, quoted) = chars.get(position).ok_or_else(|| EreError::Invalid("unmatched `[`".to_owned()))?;
        position += 1;
        match c {
            ']' if !quoted && position > first + 1 => break,
            '[' if !quoted && matches!(chars.get(position), Some((':', _))) => {
                let rest: String = chars[position..].iter().map(|(c, _)| *c).collect();
                let end = rest.find(":]").ok_or_else(|| EreError::Invalid("unmatched `[:`".to_owned()))?;
                let _ = write!(out, "[{}]", &rest[..=end]);
                position += rest[..end].chars().count() + 2;
            }
            '[' if !quoted && matches!(chars.get(position), Some(('.' | '=', _))) => {
                return Err(EreError::Unsupported("[. or [=".to_owned()));
            }
            '-' if !quoted => {
                let edge = position == first + 1 || matches!(chars.get(position), Some((']', false)));
                out.push_str(if edge { "\\-" } else { "-" });
            }
            _ if c.is_alphanumeric() => out.push(c),
            _ if c.is_ascii() => {
                let _ = write!(out, "\\x{{{:x}}}", c as u32);
            }
            _ => out.push(c),
        }
    }
    out.push(']');
    Ok(position)
}
