//! Every row of suites `dpkg`, `pacman` and `rpm` with the original and with ours: what was started, how long it took.
//!
//! The row of apt with five modules has a target; it is played in several rounds, the sides taking turns.

use anyhow::{Context, Result};

use super::contest::Contest;
use super::duel::{self, Cells, Duel};
use super::lap::median;
use super::row::{Row, seconds};
use crate::suites::dpkg::ground::Ground as Apt;
use crate::suites::dpkg::scenario::FIVE;
use crate::suites::pacman::ground::Ground as Pacman;
use crate::suites::rpm::ground::Ground as Rpm;
use crate::suites::transaction::{Ground, Scenario, Side, Stage, Step, When};

/// Plays the rows that are asked for and prints a table for each package manager. With pacman and rpm the original's side
/// is our stand-in for how Arch and Fedora arrange it.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    let mut rows = five(contest)?;
    rows.extend(duels::<Apt>(contest)?);
    rows.extend(duels::<Pacman>(contest)?);
    rows.extend(duels::<Rpm>(contest)?);
    Ok(rows)
}

/// The row with a target.
fn five(contest: &Contest) -> Result<Vec<Row>> {
    if !contest.wants(&name::<Apt>(&FIVE)) {
        return Ok(Vec::new());
    }
    let [original, ours] = sides::<Apt>(contest)?;
    let (mut theirs, mut mine) = (Vec::new(), Vec::new());
    for round in 1..=contest.rounds {
        theirs.push(wall(&play(&original, &FIVE)?.steps));
        mine.push(wall(&play(&ours, &FIVE)?.steps));
        let last = |times: &[f64]| seconds(times.last().copied().unwrap_or(f64::NAN));
        println!("  round {round}: ours {}, the original {}", last(&mine), last(&theirs));
    }
    Ok(vec![Row::faster(FIVE.title, median(mine.into_iter()), median(theirs.into_iter()), 1.8)])
}

/// The original and ours.
fn sides<G: Ground>(contest: &Contest) -> Result<[G; 2]> {
    let ours = if contest.twins() { Side::Original } else { Side::Ours };
    let release = G::RELEASES[0];
    Ok([G::new(release, Side::Original)?, G::new(release, ours)?])
}

/// Every row that does not take long, played by both.
fn duels<G: Ground>(contest: &Contest) -> Result<Vec<Row>> {
    let due = |row: &&Scenario<G>| row.when != When::Full && (!contest.small || row.when == When::Everywhere);
    let wanted: Vec<&Scenario<G>> = G::ROWS.iter().filter(due).filter(|row| contest.wants(&name(row))).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let [original, ours] = sides::<G>(contest)?;
    let mut duels = Vec::new();
    for row in wanted {
        println!("  {}", name(row));
        let (theirs, mine) = (play(&original, row)?, play(&ours, row)?);
        // Some rows, or transactions in them, are about what only ours has.
        if !theirs.steps.is_empty() && theirs.steps.len() == mine.steps.len() {
            let cells = [&theirs, &mine].map(|played| Cells::of(&played.steps));
            duels.push(Duel::new(row.id, row.title, cells[0], cells[1], theirs.complaints));
        }
    }
    duel::table(&duels);
    let lost = duels.iter().map(Duel::lost).sum();
    Ok(vec![Row::none(format!("{}: cells in which ours is worse", G::NAME), lost)])
}

fn name<G: Ground>(row: &Scenario<G>) -> String {
    format!("{}/{}", G::NAME, row.id)
}

/// What one side did with a row.
struct Played {
    steps: Vec<Step>,
    /// What was not as the row asks for. Of ours that is the business of the suite.
    complaints: Vec<String>,
}

fn play<G: Ground>(ground: &G, row: &Scenario<G>) -> Result<Played> {
    let stage = Stage::new(ground, &row.start)?;
    (row.play)(&stage).with_context(|| format!("play {}", row.id))?;
    Ok(Played { steps: stage.steps(), complaints: stage.complaints() })
}

fn wall(steps: &[Step]) -> f64 {
    steps.iter().map(|step| step.wall).sum()
}
