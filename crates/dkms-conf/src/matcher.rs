//! What shell patterns and extended regular expressions have in common: sequences of bytes, choices and repetitions, and
//! the question where a match that begins here can end.
//!
//! It is answered for all beginnings at once, with sorted lists of positions, in either direction. Nothing is tried
//! twice and nothing calls itself more often than the expression is nested; what there is to do is charged to a
//! [`Budget`] as it is done. Texts are bytes, as in the C locale.

use crate::budget::{Budget, OverBudget};

/// Nodes one after the other.
pub(crate) type Sequence = Vec<Node>;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// One byte out of a set.
    One(Bytes),
    /// Nothing, at certain places.
    At(Place),
    /// One of several, as often as wanted; `most` is `None` for without end.
    Repeat { choices: Vec<Sequence>, least: u32, most: Option<u32> },
    /// Whatever matches none of several.
    Not(Vec<Sequence>),
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes([u64; 4]);

/// Where a node that takes nothing matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Start,
    End,
    /// Between a byte of a word and one that is none.
    WordEdge,
    /// Anywhere else.
    NoWordEdge,
    WordStart,
    WordEnd,
}

/// Positions in a text, in rising order, each once.
type Positions = Vec<u32>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forwards,
    Backwards,
}

/// A text that is matched, and the budget for it.
#[derive(Clone, Copy)]
pub(crate) struct Text<'t> {
    bytes: &'t [u8],
    budget: &'t Budget,
}

impl Node {
    /// Any text at all.
    pub(crate) fn any_text() -> Self {
        Self::Repeat { choices: vec![vec![Self::One(Bytes::ALL)]], least: 0, most: None }
    }

    /// Any number of something.
    pub(crate) fn is_star(&self) -> bool {
        matches!(self, Self::Repeat { least: 0, most: None, .. })
    }

    /// Something, or nothing at all.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self, Self::Repeat { least: 0, .. })
    }

    /// It depends on a place of which something is true.
    pub(crate) fn looks_at(&self, is_such: fn(Place) -> bool) -> bool {
        match self {
            Self::One(_) => false,
            Self::At(place) => is_such(*place),
            Self::Repeat { choices, .. } | Self::Not(choices) => {
                choices.iter().flatten().any(|node| node.looks_at(is_such))
            }
        }
    }
}

impl Bytes {
    /// No byte.
    pub(crate) const NONE: Self = Self([0; 4]);
    /// Every byte.
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    pub(crate) fn one(byte: u8) -> Self {
        let mut bytes = Self::NONE;
        bytes.add(byte, byte);
        bytes
    }

    /// Those of which something is true.
    pub(crate) fn of(is_member: impl Fn(u8) -> bool) -> Self {
        let mut bytes = Self::NONE;
        (0..=u8::MAX).filter(|byte| is_member(*byte)).for_each(|byte| bytes.add(byte, byte));
        bytes
    }

    /// The bytes of a POSIX class in the C locale, and those of `word`; `None` for a name that is none.
    pub(crate) fn class(name: &[u8]) -> Option<Self> {
        let is_member: fn(u8) -> bool = match name {
            b"alpha" => |byte| byte.is_ascii_alphabetic(),
            b"digit" => |byte| byte.is_ascii_digit(),
            b"alnum" => |byte| byte.is_ascii_alphanumeric(),
            b"upper" => |byte| byte.is_ascii_uppercase(),
            b"lower" => |byte| byte.is_ascii_lowercase(),
            b"space" => |byte| byte.is_ascii_whitespace() || byte == b'\x0b',
            b"blank" => |byte| matches!(byte, b' ' | b'\t'),
            b"punct" => |byte| byte.is_ascii_punctuation(),
            b"xdigit" => |byte| byte.is_ascii_hexdigit(),
            b"cntrl" => |byte| byte.is_ascii_control(),
            b"print" => |byte| matches!(byte, b' '..=b'~'),
            b"graph" => |byte| byte.is_ascii_graphic(),
            b"word" => is_word,
            _ => return None,
        };
        Some(Self::of(is_member))
    }

    /// Adds the bytes from `first` to `last`.
    pub(crate) fn add(&mut self, first: u8, last: u8) {
        (first..=last).for_each(|byte| self.0[usize::from(byte >> 6)] |= 1 << (byte & 63));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(bits, others)| *bits |= others);
    }

    pub(crate) fn negated(self) -> Self {
        Self(self.0.map(|bits| !bits))
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'t> Text<'t> {
    /// A text of less than 4 GiB, which no budget would allow anyway.
    pub(crate) fn new(bytes: &'t [u8], budget: &'t Budget) -> Self {
        Self { bytes, budget }
    }

    /// The whole text matches.
    pub(crate) fn is_whole(&self, sequence: &[Node]) -> Result<bool, OverBudget> {
        let ends = self.run(sequence, vec![0], Direction::Forwards)?;
        Ok(ends.last() == Some(&self.end()))
    }

    /// Some part of the text matches, perhaps an empty one.
    pub(crate) fn has_part(&self, sequence: &[Node]) -> Result<bool, OverBudget> {
        Ok(!self.run(sequence, self.everywhere()?, Direction::Forwards)?.is_empty())
    }

    /// Where the matches that begin at `start` end, in rising order.
    pub(crate) fn ends(&self, sequence: &[Node], start: usize) -> Result<Vec<u32>, OverBudget> {
        self.run(sequence, vec![position(start)], Direction::Forwards)
    }

    /// Where the matches that end with the text begin, in rising order.
    pub(crate) fn starts_to_end(&self, sequence: &[Node]) -> Result<Vec<u32>, OverBudget> {
        self.run(sequence, vec![self.end()], Direction::Backwards)
    }

    /// Where matches begin, wherever they end, in rising order.
    pub(crate) fn starts(&self, sequence: &[Node]) -> Result<Vec<u32>, OverBudget> {
        self.run(sequence, self.everywhere()?, Direction::Backwards)
    }

    fn end(&self) -> u32 {
        position(self.bytes.len())
    }

    fn everywhere(&self) -> Result<Positions, OverBudget> {
        self.budget.charge(self.bytes.len())?;
        Ok((0..=self.end()).collect())
    }

    /// Where the sequence leads to from any of these positions.
    fn run(&self, sequence: &[Node], mut positions: Positions, direction: Direction) -> Result<Positions, OverBudget> {
        let in_order: Box<dyn Iterator<Item = &Node>> =
            if direction == Direction::Forwards { Box::new(sequence.iter()) } else { Box::new(sequence.iter().rev()) };
        for node in in_order {
            if positions.is_empty() {
                break;
            }
            self.budget.charge(4 + positions.len())?;
            positions = match node {
                Node::One(bytes) => {
                    let next = |position| self.step(position, bytes, direction);
                    positions.into_iter().filter_map(next).collect()
                }
                Node::At(place) => positions.into_iter().filter(|position| self.is_at(*position, *place)).collect(),
                Node::Repeat { choices, least, most } => self.repeat(choices, (*least, *most), positions, direction)?,
                Node::Not(choices) => self.others(choices, &positions, direction)?,
            };
        }
        Ok(positions)
    }

    /// One byte further, if it is one of these.
    fn step(&self, from: u32, bytes: &Bytes, direction: Direction) -> Option<u32> {
        let (byte, to) = match direction {
            Direction::Forwards => (from, from + 1),
            Direction::Backwards => (from.checked_sub(1)?, from - 1),
        };
        self.bytes.get(byte as usize).filter(|byte| bytes.has(**byte)).map(|_| to)
    }

    fn is_at(&self, at: u32, place: Place) -> bool {
        let at = at as usize;
        let before = at > 0 && is_word(self.bytes[at - 1]);
        let after = self.bytes.get(at).is_some_and(|byte| is_word(*byte));
        match place {
            Place::Start => at == 0,
            Place::End => at == self.bytes.len(),
            Place::WordEdge => before != after,
            Place::NoWordEdge => before == after,
            Place::WordStart => !before && after,
            Place::WordEnd => before && !after,
        }
    }

    fn any(&self, choices: &[Sequence], from: &Positions, direction: Direction) -> Result<Positions, OverBudget> {
        let _level = self.budget.enter()?;
        let mut all = Positions::new();
        for choice in choices {
            self.budget.charge(4 + 4 * from.len())?;
            all.extend(self.run(choice, from.clone(), direction)?);
        }
        if choices.len() > 1 {
            self.budget.charge(4 * all.len())?;
            all.sort_unstable();
            all.dedup();
        }
        Ok(all)
    }

    fn repeat(
        &self,
        choices: &[Sequence],
        (least, most): (u32, Option<u32>),
        mut from: Positions,
        direction: Direction,
    ) -> Result<Positions, OverBudget> {
        if let ([choice], 0 | 1, None) = (choices, least, most) {
            if let [Node::One(bytes)] = choice.as_slice() {
                return self.run_of(bytes, least == 1, from, direction);
            }
        }
        for _ in 0..least {
            if from.is_empty() {
                return Ok(from);
            }
            from = self.any(choices, &from, direction)?;
        }
        if most == Some(least) {
            return Ok(from);
        }
        // A position that was reached before was reached with fewer repetitions.
        self.budget.charge(self.bytes.len() / 16)?;
        let mut reached = vec![false; self.bytes.len() + 1];
        from.iter().for_each(|position| reached[*position as usize] = true);
        let mut all = from.clone();
        let mut left = most.map(|most| most - least);
        while !from.is_empty() && left != Some(0) {
            from = self.any(choices, &from, direction)?;
            from.retain(|position| !std::mem::replace(&mut reached[*position as usize], true));
            all.extend(&from);
            left = left.map(|left| left - 1);
        }
        self.budget.charge(4 * all.len())?;
        all.sort_unstable();
        Ok(all)
    }

    /// Any number of bytes of a set, or at least one: the repetition that most expressions are made of.
    fn run_of(
        &self,
        bytes: &Bytes,
        some: bool,
        mut from: Positions,
        direction: Direction,
    ) -> Result<Positions, OverBudget> {
        let backwards = direction == Direction::Backwards;
        if backwards {
            from.reverse();
        }
        let mut all = Positions::new();
        let is_behind = |position: u32, last: u32| if backwards { position < last } else { position > last };
        for start in from {
            let new = |position: &u32, all: &Positions| all.last().is_none_or(|last| is_behind(*position, *last));
            if !some && new(&start, &all) {
                all.push(start);
            }
            // What a run before has passed over, it has followed to its end.
            if all.last().is_some_and(|last| is_behind(*last, start)) {
                continue;
            }
            let before = all.len();
            let mut next = self.step(start, bytes, direction);
            while let Some(position) = next {
                all.push(position);
                next = self.step(position, bytes, direction);
            }
            self.budget.charge(4 * (all.len() - before))?;
        }
        if backwards {
            all.reverse();
        }
        Ok(all)
    }

    /// Where one gets to with a text that matches none of the choices; it has to be asked for each beginning.
    fn others(&self, choices: &[Sequence], from: &Positions, direction: Direction) -> Result<Positions, OverBudget> {
        self.budget.charge(self.bytes.len())?;
        let mut reached = vec![false; self.bytes.len() + 1];
        for start in from {
            let matched = self.any(choices, &vec![*start], direction)?;
            let range = match direction {
                Direction::Forwards => *start..=self.end(),
                Direction::Backwards => 0..=*start,
            };
            self.budget.charge(self.bytes.len())?;
            let mut matched = matched.into_iter().peekable();
            for position in range {
                if matched.next_if_eq(&position).is_none() {
                    reached[position as usize] = true;
                }
            }
        }
        self.budget.charge(4 * self.bytes.len())?;
        Ok((0..=self.end()).filter(|position| reached[*position as usize]).collect())
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
