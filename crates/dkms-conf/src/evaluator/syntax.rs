//! The syntax tree: what the parser has understood of the text, before anything of it runs.

use std::rc::Rc;

/// Commands one after the other.
pub(super) type List = Vec<Statement>;

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Join, Pipeline)>,
    pub(super) background: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) negated: bool,
    pub(super) stages: Vec<Command>,
}

#[derive(Debug)]
pub(super) struct Command {
    pub(super) kind: CommandKind,
    pub(super) redirects: Vec<Redirect>,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) enum CommandKind {
    Simple {
        assignments: Vec<Assignment>,
        words: Vec<Word>,
    },
    If {
        arms: Vec<(List, List)>,
        otherwise: List,
    },
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    ForArithmetic {
        /// What is done first, the condition, what is done after each pass.
        parts: Box<[Word; 3]>,
        body: List,
    },
    /// `while`, and `until`, which goes on as long as the condition is not true.
    While {
        condition: List,
        wanted: bool,
        body: List,
    },
    Case {
        subject: Word,
        arms: Vec<CaseArm>,
    },
    Group(List),
    Subshell(List),
    Function {
        name: String,
        body: Rc<Command>,
    },
    Condition(Condition),
    Arithmetic(Word),
}

#[derive(Debug)]
pub(super) struct CaseArm {
    pub(super) patterns: Vec<Word>,
    pub(super) body: List,
    pub(super) end: CaseEnd,
}

/// What comes after the commands of an arm of a `case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaseEnd {
    /// `;;`: nothing.
    Leave,
    /// `;&`: the commands of the next arm.
    Next,
    /// `;;&`: the next arm that matches.
    Test,
}

/// `NAME[subscript]=value` or `+=`.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) subscript: Option<Word>,
    pub(super) append: bool,
    pub(super) value: AssignedValue,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) enum AssignedValue {
    Word(Word),
    Array(Vec<Item>),
}

/// A value of an array, with or without an index of its own.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) subscript: Option<Word>,
    pub(super) append: bool,
    pub(super) value: Word,
}

impl CommandKind {
    /// It runs something that may read, as opposed to a mere assignment or definition.
    pub(super) fn reads(&self) -> bool {
        match self {
            Self::Simple { words, .. } => !words.is_empty(),
            Self::Function { .. } => false,
            _ => true,
        }
    }
}

impl Command {
    /// The file that `$(<FILE)` stands for the content of.
    pub(super) fn bare_input(&self) -> Option<&Word> {
        match (&self.kind, self.redirects.as_slice()) {
            (CommandKind::Simple { assignments, words }, [redirect])
                if assignments.is_empty()
                    && words.is_empty()
                    && redirect.operator == "<"
                    && redirect.descriptor.is_none_or(|descriptor| descriptor == 0) =>
            {
                Some(&redirect.target)
            }
            _ => None,
        }
    }
}

/// `2>/dev/null`; the operator is kept as written.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) descriptor: Option<u32>,
    pub(super) operator: String,
    pub(super) target: Word,
}

/// The inside of `[[ ]]`.
#[derive(Debug)]
pub(super) enum Condition {
    Not(Box<Condition>),
    /// Joined by `&&`.
    All(Vec<Condition>),
    /// Joined by `||`.
    Any(Vec<Condition>),
    Unary(String, Word),
    Binary(Word, String, Word),
    Text(Word),
}

/// One word, its quoting still known.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// There may be braces to expand inside `${...}` or backticks, if it is a word of a command.
    pub(super) braces: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Unquoted text.
    Text(String),
    /// Text that was quoted in some way.
    Quoted(String),
    /// Everything between two double quotes.
    Double(Vec<Part>),
    Parameter(Box<Parameter>),
    Arithmetic(Word),
    /// `$( )`.
    Commands(Rc<List>),
    /// Between backticks: text that is parsed when it is reached.
    Backticks(String),
    /// Left to bash when it is reached.
    Unsupported(&'static str),
}

/// `${name[subscript]operator}`.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// `${!name}`.
    pub(super) indirect: bool,
    pub(super) name: String,
    pub(super) subscript: Option<Subscript>,
    pub(super) operator: Operator,
}

#[derive(Clone, Debug)]
pub(super) enum Subscript {
    /// `@` or `*`.
    All(char),
    Index(Word),
}

#[derive(Clone, Debug)]
pub(super) enum Operator {
    None,
    Length,
    /// `-`, `=`, `?`, `+`, each perhaps after a `:`, which makes empty count as unset.
    Default {
        colon: bool,
        kind: char,
        word: Word,
    },
    /// `%`, `%%`, `#`, `##`.
    Trim {
        end: bool,
        longest: bool,
        pattern: Word,
    },
    Replace {
        all: bool,
        anchor: Option<char>,
        pattern: Word,
        replacement: Word,
    },
    /// `:offset` and `:offset:length`.
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    /// `^`, `^^`, `,`, `,,` without a pattern.
    Case {
        upper: bool,
        all: bool,
    },
}

impl Word {
    /// Nothing, or blanks.
    pub(super) fn is_blank(&self) -> bool {
        let blank = |part: &Part| matches!(part, Part::Text(text) | Part::Quoted(text) if text.trim().is_empty());
        self.parts.iter().all(blank)
    }

    /// The text, if nothing in it is quoted or expanded.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}
