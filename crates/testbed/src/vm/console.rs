//! What the machine wrote on its serial console.

use anyhow::{Context, Result};

/// The text of a whole run.
#[derive(Debug)]
pub(crate) struct Console {
    text: String,
}

impl Console {
    pub(crate) fn new(text: String) -> Console {
        Console { text }
    }

    /// An error with the last lines unless the machine said `vm: KEY VALUE`; the value.
    pub(crate) fn need<'a>(&self, key: &str, value: &'a str) -> Result<&'a str> {
        let wanted = format!("vm: {key} {value}");
        let said = self.lines().any(|line| line == wanted);
        said.then_some(value).with_context(|| format!("the machine never said `{key} {value}`:\n{}", self.tail()))
    }

    /// The rest of the line `vm: KEY MODULE VALUE`; empty if there is none.
    pub(crate) fn value(&self, key: &str, module: &str) -> String {
        let head = format!("vm: {key} {module} ");
        self.lines().find_map(|line| line.strip_prefix(&head)).unwrap_or_default().to_owned()
    }

    /// The last lines, without the escape sequences and blank lines of the firmware.
    pub(crate) fn tail(&self) -> String {
        let lines: Vec<&str> = self.lines().filter(|line| !line.is_empty() && !line.contains('\x1b')).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// A serial line ends with carriage return and line feed.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(str::trim_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console() -> Console {
        Console::new(
            "\x1b[2JSeaBIOS\r\n\r\nvm: kernel 6.1\r\nvm: version a 1.0\r\nvm: signer a DKMS module signing key\r\n"
                .into(),
        )
    }

    #[test]
    fn reads_what_was_said() {
        assert_eq!(console().need("kernel", "6.1").expect("said"), "6.1");
        assert_eq!(console().value("signer", "a"), "DKMS module signing key");
        assert_eq!(console().value("signer", "b"), "");
    }

    #[test]
    fn what_was_not_said_is_an_error_with_the_last_lines() {
        let error = console().need("loaded", "a").expect_err("not said").to_string();
        assert!(error.starts_with("the machine never said `loaded a`:\nvm: kernel 6.1\n"), "{error}");
    }
}
