//! From text to commands: one complete line of commands at a time, as bash reads it.
//!
//! It has to find the end of constructs that are never run, so it understands more than the machine does. What it
//! does not understand at all is left to bash.

use std::rc::Rc;

use super::Unsupported;
use super::syntax::{
    AssignedValue, Assignment, CaseArm, Command, CommandKind, Condition, Join, List, Pipeline, Redirect, Statement,
    Word,
};
use super::word_parser::Mode;

pub(super) type Parsed<T> = Result<T, Unsupported>;

/// A place in a text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// The offset to report instead of those in this text, for text that is not the file itself.
    pub(super) fixed: Option<usize>,
    /// How deep constructs are nested at this place.
    depth: usize,
}

/// Words with a meaning of their own where a command begins, and not part of any construct understood here.
const FOREIGN: [&str; 3] = ["select", "time", "coproc"];

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, fixed: Option<usize>) -> Self {
        Self { text, at: 0, fixed, depth: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn offset(&self) -> usize {
        self.fixed.unwrap_or(self.at)
    }

    pub(super) fn unsupported<T>(&self, construct: impl Into<String>) -> Parsed<T> {
        Err(Unsupported { construct: construct.into(), offset: self.offset() })
    }

    /// Takes `token` if it comes next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        self.blanks();
        if self.take(token) { Ok(()) } else { self.unsupported(format!("a syntax error (`{token}` is missing)")) }
    }

    /// Passes over blanks, continued lines and a comment.
    pub(super) fn blanks(&mut self) {
        loop {
            if self.take(" ") || self.take("\t") || self.take("\\\n") {
                continue;
            }
            if self.peek() == Some('#') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            }
            return;
        }
    }

    fn lines(&mut self) {
        self.blanks();
        while self.take("\n") {
            self.blanks();
        }
    }

    /// The next line that has commands, as a whole; `None` at the end.
    pub(super) fn line(&mut self) -> Parsed<Option<List>> {
        self.lines();
        if self.peek().is_none() {
            return Ok(None);
        }
        let mut list = List::new();
        loop {
            let mut statement = self.statement()?;
            self.blanks();
            match self.peek() {
                Some('&') => {
                    self.at += 1;
                    statement.background = true;
                }
                Some(';') if !self.rest().starts_with(";;") => self.at += 1,
                Some('\n') | None => {}
                Some(c) => return self.unsupported(format!("a syntax error (at `{c}`)")),
            }
            list.push(statement);
            self.blanks();
            if self.peek().is_none() || self.take("\n") {
                return Ok(Some(list));
            }
        }
    }

    /// The body of a construct, up to one of the reserved words or the closing text, which is not taken.
    pub(super) fn list(&mut self, ends: &[&str]) -> Parsed<List> {
        let mut list = List::new();
        loop {
            self.lines();
            if self.peek().is_none() {
                return self.unsupported("a syntax error (the text ends too early)");
            }
            let at_end = |end: &&str| {
                if end.chars().all(char::is_alphabetic) || *end == "}" {
                    self.reserved(end)
                } else {
                    self.rest().starts_with(end)
                }
            };
            if ends.iter().any(at_end) {
                return Ok(list);
            }
            let mut statement = self.statement()?;
            self.blanks();
            if self.peek() == Some('&') {
                self.at += 1;
                statement.background = true;
            } else if self.peek() == Some(';') && !self.rest().starts_with(";;") && !self.rest().starts_with(";&") {
                self.at += 1;
            } else if !matches!(self.peek(), Some('\n' | ';' | ')' | '`') | None) {
                return self.unsupported("a syntax error");
            }
            list.push(statement);
        }
    }

    /// `word` comes next, as a word of its own.
    pub(super) fn reserved(&self, word: &str) -> bool {
        let after = self.rest().strip_prefix(word).map(|rest| rest.chars().next());
        after.is_some_and(|next| next.is_none_or(|c| " \t\n;&|()<>".contains(c)))
    }

    fn take_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect_reserved(&mut self, word: &str) -> Parsed<()> {
        self.lines();
        if self.take_reserved(word) {
            Ok(())
        } else {
            self.unsupported(format!("a syntax error (`{word}` is missing)"))
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let join = if self.take("&&") {
                Join::And
            } else if self.take("||") {
                Join::Or
            } else {
                return Ok(Statement { first, rest, background: false });
            };
            self.lines();
            rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut negated = false;
        self.blanks();
        while self.take_reserved("!") {
            negated = !negated;
            self.blanks();
        }
        let mut stages = vec![self.command()?];
        loop {
            self.blanks();
            if self.rest().starts_with("||") || !self.take("|") {
                return Ok(Pipeline { negated, stages });
            }
            if self.take("&") {
                return self.unsupported("`|&`");
            }
            self.lines();
            stages.push(self.command()?);
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        self.nested(Self::command_here)
    }

    /// Reads something that may hold itself. No conf nests deeply; one that does must not exhaust the stack.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth > 60 {
            return self.unsupported("very deep nesting");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn command_here(&mut self) -> Parsed<Command> {
        self.blanks();
        let offset = self.offset();
        if let Some(word) = FOREIGN.iter().find(|word| self.reserved(word)) {
            return self.unsupported(format!("`{word}`"));
        }
        let Some(kind) = self.compound()? else {
            return self.simple(offset);
        };
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(Command { kind, redirects, offset }),
            }
        }
    }

    fn compound(&mut self) -> Parsed<Option<CommandKind>> {
        let kind = if self.rest().starts_with("((") {
            let start = self.at;
            self.at += 2;
            match self.arithmetic_text()? {
                Some(text) => CommandKind::Arithmetic(text),
                None => {
                    self.at = start + 1;
                    self.subshell()?
                }
            }
        } else if self.take("(") {
            self.subshell()?
        } else if self.take_reserved("{") {
            let body = self.list(&["}"])?;
            self.at += 1;
            CommandKind::Group(body)
        } else if self.take_reserved("[[") {
            let condition = self.condition_or()?;
            self.lines();
            self.expect("]]")?;
            CommandKind::Condition(condition)
        } else if self.take_reserved("if") {
            self.if_()?
        } else if self.take_reserved("for") {
            self.for_()?
        } else if self.take_reserved("case") {
            self.case()?
        } else if self.take_reserved("while") || self.take_reserved("until") {
            self.list(&["do"])?;
            self.expect_reserved("do")?;
            self.list(&["done"])?;
            self.expect_reserved("done")?;
            CommandKind::Unsupported("a `while` or `until` loop")
        } else if self.take_reserved("function") {
            self.blanks();
            let name = self.function_name()?;
            self.blanks();
            if self.take("(") {
                self.expect(")")?;
            }
            self.function(name)?
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    fn subshell(&mut self) -> Parsed<CommandKind> {
        let body = self.list(&[")"])?;
        self.at += 1;
        Ok(CommandKind::Subshell(body))
    }

    fn if_(&mut self) -> Parsed<CommandKind> {
        let mut arms = Vec::new();
        let mut otherwise = List::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect_reserved("then")?;
            arms.push((condition, self.list(&["elif", "else", "fi"])?));
            if self.take_reserved("elif") {
                continue;
            }
            if self.take_reserved("else") {
                otherwise = self.list(&["fi"])?;
            }
            self.expect_reserved("fi")?;
            return Ok(CommandKind::If { arms, otherwise });
        }
    }

    fn for_(&mut self) -> Parsed<CommandKind> {
        self.blanks();
        if self.rest().starts_with("((") {
            return self.unsupported("a `for (( ))` loop");
        }
        let name = self.name().to_owned();
        if name.is_empty() {
            return self.unsupported("a `for` loop over something that is no name");
        }
        self.lines();
        let mut words = None;
        if self.take_reserved("in") {
            let mut list = Vec::new();
            self.blanks();
            while let Some(word) = self.word(Mode::Command)? {
                list.push(word);
                self.blanks();
            }
            words = Some(list);
        }
        self.blanks();
        self.take(";");
        self.expect_reserved("do")?;
        let body = self.list(&["done"])?;
        self.expect_reserved("done")?;
        Ok(CommandKind::For { name, words, body })
    }

    fn case(&mut self) -> Parsed<CommandKind> {
        self.blanks();
        let subject = self.required_word()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.lines();
            if self.take_reserved("esac") {
                return Ok(CommandKind::Case { subject, arms });
            }
            self.take("(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.push(self.required_word()?);
                self.blanks();
                if !self.take("|") {
                    break;
                }
            }
            self.expect(")")?;
            let body = self.list(&[";;", ";&", "esac"])?;
            let falls_through = self.take(";;&") || self.take(";&");
            self.take(";;");
            arms.push(CaseArm { patterns, body, falls_through });
        }
    }

    fn function_name(&mut self) -> Parsed<String> {
        let word = self.required_word()?;
        match word.bare() {
            Some(name) => Ok(name.to_owned()),
            None => self.unsupported("a function whose name is quoted"),
        }
    }

    fn function(&mut self, name: String) -> Parsed<CommandKind> {
        self.lines();
        let offset = self.offset();
        let Some(kind) = self.compound()? else {
            return self.unsupported("a syntax error (a function has no body)");
        };
        let body = Rc::new(Command { kind, redirects: Vec::new(), offset });
        Ok(CommandKind::Function { name, body })
    }

    fn simple(&mut self, offset: usize) -> Parsed<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.is_empty() {
                if let Some(assignment) = self.assignment()? {
                    assignments.push(assignment);
                    continue;
                }
            }
            if words.len() == 1 && assignments.is_empty() && self.peek() == Some('(') {
                self.at += 1;
                self.expect(")")?;
                let Some(name) = words[0].bare().map(str::to_owned) else {
                    return self.unsupported("a function whose name is quoted");
                };
                let kind = self.function(name)?;
                return Ok(Command { kind, redirects, offset });
            }
            match self.word(Mode::Command)? {
                Some(word) => words.push(word),
                None if words.is_empty() && assignments.is_empty() && redirects.is_empty() => {
                    return self.unsupported("a syntax error (a command is missing)");
                }
                None => {
                    let kind = CommandKind::Simple { assignments, words };
                    return Ok(Command { kind, redirects, offset });
                }
            }
        }
    }

    /// `NAME=`, `NAME+=`, `NAME[...]=`; nothing is taken if it is something else.
    fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        let start = self.at;
        let offset = self.offset();
        let name = self.name().to_owned();
        let mut subscript = None;
        if !name.is_empty() && self.take("[") {
            subscript = self.subscript()?;
        }
        let append = self.take("+=");
        let is_assignment = append || self.take("=");
        if name.is_empty() || !is_assignment {
            self.at = start;
            return Ok(None);
        }
        let value = if self.take("(") {
            AssignedValue::Array(self.array()?)
        } else {
            let empty = Word::default();
            AssignedValue::Word(self.word(Mode::Command)?.unwrap_or(empty))
        };
        Ok(Some(Assignment { name, subscript, append, value, offset }))
    }

    fn array(&mut self) -> Parsed<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.lines();
            if self.take(")") {
                break;
            }
            if self.peek() == Some('[') {
                return self.unsupported("an array value with its own indices");
            }
            words.push(self.required_word()?);
        }
        // `A=(a b)x`, or a carriage return after it: bash takes the whole for a text.
        match self.peek() {
            Some(c) if !" \t\n;&|)".contains(c) => self.unsupported("text right after an array"),
            _ => Ok(words),
        }
    }

    fn required_word(&mut self) -> Parsed<Word> {
        match self.word(Mode::Command)? {
            Some(word) => Ok(word),
            None => self.unsupported("a syntax error (a word is missing)"),
        }
    }

    /// A name at this place, perhaps empty.
    pub(super) fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let length = if rest.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { length };
        self.at += length;
        &rest[..length]
    }

    fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let descriptor = self.rest()[..digits].parse().ok();
        self.at += digits;
        let operators = ["&>>", "&>", "<<<", "<<", "<>", "<&", "<(", "<", ">>", ">&", ">|", ">(", ">"];
        let found = operators.into_iter().find(|operator| self.rest().starts_with(operator));
        let Some(operator) = found.filter(|operator| digits == 0 || !operator.starts_with('&')) else {
            self.at = start;
            return Ok(None);
        };
        match operator {
            "<<" => return self.unsupported("a here-document"),
            "<(" | ">(" => return self.unsupported("a process substitution"),
            _ => {}
        }
        self.at += operator.len();
        self.blanks();
        let target = self.required_word()?;
        Ok(Some(Redirect { descriptor, operator: operator.to_owned(), target }))
    }
}

/// `[[ ]]`.
impl Parser<'_> {
    fn condition_or(&mut self) -> Parsed<Condition> {
        let mut left = self.condition_and()?;
        loop {
            self.lines();
            if !self.take("||") {
                return Ok(left);
            }
            left = Condition::Or(Box::new(left), Box::new(self.condition_and()?));
        }
    }

    fn condition_and(&mut self) -> Parsed<Condition> {
        let mut left = self.condition_one()?;
        loop {
            self.lines();
            if !self.take("&&") {
                return Ok(left);
            }
            left = Condition::And(Box::new(left), Box::new(self.condition_one()?));
        }
    }

    fn condition_one(&mut self) -> Parsed<Condition> {
        self.nested(Self::condition_one_here)
    }

    fn condition_one_here(&mut self) -> Parsed<Condition> {
        self.lines();
        if self.take_reserved("!") {
            return Ok(Condition::Not(Box::new(self.condition_one()?)));
        }
        if self.take("(") {
            let inner = self.condition_or()?;
            self.lines();
            self.expect(")")?;
            return Ok(inner);
        }
        let first = self.required_word()?;
        self.blanks();
        let unary = first.bare().filter(|text| text.len() == 2 && text.starts_with('-'));
        if let Some(operator) = unary {
            if !self.reserved("]]") && !self.rest().starts_with("&&") && !self.rest().starts_with("||") {
                let operand = self.required_word()?;
                return Ok(Condition::Unary(operator.to_owned(), operand));
            }
        }
        let operators =
            ["==", "=~", "!=", "=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
        let spaced = |operator: &&str| {
            let after = self.rest().strip_prefix(*operator);
            after.is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\\']))
        };
        let Some(operator) = operators.into_iter().find(spaced) else {
            return Ok(Condition::Text(first));
        };
        self.at += operator.len();
        self.blanks();
        let mode = if operator == "=~" { Mode::Regex } else { Mode::Command };
        match self.word(mode)? {
            Some(word) => Ok(Condition::Binary(first, operator.to_owned(), word)),
            None => self.unsupported("a syntax error (an operand is missing)"),
        }
    }
}
