//! What a command reads: the text of a pipe, of a redirection, of a file.

use super::machine::{Machine, Run};

impl Machine<'_> {
    /// Runs `body` with an input of its own; without one it shares that of the commands around it.
    pub(super) fn with_input<T>(&mut self, input: Option<String>, body: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        let Some(input) = input else {
            return body(self);
        };
        let before = self.input.replace(input);
        let result = body(self);
        self.input = before;
        result
    }

    /// All that is left of the input. After that there is nothing more to read, and what a command that stops early
    /// would have left over is not known.
    pub(super) fn whole_input(&mut self, command: &str) -> Run<String> {
        match self.input.take() {
            Some(text) => {
                self.input = Some(String::new());
                self.charge(text.len())?;
                Ok(text)
            }
            None => self.refuse(format!("`{command}` of the standard input")),
        }
    }

    /// What a filter works on: the one file, or the input. Only text that means the same in every locale.
    pub(super) fn filtered_text(&mut self, files: &[&str], command: &str) -> Run<String> {
        let text = match files {
            [] => self.whole_input(command)?,
            [path] => match self.content(path)? {
                Some(text) => text,
                None => return self.refuse(format!("`{command}` of `{path}`, which is missing")),
            },
            _ => return self.refuse(format!("`{command}` of several files")),
        };
        let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
        if !text.bytes().all(plain) {
            return self.refuse(format!("`{command}` of text that is not ASCII"));
        }
        Ok(text)
    }
}
