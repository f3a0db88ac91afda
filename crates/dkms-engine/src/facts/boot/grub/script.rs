//! Structure of GRUB's scripts.
//!
//! Source: GRUB's `grub-core/script/parser.y`.

use std::iter::Peekable;
use std::rc::Rc;

use super::word::{Token, Tokens, Word};

/// Deeper than anything that is generated.
const MAX_DEPTH: usize = 32;

/// Commands in order.
pub(super) type Block = Rc<[Statement]>;

/// A command, simple or not.
#[derive(Debug)]
pub(super) enum Statement {
    Simple(Vec<Word>),
    /// `menuentry` or `submenu`, with what it runs when it is chosen.
    Menu {
        submenu: bool,
        words: Vec<Word>,
        body: Block,
    },
    If {
        /// Conditions with what follows from each.
        branches: Vec<(Block, Block)>,
        otherwise: Block,
    },
    For {
        name: String,
        words: Vec<Word>,
        body: Block,
    },
    /// `while` and `until`: how often is known only while it runs.
    While {
        condition: Block,
        body: Block,
    },
    Function {
        name: String,
        body: Block,
    },
}

/// Reads a script.
///
/// # Errors
/// What is wrong, as a fragment.
pub(super) fn parse(text: &str) -> Result<Block, String> {
    let mut parser = Parser { tokens: Tokens::of(text).peekable(), depth: 0 };
    let block = parser.block(&[])?;
    match parser.tokens.next() {
        None => Ok(block),
        Some(token) => Err(format!("{} is where a command is expected", name(&token))),
    }
}

struct Parser<'a> {
    tokens: Peekable<Tokens<'a>>,
    depth: usize,
}

impl Parser<'_> {
    /// Commands up to a `}`, one of these keywords, or the end; that is left where it is.
    fn block(&mut self, ends: &[&str]) -> Result<Block, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deeply".into());
        }
        let mut statements = Vec::new();
        loop {
            match self.tokens.peek() {
                Some(Token::Separator) => drop(self.tokens.next()),
                Some(Token::Word(word)) if word.bare().is_some_and(|word| ends.contains(&word)) => break,
                Some(Token::Word(_)) => statements.push(self.statement()?),
                Some(Token::Open | Token::Close) | None => break,
            }
        }
        self.depth -= 1;
        Ok(statements.into())
    }

    fn statement(&mut self) -> Result<Statement, String> {
        let mut words = vec![self.word()?];
        match words[0].bare() {
            Some("if") => return self.condition(),
            Some("for") => return self.repetition(),
            Some("while" | "until") => {
                let condition = self.block(&["do"])?;
                self.keyword("do")?;
                let body = self.block(&["done"])?;
                self.keyword("done")?;
                return Ok(Statement::While { condition, body });
            }
            Some("function") => {
                let name = self.word()?.bare().unwrap_or_default().to_owned();
                while self.tokens.next_if_eq(&Token::Separator).is_some() {}
                return Ok(Statement::Function { name, body: self.braced()? });
            }
            _ => {}
        }
        while let Some(Token::Word(_)) = self.tokens.peek() {
            words.push(self.word()?);
        }
        let submenu = words[0].bare() == Some("submenu");
        if self.tokens.peek() != Some(&Token::Open) {
            return Ok(Statement::Simple(words));
        }
        let body = self.braced()?;
        // Others that take commands, like `hiddenentry`, show nothing.
        let shows = submenu || words[0].bare() == Some("menuentry");
        Ok(if shows { Statement::Menu { submenu, words, body } } else { Statement::Simple(words) })
    }

    fn condition(&mut self) -> Result<Statement, String> {
        let mut branches = Vec::new();
        loop {
            let condition = self.block(&["then"])?;
            self.keyword("then")?;
            branches.push((condition, self.block(&["elif", "else", "fi"])?));
            match self.word()?.bare() {
                Some("elif") => {}
                Some("else") => {
                    let otherwise = self.block(&["fi"])?;
                    self.keyword("fi")?;
                    return Ok(Statement::If { branches, otherwise });
                }
                _ => return Ok(Statement::If { branches, otherwise: Rc::new([]) }),
            }
        }
    }

    fn repetition(&mut self) -> Result<Statement, String> {
        let name = self.word()?.bare().unwrap_or_default().to_owned();
        self.keyword("in")?;
        let mut words = Vec::new();
        while let Some(Token::Word(_)) = self.tokens.peek() {
            words.push(self.word()?);
        }
        while self.tokens.next_if_eq(&Token::Separator).is_some() {}
        self.keyword("do")?;
        let body = self.block(&["done"])?;
        self.keyword("done")?;
        Ok(Statement::For { name, words, body })
    }

    fn braced(&mut self) -> Result<Block, String> {
        self.expect(&Token::Open)?;
        let body = self.block(&[])?;
        self.expect(&Token::Close)?;
        Ok(body)
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        match self.tokens.next() {
            Some(token) if token == *wanted => Ok(()),
            found => Err(format!(
                "{} is expected, and there is {}",
                name(wanted),
                found.as_ref().map_or("the end".into(), name)
            )),
        }
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), String> {
        match self.word()?.bare() {
            Some(found) if found == wanted => Ok(()),
            found => Err(format!("`{wanted}` is expected, and there is `{}`", found.unwrap_or_default())),
        }
    }

    fn word(&mut self) -> Result<Word, String> {
        match self.tokens.next() {
            Some(Token::Word(word)) => Ok(word),
            found => Err(format!("a word is expected, and there is {}", found.as_ref().map_or("the end".into(), name))),
        }
    }
}

fn name(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{}`", word.bare().unwrap_or_default()),
        Token::Separator => "the end of a line".into(),
        Token::Open => "`{`".into(),
        Token::Close => "`}`".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure() {
        let text = "function f {\n a\n}\nif [ x = y ]; then a; elif b; then c\nelse\nd; fi\nfor x in 1 2; do f $x; done\n\
                    while true; do a; done; submenu 'S' --id s {\n menuentry 'a' { linux /a; }\n}\nhiddenentry 'h' { b }\n";
        let block = parse(text).unwrap();
        let [
            Statement::Function { .. },
            Statement::If { branches, .. },
            Statement::For { words, .. },
            Statement::While { .. },
            Statement::Menu { submenu: true, body, .. },
            Statement::Simple(_),
        ] = &*block
        else {
            panic!("{block:?}")
        };
        assert_eq!((branches.len(), words.len(), body.len()), (2, 2, 1));
    }

    #[test]
    fn mistakes_are_told() {
        for text in ["}", "if a; fi", "menuentry a {", "function f", "for x in a; done", "if a; then b", "{"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"if a; then ".repeat(100_000)).unwrap_err().contains("nested"));
        assert!(parse(&"submenu a { ".repeat(100_000)).unwrap_err().contains("nested"));
    }
}
