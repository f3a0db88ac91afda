//! `local`, `export`, `declare` and `unset`.

use super::machine::{Machine, Run};

impl Machine<'_> {
    /// `local NAME`, `export NAME=value`.
    pub(super) fn declare(&mut self, arguments: &[&str], local: bool) -> Run<i32> {
        for argument in arguments {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (*argument, None),
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return self.refuse(format!("a declaration of `{name}`"));
            }
            if local {
                self.make_local(name)?;
            }
            if let Some(value) = value {
                self.set(name, 0, value.to_owned())?;
            }
        }
        Ok(0)
    }

    pub(super) fn unset_names(&mut self, arguments: &[&str]) -> Run<i32> {
        for argument in arguments.iter().filter(|argument| **argument != "-v") {
            if argument.starts_with('-') {
                return self.refuse(format!("`unset {argument}`"));
            }
            let element = argument.strip_suffix(']').and_then(|argument| argument.split_once('['));
            let (name, index) = match element {
                Some((name, index)) => match index.parse() {
                    Ok(index) => (name, Some(index)),
                    Err(_) => return self.refuse(format!("`unset {argument}`")),
                },
                None => (*argument, None),
            };
            if self.functions.contains_key(name) {
                return self.refuse("`unset` of a function");
            }
            self.unset(name, index)?;
        }
        Ok(0)
    }
}
