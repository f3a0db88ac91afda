//! Rows of the transaction table played for a benchmark: what was started and how long it took, judged by nobody.

use anyhow::{Context, Result};

pub use crate::transaction::Side;
use crate::transaction::{Ground, Scenario, Stage, Step, When};
use crate::{dpkg, pacman, rpm};

/// A package manager with its table.
pub struct Manager {
    /// What its rows are called after: `dpkg`.
    pub name: &'static str,
    /// The table.
    pub rows: Vec<Row>,
    open: fn(Side) -> Result<Player>,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
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
        [Manager::of::<dpkg::Ground>(), Manager::of::<pacman::Ground>(), Manager::of::<rpm::Ground>()]
    }

    fn of<G: Ground>() -> Manager {
        let row = |row: &Scenario<G>| Row {
            id: row.id,
            title: row.title,
            is_main: row.when == When::Everywhere,
            is_long: row.when == When::Full,
        };
        Manager { name: G::NAME, rows: G::ROWS.iter().map(row).collect(), open: open::<G> }
    }

    /// A side on the first release.
    pub fn player(&self, side: Side) -> Result<Player> {
        (self.open)(side)
    }
}

fn open<G: Ground>(side: Side) -> Result<Player> {
    let ground = G::new(G::RELEASES[0], side)?;
    Ok(Player(Box::new(move |id| {
        let row = G::ROWS.iter().find(|row| row.id == id).context("there is no such row")?;
        let stage = Stage::new(&ground, &row.start)?;
        (row.play)(&stage)?;
        Ok(Played::of(&stage.steps(), stage.complaints()))
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
