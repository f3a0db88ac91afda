//! Every row of suites `dpkg` and `pacman` with the original and with ours: what was started, how long it took.
//!
//! The row of apt with five modules has a target; it is played in several rounds, the sides taking turns.

use anyhow::{Context, Result};

use super::contest::Contest;
use super::duel::{self, Cells, Duel};
use super::lap::median;
use super::row::{Row, seconds};
use crate::layer::SUITE;
use crate::suites::dpkg::ground::Ground as Apt;
use crate::suites::dpkg::scenario::FIVE;
use crate::suites::pacman::ground::Ground as Pacman;
use crate::suites::transaction::{Ground, Scenario, Side, Stage, Step, When};

/// Plays all rows with apt, prints their table; the row with a target.
pub(super) fn apt(contest: &Contest) -> Result<Vec<Row>> {
    let [original, ours] = sides::<Apt>(contest)?;
    let mut duels = duels(contest, &original, &ours)?;
    let (mut theirs, mut mine) = (Vec::new(), Vec::new());
    for round in 1..=contest.rounds {
        theirs.push(play(&original, &FIVE)?);
        mine.push(play(&ours, &FIVE)?);
        let last = |sides: &[Vec<Step>]| sides.last().map_or(f64::NAN, |steps| wall(steps));
        println!("  round {round}: ours {}, the original {}", seconds(last(&mine)), seconds(last(&theirs)));
    }
    if let (Some(theirs), Some(mine)) = (theirs.last(), mine.last()) {
        duels.push(Duel::new(FIVE.id, FIVE.title, Cells::of(theirs), Cells::of(mine)));
    }
    duel::table(&duels);
    let middle = |sides: &[Vec<Step>]| median(sides.iter().map(|steps| wall(steps)));
    Ok(vec![Row::faster(FIVE.title, middle(&mine), middle(&theirs), 1.8)])
}

/// Plays all rows with pacman, prints their table. The original's side is our stand-in for how Arch arranges it.
pub(super) fn pacman(contest: &Contest) -> Result<Vec<Row>> {
    let [original, ours] = sides::<Pacman>(contest)?;
    duel::table(&duels(contest, &original, &ours)?);
    Ok(Vec::new())
}

/// The original and ours.
fn sides<G: Ground>(contest: &Contest) -> Result<[G; 2]> {
    let ours = if contest.twins() { Side::Original } else { Side::Ours };
    Ok([G::new(SUITE, Side::Original)?, G::new(SUITE, ours)?])
}

/// Every row that does not take long, played by both.
fn duels<G: Ground>(contest: &Contest, original: &G, ours: &G) -> Result<Vec<Duel>> {
    let wanted = |row: &&Scenario<G>| row.when != When::Full && (!contest.small || row.when == When::Everywhere);
    let mut duels = Vec::new();
    for row in G::ROWS.iter().filter(wanted) {
        println!("  {}", row.id);
        let (theirs, mine) = (play(original, row)?, play(ours, row)?);
        // Some rows are about what only ours has.
        if !theirs.is_empty() {
            duels.push(Duel::new(row.id, row.title, Cells::of(&theirs), Cells::of(&mine)));
        }
    }
    Ok(duels)
}

/// The transactions of a row. What is expected of them is the business of the suite.
fn play<G: Ground>(ground: &G, row: &Scenario<G>) -> Result<Vec<Step>> {
    let stage = Stage::new(ground, &row.start)?;
    (row.play)(&stage).with_context(|| format!("play {}", row.id))?;
    Ok(stage.steps())
}

fn wall(steps: &[Step]) -> f64 {
    steps.iter().map(|step| step.wall).sum()
}
