//! Runs commands: lists, pipelines, compound commands, redirections.

use std::rc::Rc;

use super::machine::{Machine, Run, Stop};
use super::syntax::{
    AssignedValue, Assignment, CaseArm, CaseEnd, Command, CommandKind, Join, List, Pipeline, Statement, Word,
};
use crate::budget::Budget;

impl Machine<'_> {
    pub(super) fn run_list(&mut self, list: &List) -> Run<()> {
        list.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Statement) -> Run<()> {
        if statement.background {
            self.offset = statement.first.stages.first().map_or(self.offset, |command| command.offset);
            return self.refuse("a command in the background");
        }
        self.pipeline(&statement.first)?;
        for (join, pipeline) in &statement.rest {
            if (*join == Join::And) == (self.status == 0) {
                self.pipeline(pipeline)?;
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Run<()> {
        match pipeline.stages.as_slice() {
            [command] => self.run_command(command)?,
            stages => self.stages(stages)?,
        }
        if pipeline.negated {
            self.status = i32::from(self.status == 0);
        }
        Ok(())
    }

    /// Each stage is a subshell that reads what the one before wrote.
    fn stages(&mut self, stages: &[Command]) -> Run<()> {
        let Some((last, before)) = stages.split_last() else {
            return Ok(());
        };
        // The first stage shares the input of the commands around the pipe.
        let mut input = None;
        for stage in before {
            input = Some(self.with_input(input, |machine| machine.captured(|machine| machine.run_command(stage)))?);
        }
        self.with_input(input, |machine| machine.subshell(|machine| machine.run_command(last))).map(drop)
    }

    pub(super) fn run_command(&mut self, command: &Command) -> Run<()> {
        self.charge(Budget::COMMAND)?;
        self.offset = command.offset;
        let Some(streams) = self.redirects(command)? else {
            self.status = 1;
            return Ok(());
        };
        let output = streams.discarded.then(|| self.output.take());
        let result = match &command.kind {
            // The words of a command are expanded before its input is its own.
            CommandKind::Simple { assignments, words } => self.simple(assignments, words, streams.input),
            kind => self.with_input(streams.input, |machine| machine.compound(kind)),
        };
        if let Some(output) = output {
            self.output = output;
        }
        result
    }

    fn compound(&mut self, kind: &CommandKind) -> Run<()> {
        match kind {
            CommandKind::Simple { assignments, words } => self.simple(assignments, words, None),
            CommandKind::If { arms, otherwise } => self.if_(arms, otherwise),
            CommandKind::For { name, words, body } => self.for_(name, words.as_deref(), body),
            CommandKind::ForArithmetic { parts, body } => self.for_arithmetic(parts, body),
            CommandKind::While { condition, wanted, body } => self.while_(condition, *wanted, body),
            CommandKind::Case { subject, arms } => self.case(subject, arms),
            CommandKind::Group(list) => self.deeper(|machine| machine.run_list(list)),
            CommandKind::Subshell(list) => self.subshell(|machine| machine.run_list(list)).map(drop),
            CommandKind::Function { name, body } => {
                self.charge(Budget::ELEMENT * (1 + self.functions.len()))?;
                Rc::make_mut(&mut self.functions).insert(name.clone(), Rc::clone(body));
                self.status = 0;
                Ok(())
            }
            CommandKind::Condition(condition) => {
                let holds = self.condition(condition)?;
                self.status = i32::from(!holds);
                Ok(())
            }
            CommandKind::Arithmetic(word) => {
                let text = self.text(word)?;
                let value = self.arithmetic(&text)?;
                self.status = i32::from(value == 0);
                Ok(())
            }
        }
    }

    fn simple(&mut self, assignments: &[Assignment], words: &[Word], input: Option<String>) -> Run<()> {
        // Without a command the status is that of the last command substitution, if there is one.
        self.substituted = None;
        if words.is_empty() {
            assignments.iter().try_for_each(|assignment| self.assign(assignment))?;
            self.status = self.substituted.unwrap_or(0);
            return Ok(());
        }
        if let ([assignment], Some("read")) = (assignments, words[0].bare()) {
            return self.read_with(assignment, words, input);
        }
        if !assignments.is_empty() {
            return self.refuse("an assignment in front of a command");
        }
        let fields = self.command_fields(words)?;
        let Some((name, arguments)) = fields.split_first() else {
            self.status = self.substituted.unwrap_or(0);
            return Ok(());
        };
        let function = self.functions.get(name).map(Rc::clone);
        self.with_input(input, |machine| match function {
            Some(body) => machine.call(&body, arguments.to_vec()),
            None => machine.builtin(name, arguments),
        })
    }

    /// `IFS=. read`: the one command for which a variable can be set here.
    fn read_with(&mut self, assignment: &Assignment, words: &[Word], input: Option<String>) -> Run<()> {
        let AssignedValue::Word(separators) = &assignment.value else {
            return self.refuse("an array in front of a command");
        };
        let plain = assignment.name == "IFS" && assignment.subscript.is_none() && !assignment.append;
        if !plain || self.functions.contains_key("read") {
            return self.refuse("an assignment in front of a command");
        }
        let separators = self.text(separators)?;
        let fields = self.fields(&words[1..])?;
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.status = self.with_input(input, |machine| machine.read_line(&names, &separators))?;
        Ok(())
    }

    /// The arguments of `local` and `export` that are assignments are not split into fields.
    fn command_fields(&mut self, words: &[Word]) -> Run<Vec<String>> {
        let declares = words
            .first()
            .and_then(Word::bare)
            .is_some_and(|name| matches!(name, "local" | "export" | "declare" | "typeset"));
        if !declares {
            return self.fields(words);
        }
        let mut fields = Vec::new();
        for word in words {
            self.check_braces(word)?;
            match word.parts.first() {
                Some(super::syntax::Part::Text(text)) if text.contains('=') => {
                    if text.contains("=~") {
                        return self.refuse(super::expansion::HOME);
                    }
                    fields.push(self.text(word)?);
                }
                _ => fields.extend(self.fields(std::slice::from_ref(word))?),
            }
        }
        Ok(fields)
    }

    fn if_(&mut self, arms: &[(List, List)], otherwise: &List) -> Run<()> {
        self.deeper(|machine| {
            for (condition, body) in arms {
                machine.run_list(condition)?;
                if machine.status == 0 {
                    return machine.run_list(body);
                }
            }
            machine.status = 0;
            machine.run_list(otherwise)
        })
    }

    fn case(&mut self, subject: &Word, arms: &[CaseArm]) -> Run<()> {
        let subject = self.text(subject)?;
        self.status = 0;
        let mut falls = false;
        for arm in arms {
            let mut matched = falls;
            for pattern in &arm.patterns {
                matched = matched || self.is_like(&subject, pattern)?;
            }
            if !matched {
                continue;
            }
            self.deeper(|machine| machine.run_list(&arm.body))?;
            match arm.end {
                CaseEnd::Leave => return Ok(()),
                CaseEnd::Next => falls = true,
                CaseEnd::Test => falls = false,
            }
        }
        Ok(())
    }

    /// Where the output of a command goes (only the null device and the error stream can be named) and its input comes
    /// from; `None` if the file with its input cannot be read, and then it does not run.
    fn redirects(&mut self, command: &Command) -> Run<Option<Streams>> {
        let mut streams = Streams::default();
        for redirect in &command.redirects {
            let target = self.text(&redirect.target)?;
            let descriptor = redirect.descriptor.unwrap_or(u32::from(!redirect.operator.starts_with('<')));
            match (redirect.operator.as_str(), descriptor, target.as_str()) {
                (">" | ">>" | ">|", 1, "/dev/null") | ("&>" | "&>>", _, "/dev/null") | (">&", 1, "2") => {
                    streams.discarded = true;
                }
                (">" | ">>" | ">|", 2, "/dev/null") => {}
                ("<", 0, "/dev/null") => streams.input = Some(String::new()),
                ("<<<", 0, text) => streams.input = Some(format!("{text}\n")),
                // What a command complains about would become part of a value.
                (">&", 2, "1") if self.output.is_none() || streams.discarded => {}
                ("<", 0, _) if command.kind.reads() => match self.content(&target)? {
                    Some(text) => streams.input = Some(text),
                    None => return Ok(None),
                },
                (operator, ..) => return self.refuse(format!("a redirection `{operator}{target}`")),
            }
        }
        Ok(Some(streams))
    }

    /// The text of a file; `None` if it cannot be read.
    pub(super) fn content(&self, path: &str) -> Run<Option<String>> {
        match self.read_file(path)?.map(String::from_utf8) {
            None => Ok(None),
            Some(Ok(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => self.refuse(format!("the content of `{path}`, which is not a text")),
        }
    }

    /// The bytes of a file; `None` if there is none that could be read.
    pub(super) fn read_file(&self, path: &str) -> Run<Option<Vec<u8>>> {
        self.charge(Budget::QUESTION)?;
        let content = self.world.read(&self.absolute(path));
        self.charge(content.as_ref().map_or(0, Vec::len))?;
        Ok(content)
    }

    /// Ends the running function or file.
    pub(super) fn return_(&mut self, status: i32) -> Run<()> {
        self.status = status;
        Err(Stop::Return)
    }
}

/// The streams of a command, as far as they are not those of the command around it.
#[derive(Default)]
struct Streams {
    /// What it writes is thrown away.
    discarded: bool,
    /// What it reads.
    input: Option<String>,
}
