//! What a script of GRUB leaves behind: its variables and its menu.
//!
//! Some of what a script asks is known only to GRUB while it runs. Such a value is *unknown*, not empty: what depends on it
//! is followed both ways, and becomes unknown where these differ. Nothing of this is a guess.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::kernel::Loading;
use super::menu::{Item, Leads, Rules};
use super::script::{Block, Statement};
use super::word::{Part, Word};
use crate::facts::boot::entry::Entry;
use crate::facts::boot::partitions::Partitions;

/// What may be worked through, in letters; the largest menus are a hundredth of it.
const FUEL: usize = 16 << 20;
/// What an entry, for which files are looked for, a call, and any other command cost.
pub(super) const ENTRY: usize = 4000;
const CALL: usize = 200;
const COMMAND: usize = 10;
/// Functions, entries and files within one another.
const MAX_DEPTH: usize = 16;
/// The device that the directory of the script is on, in paths.
pub(super) const PREFIX: &str = "(prefix)";

/// A value, or nothing where it is not known.
pub(super) type Value = Option<String>;

pub(super) struct Interpreter<'a> {
    pub(super) partitions: &'a Partitions<'a>,
    /// Where the script is.
    pub(super) directory: &'a Path,
    pub(super) variables: HashMap<String, Value>,
    functions: HashMap<String, Block>,
    /// What variables were before an entry changed them.
    undo: Vec<(String, Option<Value>)>,
    scopes: usize,
    /// Conditions that are not known and that the present command depends on.
    pub(super) doubt: usize,
    depth: usize,
    fuel: usize,
    pub(super) menu: Vec<Item>,
    pub(super) entries: Vec<Entry>,
    /// The kernel of the entry that is being looked at.
    pub(super) loading: Option<Loading>,
    pub(super) rules: Rules,
    /// Why nothing can be told of the menu.
    pub(super) lost: Option<String>,
}

impl<'a> Interpreter<'a> {
    pub(super) fn new(partitions: &'a Partitions<'a>, directory: &'a Path, efi: bool) -> Self {
        let known = [("prefix", PREFIX), ("config_directory", PREFIX), ("root", "root")];
        let mut variables: HashMap<String, Value> =
            known.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        variables.insert("grub_platform".into(), efi.then(|| "efi".to_owned()));
        Self {
            partitions,
            directory,
            variables,
            functions: HashMap::new(),
            undo: Vec::new(),
            scopes: 0,
            doubt: 0,
            depth: 0,
            fuel: FUEL,
            menu: Vec::new(),
            entries: Vec::new(),
            loading: None,
            rules: Rules::Upstream,
            lost: None,
        }
    }

    /// Says why nothing can be told; of an entry alone, if one is being looked at.
    pub(super) fn lose(&mut self, reason: impl Into<String>) {
        match &mut self.loading {
            Some(loading) => loading.uncertain = true,
            None => drop(self.lost.get_or_insert_with(|| reason.into())),
        }
    }

    pub(super) fn value(&self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let at_run_time = ["net_", "pxe_"].iter().any(|prefix| name.starts_with(prefix))
            || matches!(name, "?" | "@" | "*" | "#" | "grub_cpu" | "cmdpath" | "lockdown" | "shim_lock" | "chosen")
            || name.starts_with(|letter: char| letter.is_ascii_digit());
        match (at_run_time, name.starts_with("feature_")) {
            (true, _) => None,
            // What every release since 2.00 can do.
            (false, true) => Some("y".into()),
            (false, false) => Some(String::new()),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let value = if self.doubt > 0 && self.value(name) != value { None } else { value };
        let before = self.variables.insert(name.to_owned(), value);
        if self.scopes > 0 {
            self.undo.push((name.to_owned(), before));
        }
    }

    /// A file that a script names, and whether it is certain that this is the one or that there is none.
    pub(super) fn file(&self, written: &str) -> (Option<PathBuf>, bool) {
        if let Some(inside) = written.strip_prefix(PREFIX) {
            let path = self.directory.join(inside.trim_start_matches('/'));
            return (self.partitions.root.exists(&path).then_some(path), true);
        }
        let (path, there) = self.partitions.locate(None, written);
        (there.then_some(path), there || !written.starts_with('('))
    }

    /// Runs commands; the status of the last one.
    pub(super) fn run(&mut self, block: &Block) -> Option<bool> {
        let mut status = Some(true);
        for statement in block.iter() {
            self.burn(COMMAND);
            if self.fuel == 0 {
                return None;
            }
            status = self.statement(statement);
        }
        status
    }

    pub(super) fn burn(&mut self, amount: usize) {
        self.fuel = self.fuel.saturating_sub(amount);
        if self.fuel == 0 {
            self.lost.get_or_insert_with(|| "GRUB's configuration does too much to be followed".into());
        }
    }

    /// Goes one level deeper.
    pub(super) fn nested<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.lose("GRUB's configuration is nested too deeply to be followed");
            return None;
        }
        self.depth += 1;
        let result = what(self);
        self.depth -= 1;
        Some(result)
    }

    fn statement(&mut self, statement: &Statement) -> Option<bool> {
        match statement {
            Statement::Simple(words) => self.simple(words),
            Statement::Menu { submenu, words, body } => {
                self.item(*submenu, words, body);
                Some(true)
            }
            Statement::If { branches, otherwise } => self.condition(branches, otherwise),
            Statement::For { name, words, body } => {
                for value in self.expand_all(words) {
                    self.burn(COMMAND);
                    self.set(name, value);
                    self.run(body);
                }
                None
            }
            Statement::While { condition, body } => {
                self.doubt += 1;
                // The second time with what the first one made unknown.
                for block in [condition, body, condition, body] {
                    self.run(block);
                }
                self.doubt -= 1;
                None
            }
            Statement::Function { name, body } => {
                if self.doubt > 0 {
                    self.lose(format!("what GRUB's function `{name}` does is known only while it runs"));
                }
                self.functions.insert(name.clone(), body.clone());
                Some(true)
            }
        }
    }

    fn condition(&mut self, branches: &[(Block, Block)], otherwise: &Block) -> Option<bool> {
        let before = self.doubt;
        let mut taken = None;
        for (condition, body) in branches {
            match self.run(condition) {
                Some(false) => continue,
                Some(true) => {
                    taken = Some(body);
                    break;
                }
                None => {
                    self.doubt += 1;
                    self.run(body);
                }
            }
        }
        let status = self.run(taken.unwrap_or(otherwise));
        let certain = self.doubt == before;
        self.doubt = before;
        status.filter(|_| certain)
    }

    fn simple(&mut self, words: &[Word]) -> Option<bool> {
        if let (Some(_), [word]) = (words[0].assigned(), words) {
            self.assign(word);
            return Some(true);
        }
        let mut values = self.expand_all(words);
        if values.is_empty() {
            return Some(true);
        }
        let Some(name) = values.remove(0) else {
            self.lose("GRUB's configuration runs a command that is known only then");
            return None;
        };
        match self.functions.get(&name).cloned() {
            Some(body) => self.call(&body, values),
            None => self.command(&name, &values, words),
        }
    }

    /// `NAME=VALUE`
    pub(super) fn assign(&mut self, word: &Word) {
        let value = self.expand_all(std::slice::from_ref(word)).into_iter().next().flatten();
        match (value.as_deref().and_then(|text| text.split_once('=')), word.assigned()) {
            (Some((name, value)), _) => self.set(name, Some(value.to_owned())),
            (None, Some(name)) => self.set(name, None),
            (None, None) if value.is_none() => {
                self.lose("GRUB's configuration sets a variable that is known only then")
            }
            (None, None) => {}
        }
    }

    fn call(&mut self, body: &Block, arguments: Vec<Value>) -> Option<bool> {
        self.burn(CALL);
        let names = || (1..10).map(|number: usize| number.to_string());
        let before: Vec<_> = names().map(|name| self.variables.remove(&name)).collect();
        let given = arguments.into_iter().chain(std::iter::repeat(Some(String::new())));
        names().zip(given).for_each(|(name, value)| drop(self.variables.insert(name, value)));
        let status = self.nested(|inner| inner.run(body)).flatten();
        for (name, value) in names().zip(before) {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        status
    }

    /// A line of the menu, and what is behind it.
    fn item(&mut self, submenu: bool, words: &[Word], body: &Block) {
        self.burn(ENTRY);
        let (title, id) = names(self.expand_all(&words[1..]));
        let (doubt, mark) = (std::mem::take(&mut self.doubt), self.undo.len());
        self.scopes += 1;
        let leads = if submenu {
            let outer = std::mem::take(&mut self.menu);
            self.nested(|inner| inner.run(body));
            Leads::Submenu(std::mem::replace(&mut self.menu, outer))
        } else {
            let outer = self.loading.replace(Loading::default());
            self.nested(|inner| inner.run(body));
            let loading = std::mem::replace(&mut self.loading, outer).unwrap_or_default();
            self.load(loading, title.as_deref().unwrap_or_default(), id.as_deref().unwrap_or_default())
        };
        self.scopes -= 1;
        while self.undo.len() > mark {
            let Some((name, before)) = self.undo.pop() else { break };
            match before {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        self.doubt = doubt;
        self.menu.push(Item { title, id, certain: doubt == 0, leads });
    }

    pub(super) fn expand_all(&mut self, words: &[Word]) -> Vec<Value> {
        let mut all = Vec::new();
        for word in words {
            self.expand(word, &mut all);
        }
        let letters = all.iter().flatten().map(String::len).sum::<usize>();
        self.burn(letters + words.len());
        all
    }

    fn expand(&self, word: &Word, all: &mut Vec<Value>) {
        let mut current: Option<Value> = word.quoted.then(|| Some(String::new()));
        for part in &word.parts {
            match part {
                Part::Text(text) => add(&mut current, Some(text)),
                Part::Variable { name, quoted: true } => add(&mut current, self.value(name).as_deref()),
                Part::Variable { name, quoted: false } => match self.value(name) {
                    None => add(&mut current, None),
                    Some(value) => {
                        for (nth, piece) in value.split([' ', '\t', '\n']).enumerate() {
                            if nth > 0 {
                                all.extend(current.take());
                            }
                            if !piece.is_empty() {
                                add(&mut current, Some(piece));
                            }
                        }
                    }
                },
            }
        }
        all.extend(current);
    }
}

/// Appends to a word; what is not known makes all of it unknown.
fn add(current: &mut Option<Value>, text: Option<&str>) {
    match (current.get_or_insert_with(|| Some(String::new())), text) {
        (Some(word), Some(text)) => word.push_str(text),
        (word, _) => *word = None,
    }
}

/// Title and id among the arguments of an entry; the title is the id if there is none.
fn names(arguments: Vec<Value>) -> (Value, Value) {
    let (mut title, mut id) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_deref() {
            Some("--class" | "--users" | "--hotkey" | "--source") => drop(arguments.next()),
            Some("--id") => id = arguments.next(),
            Some(option) if option.starts_with("--id=") => id = Some(Some(option["--id=".len()..].to_owned())),
            Some(option) if option.starts_with("--") => {}
            _ => drop(title.get_or_insert(argument)),
        }
    }
    let title = title.unwrap_or(Some(String::new()));
    (title.clone(), id.unwrap_or(title))
}
