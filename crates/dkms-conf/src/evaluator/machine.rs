//! The state of an evaluation: functions, the status of the last command, where output goes, how deep it is nested.

use std::collections::HashMap;
use std::rc::Rc;

use super::Unsupported;
use super::parser::Parser;
use super::syntax::Command;
use super::variable::{Element, MAX_TEXT, Variable, size};
use crate::assignments::Assignments;
use crate::budget::{Budget, OverBudget};
use crate::context::Context;
use crate::source::Source;
use crate::world::World;

/// Why an evaluation does not simply go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something is left to bash.
    Unsupported(Unsupported),
    /// `return`.
    Return,
    /// `break`, and how many more loops it leaves.
    Break(usize),
    /// `continue`, and how many loops it leaves before.
    Continue(usize),
}

impl From<Unsupported> for Stop {
    fn from(unsupported: Unsupported) -> Self {
        Self::Unsupported(unsupported)
    }
}

pub(super) type Run<T> = Result<T, Stop>;

/// A match of `=~`. What its groups took is worked out when it is asked for.
pub(super) struct LastMatch {
    pub(super) expression: Vec<(char, bool)>,
    pub(super) text: String,
}

pub(super) struct Machine<'w> {
    pub(super) world: &'w dyn World,
    pub(super) budget: &'w Budget,
    pub(super) variables: Rc<HashMap<String, Variable>>,
    pub(super) functions: Rc<HashMap<String, Rc<Command>>>,
    /// What the variables made local by each running function were before; the first one is the conf itself, which is run
    /// inside a function.
    pub(super) scopes: Vec<HashMap<String, Option<Variable>>>,
    /// The arguments of the running function; a conf has those of the function of the original that reads it.
    pub(super) arguments: Vec<String>,
    /// What a command substitution has collected; `None`: output is thrown away.
    pub(super) output: Option<String>,
    /// What a pipe has for the command.
    pub(super) input: Option<String>,
    pub(super) status: i32,
    /// The status of the last command substitution of the command that runs.
    pub(super) substituted: Option<i32>,
    /// Where the command that runs stands in the file.
    pub(super) offset: usize,
    /// The command stands in another text, so all of it is reported there.
    pub(super) fixed: Option<usize>,
    /// How many loops the command is in that it could leave.
    pub(super) loops: usize,
    /// The files that are being run, as they were named, the innermost last.
    pub(super) files: Vec<String>,
    /// Another file was run, too, so that a function may be from there.
    pub(super) sourced: bool,
    /// The last `=~` that matched, for BASH_REMATCH.
    pub(super) last_match: Option<Rc<LastMatch>>,
}

impl<'w> Machine<'w> {
    pub(super) fn new(world: &'w dyn World, budget: &'w Budget) -> Self {
        Self {
            world,
            budget,
            variables: Rc::default(),
            functions: Rc::default(),
            scopes: vec![HashMap::new()],
            arguments: vec![crate::context::arguments()],
            output: None,
            input: None,
            status: 0,
            substituted: None,
            offset: 0,
            fixed: None,
            loops: 0,
            files: Vec::new(),
            sourced: false,
            last_match: None,
        }
    }

    /// Puts in what a file finds: the variables of dkms and the values of the files before it.
    pub(super) fn seed(&mut self, source: &Source, context: &Context, previous: &Assignments) {
        let variables = Rc::make_mut(&mut self.variables);
        for (name, value) in context.variables_for(source) {
            let element = Element { text: value.to_owned(), origin: None };
            variables.insert(name.to_owned(), Variable::from([(0, element)]));
        }
        for (directive, index, value) in previous.iter() {
            let element = Element { text: value.text.clone(), origin: None };
            variables.entry(directive.name().to_owned()).or_default().insert(index, element);
        }
    }

    pub(super) fn refuse<T>(&self, construct: impl Into<String>) -> Run<T> {
        Err(Stop::Unsupported(Unsupported { construct: construct.into(), offset: self.offset, over_budget: false }))
    }

    /// Spends units of the [`Budget`]: before every loop whose length the conf decides, and for every byte that is made.
    pub(super) fn charge(&self, units: usize) -> Run<()> {
        self.within(self.budget.charge(units))
    }

    /// What was done within the budget; whatever was not is left to bash.
    pub(super) fn within<T>(&self, result: Result<T, OverBudget>) -> Run<T> {
        result.map_err(|why| Stop::Unsupported(Unsupported::over(why, self.offset)))
    }

    /// Goes one level deeper for the time of `run`.
    pub(super) fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        let _level = self.within(self.budget.enter())?;
        run(self)
    }

    /// Runs a text, line by line. Text that is not the file itself is reported at `fixed`.
    pub(super) fn run_text(&mut self, text: &str, fixed: Option<usize>) -> Run<()> {
        let before = std::mem::replace(&mut self.fixed, fixed);
        let mut parser = Parser::new(text, fixed, self.budget);
        let result = loop {
            match parser.line() {
                Ok(Some(list)) => {
                    if let Err(stop) = self.run_list(&list) {
                        break Err(stop);
                    }
                }
                Ok(None) => break Ok(()),
                Err(unsupported) => break Err(unsupported.into()),
            }
        };
        self.fixed = before;
        result
    }

    /// Runs `body` as a subshell: what it changes stays in it.
    pub(super) fn subshell<T>(&mut self, body: impl FnOnce(&mut Self) -> Run<T>) -> Run<Option<T>> {
        let variables = Rc::clone(&self.variables);
        let functions = Rc::clone(&self.functions);
        let saved = self.scopes.iter().flat_map(HashMap::values).flatten();
        self.charge(saved.map(size).sum())?;
        let scopes = self.scopes.clone();
        let last_match = self.last_match.clone();
        let result = self.outside_loops(|machine| machine.deeper(body));
        self.last_match = last_match;
        self.variables = variables;
        self.functions = functions;
        self.scopes = scopes;
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Return) => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Runs `body` and returns what it wrote.
    pub(super) fn captured(&mut self, body: impl FnOnce(&mut Self) -> Run<()>) -> Run<String> {
        let output = self.output.replace(String::new());
        let result = self.subshell(body);
        let written = std::mem::replace(&mut self.output, output);
        result?;
        Ok(written.unwrap_or_default())
    }

    /// Writes to where output goes.
    pub(super) fn write(&mut self, text: &str) -> Run<()> {
        self.charge(text.len())?;
        if let Some(output) = &mut self.output {
            output.push_str(text);
            if output.len() > MAX_TEXT {
                return self.refuse("very long output");
            }
        }
        Ok(())
    }

    /// A copy of the arguments of the running function.
    pub(super) fn all_arguments(&self) -> Run<Vec<String>> {
        self.charge(self.arguments.iter().map(|argument| Budget::ELEMENT + argument.len()).sum())?;
        Ok(self.arguments.clone())
    }

    /// Calls a function.
    pub(super) fn call(&mut self, body: &Rc<Command>, arguments: Vec<String>) -> Run<()> {
        let before = std::mem::replace(&mut self.arguments, arguments);
        self.scopes.push(HashMap::new());
        let result = self.outside_loops(|machine| machine.deeper(|machine| machine.run_command(body)));
        for (name, variable) in self.scopes.pop().unwrap_or_default() {
            let variables = Rc::make_mut(&mut self.variables);
            match variable {
                Some(variable) => variables.insert(name, variable),
                None => variables.remove(&name),
            };
        }
        self.arguments = before;
        match result {
            Err(Stop::Return) => Ok(()),
            other => other,
        }
    }
}
