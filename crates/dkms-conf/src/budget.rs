//! What reading a text that others wrote may cost: work, memory and depth, counted instead of timed, so that the answer
//! is the same on every machine.
//!
//! One number stands for work and for memory, as whatever is held had to be made first: every byte that is made costs a
//! [unit](Budget), and so does every step that takes about as long as a few bytes. Code that loops over something whose
//! length a text decides charges for it before, and code that calls itself takes a [`Level`]. What is over budget is not
//! wrong: the evaluator leaves it to bash, which has limits of its own.

use std::cell::Cell;

/// The budget of one file in units: a release build works for at most about half a second, a debug build for a few, and
/// no more than this number of bytes is ever held.
const UNITS: u64 = 64 << 20;
/// How deep constructs, calls and expansions may be inside one another. The stack of a thread (2 MiB) holds far more.
const LEVELS: usize = 80;

/// What is left to spend.
#[derive(Debug)]
pub struct Budget {
    units: Cell<u64>,
    levels: Cell<usize>,
}

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// It would take too long, or too much memory.
    #[error("a very long run")]
    Work,
    /// It is nested too deeply.
    #[error("very deep nesting")]
    Depth,
}

/// One level of depth, given back when this value goes.
#[derive(Debug)]
pub struct Level<'b> {
    levels: &'b Cell<usize>,
}

impl Budget {
    /// The price of a command, in units.
    pub(crate) const COMMAND: usize = 256;
    /// The price of a number or a variable in arithmetic.
    pub(crate) const NUMBER: usize = 128;
    /// The price of a value that is kept, besides its bytes.
    pub(crate) const ELEMENT: usize = 128;
    /// The price of a question to the machine, such as whether a file is there.
    pub(crate) const QUESTION: usize = 4096;
    /// The price of a character that is parsed.
    pub(crate) const SYNTAX: usize = 4;

    /// The whole budget of one file.
    #[must_use]
    pub fn new() -> Self {
        Self { units: Cell::new(UNITS), levels: Cell::new(LEVELS) }
    }

    /// Spends units.
    ///
    /// # Errors
    /// `Work` if there are not as many left; nothing is left then.
    pub fn charge(&self, units: usize) -> Result<(), OverBudget> {
        let left = self.units.get().checked_sub(units as u64);
        self.units.set(left.unwrap_or(0));
        left.map(drop).ok_or(OverBudget::Work)
    }

    /// Goes one level deeper for as long as the level lives.
    ///
    /// # Errors
    /// `Depth`.
    pub fn enter(&self) -> Result<Level<'_>, OverBudget> {
        let left = self.levels.get().checked_sub(1).ok_or(OverBudget::Depth)?;
        self.levels.set(left);
        Ok(Level { levels: &self.levels })
    }

    /// How many units were spent.
    #[must_use]
    pub fn spent(&self) -> u64 {
        UNITS - self.units.get()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.levels.set(self.levels.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_gone_and_a_level_comes_back() {
        let budget = Budget::new();
        budget.charge(1000).unwrap();
        assert_eq!(budget.spent(), 1000);
        assert_eq!(budget.charge(usize::MAX), Err(OverBudget::Work));
        assert_eq!(budget.charge(1), Err(OverBudget::Work));
        let levels: Vec<_> = std::iter::from_fn(|| budget.enter().ok()).collect();
        assert_eq!((levels.len(), budget.enter().err()), (LEVELS, Some(OverBudget::Depth)));
        drop(levels);
        assert!(budget.enter().is_ok());
    }
}
