//! The variables of an evaluation: sparse arrays, some of them local to a function, some off limits.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::machine::{Machine, Run};
use super::syntax::{AssignedValue, Assignment, Item};
use super::variable::{Element, MAX_TEXT, Variable, size};
use crate::budget::Budget;

/// Variables that bash itself sets or watches.
fn is_magic(name: &str) -> bool {
    const NAMES: [&str; 44] = [
        "IFS",
        "PATH",
        "PWD",
        "OLDPWD",
        "RANDOM",
        "SRANDOM",
        "SECONDS",
        "LINENO",
        "EPOCHSECONDS",
        "EPOCHREALTIME",
        "SHLVL",
        "TERM",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "MACHTYPE",
        "OSTYPE",
        "UID",
        "EUID",
        "PPID",
        "GROUPS",
        "OPTIND",
        "OPTERR",
        "OPTARG",
        "PS1",
        "PS2",
        "PS3",
        "PS4",
        "SHELLOPTS",
        "DIRSTACK",
        "FUNCNAME",
        "FUNCNEST",
        "PIPESTATUS",
        "HISTCMD",
        "LINES",
        "COLUMNS",
        "MAILCHECK",
        "REPLY",
        "_",
        "LANG",
        "GLOBIGNORE",
        "POSIXLY_CORRECT",
        "TMPDIR",
        "EXECIGNORE",
    ];
    NAMES.contains(&name) || name.starts_with("BASH") || name.starts_with("LC_") || name.starts_with("COMP_")
}

impl Machine<'_> {
    /// The elements of a variable in rising order.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = (usize, &Element)> {
        self.variables.get(name).into_iter().flatten().map(|(index, element)| (*index, element))
    }

    /// One element.
    pub(super) fn element(&self, name: &str, index: usize) -> Option<&str> {
        Some(self.variables.get(name)?.get(&index)?.text.as_str())
    }

    /// The variables, to change them. Those that a subshell shares with its parent are copied first.
    pub(super) fn variables_mut(&mut self) -> Run<&mut HashMap<String, Variable>> {
        if Rc::strong_count(&self.variables) > 1 {
            self.charge(self.variables.values().map(size).sum())?;
        }
        Ok(Rc::make_mut(&mut self.variables))
    }

    /// Refuses names that mean more than a value.
    pub(super) fn check_name(&self, name: &str) -> Run<()> {
        if is_magic(name) { self.refuse(format!("the shell's own variable `{name}`")) } else { Ok(()) }
    }

    /// Sets one element.
    pub(super) fn set(&mut self, name: &str, index: usize, text: String) -> Run<()> {
        self.check_name(name)?;
        if text.len() > MAX_TEXT {
            return self.refuse("a very long value");
        }
        self.charge(Budget::ELEMENT + name.len() + text.len())?;
        let element = Element { text, origin: self.fixed.is_none().then_some(self.offset) };
        self.variables_mut()?.entry(name.to_owned()).or_default().insert(index, element);
        Ok(())
    }

    /// Forgets a variable, or one element of it.
    pub(super) fn unset(&mut self, name: &str, index: Option<usize>) -> Run<()> {
        self.check_name(name)?;
        let variables = self.variables_mut()?;
        match index {
            None => drop(variables.remove(name)),
            Some(index) => drop(variables.get_mut(name).map(|variable| variable.remove(&index))),
        }
        Ok(())
    }

    /// Makes a variable local to the running function. A conf runs inside a function of dkms, so this is also allowed
    /// at its top level, where nothing ends before the file does.
    pub(super) fn make_local(&mut self, name: &str) -> Run<()> {
        self.check_name(name)?;
        self.charge(Budget::ELEMENT + name.len())?;
        // What is local already stays what it is.
        if self.scopes.last().is_some_and(|scope| !scope.contains_key(name)) {
            let before = self.variables_mut()?.insert(name.to_owned(), Variable::new());
            self.scopes.last_mut().map(|scope| scope.insert(name.to_owned(), before));
        }
        Ok(())
    }

    /// Carries out an assignment.
    pub(super) fn assign(&mut self, assignment: &Assignment) -> Run<()> {
        self.offset = assignment.offset;
        let name = &assignment.name;
        match (&assignment.value, &assignment.subscript) {
            (AssignedValue::Array(_), Some(_)) => self.refuse("an array inside an array"),
            (AssignedValue::Array(items), None) => self.assign_array(name, items, assignment.append),
            (AssignedValue::Word(word), subscript) => {
                // The value comes first, as in bash: `A[$((n++))]=$n` stores the old n.
                let mut text = self.assigned_text(word)?;
                let index = match subscript {
                    Some(word) => self.index(word)?,
                    None => 0,
                };
                if assignment.append {
                    let before = self.element(name, index).unwrap_or_default();
                    self.charge(before.len())?;
                    text.insert_str(0, before);
                }
                self.set(name, index, text)
            }
        }
    }

    fn assign_array(&mut self, name: &str, items: &[Item], append: bool) -> Run<()> {
        // All values come before all indices.
        let mut values = Vec::new();
        for item in items {
            match &item.subscript {
                Some(_) => values.push((Some(item), self.assigned_text(&item.value)?)),
                None => {
                    let fields = self.fields(std::slice::from_ref(&item.value))?;
                    values.extend(fields.into_iter().map(|field| (None, field)));
                }
            }
        }
        let mut next = 0;
        if append {
            let last = self.variables.get(name).and_then(BTreeMap::last_key_value);
            next = last.map_or(0, |(index, _)| index + 1);
        } else {
            self.check_name(name)?;
            self.variables_mut()?.insert(name.to_owned(), Variable::new());
        }
        for (item, mut value) in values {
            if let Some(Item { subscript: Some(subscript), append, .. }) = item {
                next = self.index(subscript)?;
                if *append {
                    value.insert_str(0, self.element(name, next).unwrap_or_default());
                }
            }
            self.set(name, next, value)?;
            next += 1;
        }
        Ok(())
    }
}
