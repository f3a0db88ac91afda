//! From text to compound commands: `if`, `for`, `case`, groups, functions.

use std::rc::Rc;

use super::parser::Mode;
use super::parser::{Parsed, Parser};
use super::syntax::{CaseArm, CaseEnd, Command, CommandKind, List};

impl Parser<'_> {
    /// The compound command at this place; `None` if it is something else.
    pub(super) fn compound(&mut self) -> Parsed<Option<CommandKind>> {
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
        } else if self.take_reserved("while") {
            self.while_(true)?
        } else if self.take_reserved("until") {
            self.while_(false)?
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
        if self.take("((") {
            return self.for_arithmetic();
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

    fn for_arithmetic(&mut self) -> Parsed<CommandKind> {
        let mut part = |end| match self.arithmetic_until(end)? {
            Some(word) => Ok(word),
            None => self.unsupported("an unusual `for (( ))` loop"),
        };
        let parts = Box::new([part(";")?, part(";")?, part("))")?]);
        self.blanks();
        self.take(";");
        self.lines();
        let (begin, end) = if self.reserved("{") { ("{", "}") } else { ("do", "done") };
        self.expect_reserved(begin)?;
        let body = self.list(&[end])?;
        self.expect_reserved(end)?;
        Ok(CommandKind::ForArithmetic { parts, body })
    }

    fn while_(&mut self, wanted: bool) -> Parsed<CommandKind> {
        let condition = self.list(&["do"])?;
        self.expect_reserved("do")?;
        let body = self.list(&["done"])?;
        self.expect_reserved("done")?;
        if condition.is_empty() || body.is_empty() {
            return self.unsupported("a syntax error (a loop without commands)");
        }
        Ok(CommandKind::While { condition, wanted, body })
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
            let end = if self.take(";;&") {
                CaseEnd::Test
            } else if self.take(";&") {
                CaseEnd::Next
            } else {
                self.take(";;");
                CaseEnd::Leave
            };
            arms.push(CaseArm { patterns, body, end });
        }
    }

    fn function_name(&mut self) -> Parsed<String> {
        let word = self.required_word()?;
        match word.bare() {
            Some(name) => Ok(name.to_owned()),
            None => self.unsupported("a function whose name is quoted"),
        }
    }

    /// A function after its name and parentheses.
    pub(super) fn function(&mut self, name: String) -> Parsed<CommandKind> {
        self.lines();
        let offset = self.offset();
        let Some(kind) = self.nested(Self::compound)? else {
            return self.unsupported("a syntax error (a function has no body)");
        };
        let body = Rc::new(Command { kind, redirects: Vec::new(), offset });
        Ok(CommandKind::Function { name, body })
    }
}
