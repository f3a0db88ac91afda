//! The commands that are understood: a few of bash's own, and those programs of which every machine knows the answer.

use super::filter;
use super::machine::{Machine, Run, Stop};
use super::version_sort;
use crate::budget::Budget;
use crate::world::FileKind;

/// Where a program is looked for.
const PROGRAM_DIRECTORIES: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

impl Machine<'_> {
    /// Runs a command by name.
    pub(super) fn builtin(&mut self, name: &str, arguments: &[String]) -> Run<()> {
        self.charge(16 * arguments.len())?;
        let texts: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let status = match (name, texts.as_slice()) {
            (":" | "true", _) => 0,
            ("false", _) => 1,
            ("echo", _) => self.echo(&texts)?,
            ("[", [inner @ .., "]"]) => i32::from(!self.test(inner)?),
            ("test", _) => i32::from(!self.test(&texts)?),
            ("return", []) => return self.return_(self.status),
            ("return", [number]) => match number.parse::<i32>() {
                Ok(status) => return self.return_(status & 255),
                Err(_) => return self.refuse(format!("`return {number}`")),
            },
            ("local", _) => self.declare(&texts, true)?,
            ("export", _) => self.declare(&texts, false)?,
            ("unset", _) => self.unset_names(&texts)?,
            ("shopt", ["-s" | "-q", "extglob"]) => 0,
            ("." | "source", [path]) => return self.source(path),
            ("nproc", []) => self.print(self.world.cpu_count().to_string())?,
            ("uname", ["-r"]) => self.print(self.world.kernel_release())?,
            ("uname", ["-m"]) => self.print(self.world.machine())?,
            ("cat", _) => self.cat(&texts)?,
            ("grep", _) => self.grep(&texts)?,
            ("sort", _) => self.sort(&texts)?,
            // A line that holds nothing but the carriage return of a file from elsewhere.
            ("\r", []) => 127,
            _ => return self.refuse(format!("the command `{name}`")),
        };
        self.status = status;
        Ok(())
    }

    fn print(&mut self, text: String) -> Run<i32> {
        self.write(&format!("{text}\n"))?;
        Ok(0)
    }

    fn echo(&mut self, arguments: &[&str]) -> Run<i32> {
        let (newline, texts) = match arguments {
            ["-n", texts @ ..] => ("", texts),
            texts => ("\n", texts),
        };
        let is_option = |text: &&str| {
            text.len() > 1 && text.starts_with('-') && text[1..].chars().all(|c| matches!(c, 'n' | 'e' | 'E'))
        };
        if texts.first().is_some_and(is_option) {
            return self.refuse("an option of `echo`");
        }
        self.charge(texts.iter().map(|text| text.len() + 1).sum())?;
        self.write(&format!("{}{newline}", texts.join(" ")))?;
        Ok(0)
    }

    /// `local NAME`, `export NAME=value`.
    fn declare(&mut self, arguments: &[&str], local: bool) -> Run<i32> {
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

    fn unset_names(&mut self, arguments: &[&str]) -> Run<i32> {
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

    /// A file that is not there is no more than status 1.
    fn source(&mut self, path: &str) -> Run<()> {
        // bash looks for a name without slash among the programs first.
        self.charge(Budget::QUESTION)?;
        let programs = PROGRAM_DIRECTORIES.iter().map(|directory| format!("{directory}/{path}"));
        if !path.contains('/') && programs.into_iter().any(|program| self.world.kind(&program) == Some(FileKind::File))
        {
            return self.refuse(format!("`source {path}`, which is the name of a program"));
        }
        let Some(text) = self.content(path)? else {
            self.status = 1;
            return Ok(());
        };
        let place = self.offset;
        self.status = 0;
        match self.deeper(|machine| machine.run_text(&text, Some(place))) {
            Err(Stop::Return) => Ok(()),
            other => other,
        }
    }

    fn cat(&mut self, arguments: &[&str]) -> Run<i32> {
        let mut status = 0;
        if arguments.is_empty() {
            let text = self.piped_text("cat")?;
            self.write(&text)?;
        }
        for path in arguments {
            if path.starts_with('-') {
                return self.refuse("an option of `cat`");
            }
            match self.content(path)? {
                Some(text) => self.write(&text)?,
                None => status = 1,
            }
        }
        Ok(status)
    }

    /// Only the question whether there is a match.
    fn grep(&mut self, arguments: &[&str]) -> Run<i32> {
        let Some(question) = filter::Question::read(arguments) else {
            return self.refuse("this use of `grep`");
        };
        let text = match question.path {
            Some(path) => match self.content(path)? {
                Some(text) => text,
                None => return Ok(2),
            },
            None => self.piped_text("grep")?,
        };
        match question.is_answered_by(&text) {
            Some(found) => Ok(i32::from(!found)),
            None => self.refuse(format!("the expression `{}` of `grep`", question.expression)),
        }
    }

    /// `sort -V -C`: only the question whether lines are in the order of versions.
    fn sort(&mut self, arguments: &[&str]) -> Run<i32> {
        match arguments {
            ["-V", "-C"] | ["-C", "-V"] | ["-VC"] | ["-CV"] => {
                let text = self.piped_text("sort")?;
                self.charge(8 * text.len())?;
                let lines: Vec<&str> = text.lines().collect();
                Ok(i32::from(!lines.windows(2).all(|pair| version_sort::compare(pair[0], pair[1]).is_le())))
            }
            _ => self.refuse("this use of `sort`"),
        }
    }

    fn piped_text(&mut self, command: &str) -> Run<String> {
        match self.piped()? {
            Some(text) => Ok(text),
            None => self.refuse(format!("`{command}` of the standard input")),
        }
    }
}
