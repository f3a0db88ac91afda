//! The simple commands of GRUB's scripts that the menu can depend on.

use super::interpreter::{Interpreter, Value};
use super::word::Word;
use super::{MAX_BYTES, blscfg, environment, script};

/// What a file costs, and a condition that may ask for one.
const FILE: usize = 2000;
const TEST: usize = 200;

impl Interpreter<'_> {
    /// Runs one; `None` if its status is known only while GRUB runs.
    pub(super) fn command(&mut self, name: &str, arguments: &[Value], words: &[Word]) -> Option<bool> {
        if self.load_part(name, arguments) {
            return None;
        }
        match name {
            "set" => words.get(1).into_iter().for_each(|word| self.assign(word)),
            "unset" => arguments.iter().flatten().for_each(|name| self.set(name, Some(String::new()))),
            "[" | "test" => {
                self.burn(TEST);
                let closed = name == "[" && arguments.last().is_some_and(|last| last.as_deref() == Some("]"));
                return self.test(&arguments[..arguments.len() - usize::from(closed)]);
            }
            "false" => return Some(false),
            "true" | "echo" | "insmod" | "export" | "save_env" | "terminal_input" | "terminal_output" => {}
            "load_env" => self.load_env(arguments),
            "source" | "." => self.source(arguments),
            "configfile" => {
                self.menu.clear();
                self.source(arguments);
            }
            "blscfg" => blscfg::run(self, arguments),
            "uki" => self.lose("GRUB's menu is made by its command `uki`"),
            "search" => self.found(arguments, Some("found")),
            "search.fs_uuid" | "search.fs_label" | "search.file" | "search.fs_uuid.gz" => {
                let variable = arguments.get(1).cloned().flatten().unwrap_or_else(|| "root".into());
                self.set(&variable, Some("found".into()));
            }
            "increment" | "decrement" | "read" => arguments.iter().flatten().for_each(|name| self.set(name, None)),
            "eval"
            | "legacy_source"
            | "extract_legacy_entries_source"
            | "extract_entries_source"
            | "return"
            | "break"
            | "continue"
            | "exit"
            | "normal_exit"
            | "normal"
            | "boot"
            | "halt"
            | "reboot" => {
                self.lose(format!("GRUB's configuration uses `{name}`, whose effect is known only while it runs"));
                return None;
            }
            _ => {
                self.found(arguments, None);
                return None;
            }
        }
        Some(true)
    }

    fn load_part(&mut self, name: &str, arguments: &[Value]) -> bool {
        let doubt = self.doubt > 0;
        self.loading.as_mut().is_some_and(|loading| {
            let taken = loading.command(name, arguments);
            loading.uncertain |= taken && doubt;
            taken
        })
    }

    /// Many commands store what they find: `--set=NAME`, `--set NAME`, `-s NAME`.
    fn found(&mut self, arguments: &[Value], value: Option<&str>) {
        for (at, argument) in arguments.iter().enumerate() {
            let name = match argument.as_deref() {
                // `regexp --set 1:NAME`
                Some("--set" | "-s") => arguments.get(at + 1).cloned().flatten(),
                Some(argument) => argument.strip_prefix("--set=").map(str::to_owned),
                None => None,
            };
            if let Some(name) = name {
                self.set(name.rsplit(':').next().unwrap_or_default(), value.map(str::to_owned));
            }
        }
    }

    fn load_env(&mut self, arguments: &[Value]) {
        self.burn(FILE);
        let (mut path, mut wanted) = (self.directory.join("grubenv"), Vec::new());
        let mut given = arguments.iter();
        while let Some(argument) = given.next() {
            let file = match argument.as_deref() {
                Some("-f" | "--file") => given.next().cloned().flatten(),
                Some(text) if text.starts_with("--file=") => Some(text["--file=".len()..].to_owned()),
                Some(text) if text.starts_with('-') => continue,
                Some(text) => {
                    wanted.push(text.to_owned());
                    continue;
                }
                None => None,
            };
            match file.map(|file| self.file(&file)) {
                Some((Some(found), _)) => path = found,
                Some((None, true)) => return,
                // A list of blocks outside of every file, where btrfs leaves room for it.
                _ => return ["next_entry", "saved_entry", "boot_once"].iter().for_each(|name| self.set(name, None)),
            }
        }
        match environment::load(self.partitions.root, &path) {
            Ok(all) => {
                let chosen = all.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
                chosen.for_each(|(name, value)| self.set(&name, Some(value)));
            }
            Err(reason) => self.lose(reason),
        }
    }

    fn source(&mut self, arguments: &[Value]) {
        let Some(Some(written)) = arguments.first() else {
            return self.lose("GRUB's configuration takes in a file that is known only then");
        };
        let path = match self.file(written) {
            (Some(path), _) => path,
            // GRUB says so, and goes on.
            (None, true) => return,
            (None, false) => {
                return self
                    .lose(format!("GRUB's configuration takes in `{written}`, which cannot be found from here"));
            }
        };
        let content = match self.partitions.root.read_bounded(&path, MAX_BYTES) {
            Ok(content) => content,
            Err(error) => return self.lose(error.to_string()),
        };
        // Looking for it, reading, and parsing.
        self.burn(FILE + 8 * content.len());
        match script::parse(&String::from_utf8_lossy(&content)) {
            Ok(block) => drop(self.nested(|inner| inner.run(&block))),
            Err(reason) => self.lose(format!("`{}` cannot be read: {reason}", path.display())),
        }
    }

    /// `test`, with `-a` before `-o`.
    fn test(&self, arguments: &[Value]) -> Option<bool> {
        let is = |argument: &Value, word: &str| argument.as_deref() == Some(word);
        let mut any = Some(false);
        for part in arguments.split(|argument| is(argument, "-o")) {
            let mut all = Some(true);
            for one in part.split(|argument| is(argument, "-a")) {
                all = match (all, self.primary(one)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
            }
            any = match (any, all) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        any
    }

    fn primary(&self, arguments: &[Value]) -> Option<bool> {
        match arguments {
            [] => Some(false),
            [first, rest @ ..] if first.as_deref() == Some("!") && !rest.is_empty() => self.primary(rest).map(|is| !is),
            [text] => text.as_ref().map(|text| !text.is_empty()),
            [operator, operand] => {
                let (operator, operand) = (operator.as_deref()?, operand.as_deref()?);
                match operator {
                    "-n" => Some(!operand.is_empty()),
                    "-z" => Some(operand.is_empty()),
                    "-s" | "-f" | "-e" | "-d" => self.file_test(operator, operand),
                    _ => None,
                }
            }
            [left, operator, right] => {
                let (left, right) = (left.as_deref()?, right.as_deref()?);
                let number = |text: &str| text.trim().parse::<i64>().ok();
                match operator.as_deref()? {
                    "=" | "==" => Some(left == right),
                    "!=" => Some(left != right),
                    "-eq" => Some(number(left)? == number(right)?),
                    "-ne" => Some(number(left)? != number(right)?),
                    "-lt" => Some(number(left)? < number(right)?),
                    "-le" => Some(number(left)? <= number(right)?),
                    "-gt" => Some(number(left)? > number(right)?),
                    "-ge" => Some(number(left)? >= number(right)?),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn file_test(&self, operator: &str, operand: &str) -> Option<bool> {
        let root = self.partitions.root;
        match self.file(operand) {
            (Some(path), _) => Some(match operator {
                "-s" => root.meta(&path).is_some_and(|meta| meta.size > 0),
                "-f" => root.is_file(&path),
                "-d" => root.is_dir(&path),
                _ => true,
            }),
            // Directories are not looked for.
            (None, certain) => (certain && operator != "-d").then_some(false),
        }
    }
}
