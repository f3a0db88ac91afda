//! The command line that a kernel is booted with.

/// Words of a kernel's command line, as `lib/cmdline.c` of the kernel separates them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    words: Vec<(String, Option<String>)>,
}

impl CommandLine {
    /// Separates words at blanks outside of double quotes. What follows `--` is for init.
    pub fn parse(text: &str) -> Self {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for letter in text.chars().chain([' ']) {
            match letter {
                '"' => quoted = !quoted,
                letter if letter.is_whitespace() && !quoted => {
                    if word == "--" {
                        return Self { words };
                    }
                    if !word.is_empty() {
                        words.push(separate(&std::mem::take(&mut word)));
                    }
                }
                letter => word.push(letter),
            }
        }
        Self { words }
    }

    /// With the words of another one after its own.
    pub fn followed_by(mut self, other: Self) -> Self {
        self.words.extend(other.words);
        self
    }

    /// Values of every word of this name, in order; `None` for one without a value. `-` and `_` are the same in names.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Option<&'a str>> {
        let is_it = move |found: &str| found.bytes().map(dashed).eq(name.bytes().map(dashed));
        self.words.iter().filter(move |(found, _)| is_it(found)).map(|(_, value)| value.as_deref())
    }

    /// The last value of a name.
    pub fn last<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name).last().flatten()
    }

    /// Whether there is a word of this name.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether any word switches on what cannot be switched off again (`bool_enable_only`): bare, or with a value that
    /// `kstrtobool` takes for yes.
    pub fn switches_on(&self, name: &str) -> bool {
        let yes =
            |value: &str| matches!(value, "on" | "On" | "ON" | "oN") || value.starts_with(['1', 'y', 'Y', 't', 'T']);
        self.values(name).any(|value| value.is_none_or(yes))
    }
}

fn separate(word: &str) -> (String, Option<String>) {
    match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (word.to_owned(), None),
    }
}

fn dashed(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values() {
        let line =
            CommandLine::parse("quiet  root=UUID=7 dyndbg=\"file a.c +p\" lsm=a lsm=b\tmodule.sig_enforce -- efi=x\n");
        assert_eq!(line.last("root"), Some("UUID=7"));
        assert_eq!(line.last("dyndbg"), Some("file a.c +p"));
        assert_eq!(line.values("lsm").collect::<Vec<_>>(), [Some("a"), Some("b")]);
        assert!(line.has("quiet") && !line.has("efi"));
    }

    #[test]
    fn switches() {
        let is_on = |text: &str| CommandLine::parse(text).switches_on("module.sig_enforce");
        for text in [
            "module.sig_enforce",
            "module.sig-enforce=1",
            "module.sig_enforce=y",
            "module.sig_enforce=0 module.sig_enforce=on",
            "module.sig_enforce=1 module.sig_enforce=0",
        ] {
            assert!(is_on(text), "{text}");
        }
        for text in ["", "module.sig_enforce=0", "sig_enforce=1"] {
            assert!(!is_on(text), "{text}");
        }
    }
}
