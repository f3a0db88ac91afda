//! A value of `framework.conf`: text with variables that are put in when it is used.

/// Text and variables in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// A text without variables.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())] }
    }

    /// A text in which `$name` and `${name}` are variables and nothing is quoted: the defaults of the table.
    #[must_use]
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader::new(text);
        let mut template = Self::default();
        while let Some(c) = reader.next() {
            match c {
                '$' => template.variable(&mut reader).unwrap_or_else(|_| template.push('$')),
                _ => template.push(c),
            }
        }
        template
    }

    /// One shell word: quotes are taken off, and also in single quotes `$name` is a variable, as it always was in this
    /// file. What a shell would have to run is refused.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        let mut reader = Reader::new(word);
        let mut template = Self::default();
        let mut quote = None;
        while let Some(c) = reader.next() {
            match (c, quote) {
                ('\'' | '"', None) => quote = Some(c),
                (_, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) => {
                    let next = reader.next().ok_or("a backslash ends it")?;
                    if quote.is_some() && !matches!(next, '$' | '`' | '"' | '\\') {
                        template.push('\\');
                    }
                    template.push(next);
                }
                ('$', _) => template.variable(&mut reader)?,
                ('`', None | Some('"')) => return Err("commands are not run here".to_owned()),
                (' ' | '\t', None) => {
                    let rest = reader.rest.trim_start();
                    if rest.is_empty() || rest.starts_with('#') {
                        break;
                    }
                    return Err(format!("`{rest}` follows the value; put a value with blanks in quotes"));
                }
                (';' | '&' | '|' | '<' | '>' | '(' | ')', None) => {
                    return Err(format!("`{c}` belongs in quotes"));
                }
                _ => template.push(c),
            }
        }
        if quote.is_some() { Err("a quote is not closed".to_owned()) } else { Ok(template) }
    }

    /// The text for these variables; one that is not known is empty.
    #[must_use]
    pub fn expand(&self, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => variable(name).unwrap_or_default(),
        };
        self.parts.iter().map(text).collect()
    }

    /// No text and no variable.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty()))
    }

    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    /// What stands after a `$`.
    fn variable(&mut self, reader: &mut Reader<'_>) -> Result<(), String> {
        let braced = reader.rest.strip_prefix('{');
        let after = braced.unwrap_or(reader.rest);
        let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, left) = after.split_at(length);
        let left = if braced.is_some() { left.strip_prefix('}') } else { Some(left) };
        match left {
            Some(left) if !name.is_empty() => {
                self.parts.push(Part::Variable(name.to_owned()));
                reader.rest = left;
                Ok(())
            }
            _ => Err("only plain variables such as `$kernelver` can be used here; commands are not run".to_owned()),
        }
    }
}

/// The characters still to be read.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(word: &str) -> Result<String, String> {
        Ok(Template::parse(word)?.expand(&|name| (name == "kernelver").then(|| "6.1".to_owned())))
    }

    #[test]
    fn quotes_and_variables() {
        assert_eq!(expanded(r#""/a/${kernelver}/b""#).unwrap(), "/a/6.1/b");
        assert_eq!(expanded("'a b'\"$kernelver\"c # why").unwrap(), "a b6.1c");
        assert_eq!(expanded(r"a\ b").unwrap(), "a b");
        assert_eq!(expanded("$unknown").unwrap(), "");
    }

    #[test]
    fn what_would_run_is_refused() {
        for bad in ["$(date)", "`date`", "a b", "a;b", "${a:-b}", "'a", "a\\"] {
            assert!(expanded(bad).is_err(), "{bad}");
        }
    }
}
