//! What a name stands for as a command: `command -v`, `type`, `which`; and names in paths.

use super::builtin::PROGRAM_DIRECTORIES;
use super::machine::{Machine, Run};
use super::path_words;
use crate::budget::Budget;
use crate::world::FileKind;

/// Words that bash knows itself. What is said about them differs from what is said about programs.
const WORDS_OF_BASH: &str = "! . : [ [[ ]] { } alias bg bind break builtin caller case cd command compgen complete compopt \
    continue coproc declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for \
    function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray \
    readonly return select set shift shopt source suspend test then time times trap true type typeset ulimit umask \
    unalias unset until wait while";

impl Machine<'_> {
    /// `command -v NAME`, and `command NAME`, which is no function.
    pub(super) fn command_(&mut self, arguments: &[&str]) -> Run<i32> {
        match arguments {
            ["-v", name] => self.say_command(name, "command"),
            [name, rest @ ..] if !name.starts_with('-') => {
                let rest: Vec<String> = rest.iter().map(|argument| (*argument).to_owned()).collect();
                self.builtin(name, &rest)?;
                Ok(self.status)
            }
            _ => self.refuse("this use of `command`"),
        }
    }

    /// `type NAME`, where what it says is thrown away, and `type -P NAME`.
    pub(super) fn type_(&mut self, arguments: &[&str]) -> Run<i32> {
        match arguments {
            ["-P", name] => self.say_command(name, "type"),
            [name] if self.output.is_none() && !name.starts_with('-') => self.say_command(name, "type"),
            _ => self.refuse("this use of `type`"),
        }
    }

    /// `which NAME`.
    pub(super) fn which(&mut self, arguments: &[&str]) -> Run<i32> {
        match arguments {
            // It is a program itself, and one that may be missing.
            [name] if !name.starts_with('-') && self.program("which")?.is_some() => match self.program(name)? {
                Some(path) => self.print(path),
                None => Ok(1),
            },
            _ => self.refuse("this use of `which`"),
        }
    }

    fn say_command(&mut self, name: &str, what: &str) -> Run<i32> {
        if WORDS_OF_BASH.split_ascii_whitespace().any(|word| word == name) || self.functions.contains_key(name) {
            return self.refuse(format!("`{what}` about a word of the shell"));
        }
        match self.program(name)? {
            Some(path) => self.print(path),
            None => Ok(1),
        }
    }

    /// The path of a program.
    fn program(&mut self, name: &str) -> Run<Option<String>> {
        if name.is_empty() || name.contains('/') {
            return self.refuse(format!("the program `{name}`"));
        }
        for directory in PROGRAM_DIRECTORIES {
            let path = format!("{directory}/{name}");
            self.charge(Budget::QUESTION)?;
            if self.world.kind(&path) == Some(FileKind::File) && self.world.is_executable(&path) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// `dirname PATH` and `basename PATH [SUFFIX]`.
    pub(super) fn path_part(&mut self, name: &str, arguments: &[&str]) -> Run<i32> {
        let arguments = arguments.strip_prefix(&["--"]).unwrap_or(arguments);
        let part = match (name, arguments) {
            (_, [first, ..]) if first.starts_with('-') => None,
            ("dirname", [path]) => Some(path_words::directory(path)),
            ("basename", [path]) => Some(path_words::file_name(path, "")),
            ("basename", [path, suffix]) => Some(path_words::file_name(path, suffix)),
            _ => None,
        };
        match part {
            Some(part) => self.print(part.to_owned()),
            None => self.refuse(format!("this use of `{name}`")),
        }
    }
}
