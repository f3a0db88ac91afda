//! What a row of a table is, and when it is played.

use anyhow::Result;

use super::audit;
use super::environment::Environment;
use super::kills::Killing;
use super::scenario::Scenario;

/// In which runs a row is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// On every release.
    Everywhere,
    /// On the first release; on the others with `--full`.
    First,
    /// With `--full` only: it takes long, and what it tests is tested by another row in small.
    Full,
}

/// A row of the contract that every front door has to fulfil.
pub(crate) struct Row<E: Environment> {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) start: E::Start,
    pub(crate) when: When,
    /// Runs the transactions and says what is expected of each.
    pub(crate) play: fn(&Scenario<E>) -> Result<()>,
}

/// What a suite plays.
pub(crate) struct Table<E: Environment> {
    pub(crate) rows: &'static [Row<E>],
    /// What a run of all suites plays of them, unless it is a full one; empty for everything.
    pub(crate) brief: &'static [&'static str],
    /// S16, which is no row of its own.
    pub(crate) killing: fn(&E) -> Killing<E::Start>,
}

impl<E: Environment> Row<E> {
    /// Plays it in a fresh root, and looks at what has to be true after each.
    pub(crate) fn play<'a>(&self, environment: &'a E) -> Result<Scenario<'a, E>> {
        let scenario = Scenario::new(environment, &self.start)?;
        (self.play)(&scenario).and_then(|()| audit::check(&scenario))?;
        Ok(scenario)
    }
}

/// A row for the first release.
pub(crate) const fn row<E: Environment>(
    id: &'static str,
    title: &'static str,
    start: E::Start,
    play: fn(&Scenario<E>) -> Result<()>,
) -> Row<E> {
    Row { id, title, start, when: When::First, play }
}

/// The row, for every release.
pub(crate) const fn everywhere<E: Environment>(row: Row<E>) -> Row<E> {
    Row { when: When::Everywhere, ..row }
}
