//! Rows of the transaction table played for a benchmark: what was started and how long it took, judged by nobody.

use anyhow::{Context, Result};

pub use crate::transaction::Side;
use crate::transaction::{Environment, Row, Scenario, Step, Table, When};
use crate::{dpkg, pacman, rpm};

/// A package manager with its table.
pub struct Manager {
    /// What its rows are called after: `dpkg`.
    pub name: &'static str,
    /// The table.
    pub rows: Vec<Case>,
    open: Box<Open>,
}

/// Makes a side ready.
type Open = dyn Fn(Side) -> Result<Player>;

/// A row of the table, by its names.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// `S1`
    pub id: &'static str,
    /// What happens in it.
    pub title: &'static str,
    /// One of those that are played on every release.
    pub is_main: bool,
    /// It takes long.
    pub is_long: bool,
}

/// What one side did with a row, all its transactions together.
#[derive(Debug, Clone)]
pub struct Played {
    /// How many transactions there were.
    pub transactions: usize,
    /// Builds that were started.
    pub builds: usize,
    /// Runs of depmod that were not those of a kernel's own package.
    pub depmods: usize,
    /// Images that were made.
    pub images: usize,
    /// Seconds.
    pub wall: f64,
    /// Seconds of all processors.
    pub cpu: f64,
    /// The worst exit status of the package manager.
    pub exit: i32,
    /// What was not as the row asks for. Of ours that is the business of the suite.
    pub complaints: Vec<String>,
}

/// Plays a row by its id.
type Play = dyn Fn(&str) -> Result<Played>;

/// One side, ready to play.
pub struct Player(Box<Play>);

impl Player {
    /// Plays a row in a fresh root.
    pub fn play(&self, id: &str) -> Result<Played> {
        (self.0)(id).with_context(|| format!("play {id}"))
    }
}

impl Manager {
    /// All of them.
    pub fn all() -> [Manager; 3] {
        [Manager::of(&dpkg::TABLE), Manager::of(&pacman::TABLE), Manager::of(&rpm::TABLE)]
    }

    fn of<E: Environment>(table: &'static Table<E>) -> Manager {
        let row = |row: &Row<E>| Case {
            id: row.id,
            title: row.title,
            is_main: row.when == When::Everywhere,
            is_long: row.when == When::Full,
        };
        Manager { name: E::NAME, rows: table.rows.iter().map(row).collect(), open: Box::new(|side| open(table, side)) }
    }

    /// A side on the first release.
    pub fn player(&self, side: Side) -> Result<Player> {
        (self.open)(side)
    }
}

fn open<E: Environment>(table: &'static Table<E>, side: Side) -> Result<Player> {
    let environment = E::new(E::RELEASES[0], side)?;
    Ok(Player(Box::new(move |id| {
        let row = table.rows.iter().find(|row| row.id == id).context("there is no such row")?;
        let scenario = Scenario::new(&environment, &row.start)?;
        (row.play)(&scenario)?;
        Ok(Played::of(&scenario.steps(), scenario.complaints()))
    })))
}

impl Played {
    fn of(steps: &[Step], complaints: Vec<String>) -> Played {
        Played {
            transactions: steps.len(),
            builds: steps.iter().map(|step| step.counts.builds.len()).sum(),
            depmods: steps.iter().map(|step| step.counts.depmods.len()).sum(),
            images: steps.iter().map(|step| step.counts.initramfs.len()).sum(),
            wall: steps.iter().map(|step| step.wall).sum(),
            cpu: steps.iter().map(|step| step.cpu).sum(),
            exit: steps.iter().map(|step| step.exit).max().unwrap_or(0),
            complaints,
        }
    }
}
