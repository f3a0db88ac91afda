//! `grep` as it is used in conditions: whether some line of a text matches.

use crate::ere;

/// A call of `grep -q`.
pub(super) struct Question<'a> {
    pub(super) expression: &'a str,
    pub(super) path: Option<&'a str>,
    dialect: Dialect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Basic,
    Extended,
    Fixed,
}

impl<'a> Question<'a> {
    /// Reads the arguments; `None` if they ask for more than whether there is a match.
    pub(super) fn read(arguments: &[&'a str]) -> Option<Self> {
        let mut quiet = false;
        let mut dialect = Dialect::Basic;
        let mut rest = arguments;
        while let Some((first, others)) = rest.split_first() {
            let Some(letters) = first.strip_prefix('-') else { break };
            for letter in letters.chars() {
                match letter {
                    'q' => quiet = true,
                    's' => {}
                    'E' => dialect = Dialect::Extended,
                    'F' => dialect = Dialect::Fixed,
                    _ => return None,
                }
            }
            rest = others;
            if letters.is_empty() {
                return None;
            }
        }
        match rest {
            [expression] if quiet => Some(Self { expression, path: None, dialect }),
            [expression, path] if quiet && !path.starts_with('-') => {
                Some(Self { expression, path: Some(path), dialect })
            }
            _ => None,
        }
    }

    /// Whether some line matches; `None` if the expression is not understood.
    pub(super) fn is_answered_by(&self, text: &str) -> Option<bool> {
        if self.expression.contains('\n') || text.contains('\r') {
            return None;
        }
        let expression = match self.dialect {
            Dialect::Fixed => return Some(text.lines().any(|line| line.contains(self.expression))),
            Dialect::Extended => self.expression.to_owned(),
            Dialect::Basic => basic_to_extended(self.expression)?,
        };
        let expression = ere::compile(&expression).ok()?;
        Some(text.lines().any(|line| expression.is_match(line)))
    }
}

/// Basic expressions differ in which characters are special without a backslash. Only those are translated whose
/// backslashes stand before punctuation that is literal anyway.
fn basic_to_extended(expression: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = expression.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                next @ ('.' | '*' | '[' | ']' | '^' | '$' | '\\' | '/') => out.extend(['\\', next]),
                _ => return None,
            },
            '+' | '?' | '(' | ')' | '{' | '}' | '|' => out.extend(['\\', c]),
            '*' if first => out.push_str("\\*"),
            '^' if !first => out.push_str("\\^"),
            '$' if chars.peek().is_some() => out.push_str("\\$"),
            '[' => {
                out.push('[');
                // Up to the closing bracket both dialects agree.
                let mut members = 0;
                loop {
                    let member = chars.next()?;
                    if member == '[' {
                        return None;
                    }
                    out.push(member);
                    if member == ']' && members > 0 {
                        break;
                    }
                    members += usize::from(!(member == '^' && members == 0));
                }
            }
            _ => out.push(c),
        }
        first = false;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(arguments: &[&str], text: &str) -> Option<bool> {
        Question::read(arguments)?.is_answered_by(text)
    }

    #[test]
    fn questions_about_a_configuration() {
        let text = "CONFIG_A=y\n# CONFIG_B is not set\nvoid f(int x);\n";
        assert_eq!(asks(&["-q", "^CONFIG_A=y"], text), Some(true));
        assert_eq!(asks(&["-qs", "CONFIG_A=[ym]$"], text), Some(true));
        assert_eq!(asks(&["-q", "f(int"], text), Some(true));
        assert_eq!(asks(&["-qE", "^CONFIG_(B|C)="], text), Some(false));
        assert_eq!(asks(&["-qF", "A=."], text), Some(false));
    }

    #[test]
    fn more_than_a_question_is_not_understood() {
        assert!(asks(&["CONFIG_A"], "").is_none());
        assert!(asks(&["-q", "\\(a\\)"], "a").is_none());
        assert!(asks(&["-c", "a", "f"], "a").is_none());
    }
}
