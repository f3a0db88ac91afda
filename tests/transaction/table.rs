//! What a row of the table is, and what a front door has to have so that rows can be played on it.

use anyhow::Result;
use testbed::layer::Layer;

use super::Stage;
use super::kills::Killing;

/// Whose dkms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The original, as a distribution arranges it.
    Original,
    /// Our package as it is released.
    Ours,
    /// The package that was built last, with a debug build of ours in it.
    Quick,
}

/// A release of a package manager with a dkms, and what scenarios start from on it.
pub(crate) trait Ground: Sized + Sync + 'static {
    /// What rows are called after.
    const NAME: &'static str;
    /// Releases of Debian: on the first all rows are played; on the others with `--full`, or when they are asked for by
    /// name.
    const RELEASES: &'static [&'static str];
    /// The table.
    const ROWS: &'static [Scenario<Self>];
    /// What a run of all suites plays of the table, unless it is a full one; empty for everything.
    const BRIEF: &'static [&'static str] = &[];
    /// Where modules are, below a kernel's directory.
    const PLACE: &'static str = "updates/dkms";
    /// Lines of bash that print what the package manager left incomplete.
    const AUDIT: &'static str;
    /// Lines of bash that call every hook of ours as the package manager does, for all that is there.
    const HOOKS: &'static str;

    /// What a root has before the first transaction.
    type Start: Copy + Sync;

    /// Prepares what all scenarios share.
    fn new(release: &'static str, side: Side) -> Result<Self>;
    /// The release of Debian.
    fn suite(&self) -> &'static str;
    fn side(&self) -> Side;
    /// The layer with what a scenario starts from.
    fn start(&self, start: &Self::Start) -> Result<Layer>;
    /// S16.
    fn killing(&self) -> Killing<Self::Start>;
}

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
pub(crate) struct Scenario<G: Ground> {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) start: G::Start,
    pub(crate) when: When,
    /// Runs the transactions and says what is expected of each.
    pub(crate) play: fn(&Stage<G>) -> Result<()>,
}

/// A row for the first release.
pub(crate) const fn row<G: Ground>(
    id: &'static str,
    title: &'static str,
    start: G::Start,
    play: fn(&Stage<G>) -> Result<()>,
) -> Scenario<G> {
    Scenario { id, title, start, when: When::First, play }
}

/// The row, for every release.
pub(crate) const fn everywhere<G: Ground>(row: Scenario<G>) -> Scenario<G> {
    Scenario { when: When::Everywhere, ..row }
}
