//! The commands that are understood: a few of bash's own, and those programs of which every machine knows the answer.

use super::escapes::{Place, unescape};
use super::machine::{Machine, Run, Stop};
use super::read_builtin::BLANKS;
use crate::budget::Budget;
use crate::world::FileKind;

/// Where a program is looked for.
pub(super) const PROGRAM_DIRECTORIES: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

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
            // A conf runs inside a function of dkms, where `declare` makes local.
            ("local" | "declare" | "typeset", _) => self.declare(&texts, true)?,
            ("export", _) => self.declare(&texts, false)?,
            ("unset", _) => self.unset_names(&texts)?,
            ("shopt", ["-s" | "-q", "extglob"]) => 0,
            ("." | "source", [path]) => return self.source(path),
            ("nproc", []) => self.print(self.world.cpu_count().to_string())?,
            ("uname", ["-r"]) => self.print(self.world.kernel_release())?,
            ("uname", ["-m"]) | ("arch", []) => self.print(self.world.machine())?,
            ("uname", ["-s"] | []) => self.print("Linux".to_owned())?,
            ("cat", _) => self.cat(&texts)?,
            ("printf", _) => self.printf(&texts)?,
            ("read", _) => self.read_line(&texts, BLANKS)?,
            ("let", _) => self.let_(&texts)?,
            ("break" | "continue", _) => self.leave_loops(name, &texts)?,
            ("command", _) => self.command_(&texts)?,
            ("type", _) => self.type_(&texts)?,
            ("which", _) => self.which(&texts)?,
            ("dirname" | "basename", _) => self.path_part(name, &texts)?,
            ("grep", _) => self.grep(&texts)?,
            ("sed", _) => self.sed(&texts)?,
            ("cut", _) => self.cut(&texts)?,
            ("tr", _) => self.tr(&texts)?,
            ("head" | "tail", _) => self.head_or_tail(name, &texts)?,
            ("sort", _) => self.sort(&texts)?,
            ("uniq", _) => self.uniq(&texts)?,
            ("wc", _) => self.count(&texts)?,
            // A line that holds nothing but the carriage return of a file from elsewhere.
            ("\r", []) => 127,
            _ => return self.refuse(format!("the command `{name}`")),
        };
        self.status = status;
        Ok(())
    }

    /// Writes a line.
    pub(super) fn print(&mut self, text: String) -> Run<i32> {
        self.write(&format!("{text}\n"))?;
        Ok(0)
    }

    fn echo(&mut self, arguments: &[&str]) -> Run<i32> {
        let (mut newline, mut escapes) = (true, false);
        let mut texts = arguments;
        while let [first, rest @ ..] = texts {
            let letters = first.strip_prefix('-').unwrap_or_default();
            if letters.is_empty() || !letters.chars().all(|letter| matches!(letter, 'n' | 'e' | 'E')) {
                break;
            }
            for letter in letters.chars() {
                match letter {
                    'n' => newline = false,
                    letter => escapes = letter == 'e',
                }
            }
            texts = rest;
        }
        self.charge(texts.iter().map(|text| text.len() + 1).sum())?;
        let mut text = texts.join(" ");
        if escapes {
            text = match unescape(&text, Place::Text) {
                Some(text) => text,
                None => return self.refuse("an unusual escape of `echo -e`"),
            };
        }
        if newline {
            text.push('\n');
        }
        self.write(&text)?;
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
        self.sourced = true;
        self.files.push(path.to_owned());
        let result = self.outside_loops(|machine| machine.deeper(|machine| machine.run_text(&text, Some(place))));
        self.files.pop();
        match result {
            Err(Stop::Return) => Ok(()),
            other => other,
        }
    }

    /// BASH_SOURCE: the file that is being run. Where a function is from is only known while there is one file.
    pub(super) fn running_file(&mut self) -> Run<Vec<String>> {
        match self.files.last().filter(|_| !self.sourced || self.scopes.len() == 1) {
            Some(path) => Ok(vec![path.clone()]),
            None => self.refuse("BASH_SOURCE where it is not certain"),
        }
    }

    fn cat(&mut self, arguments: &[&str]) -> Run<i32> {
        let mut status = 0;
        if arguments.is_empty() {
            let text = self.whole_input("cat")?;
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
}
