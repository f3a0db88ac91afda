//! Every row of suites `dpkg`, `pacman` and `rpm` with the original and with ours: what was started, how long it took.
//!
//! The row of apt with five modules has a target; it is played in several rounds, the sides taking turns.

use anyhow::{Context, Result};
use dkms_suites::measured::{self, Manager, Player, Side};

use super::contest::Contest;
use super::duel::{self, Cells, Duel};
use super::lap::median;
use super::row::{Row, seconds};

/// The row with a target, in the table of `dpkg`.
const FIVE: &str = "five";

/// Plays the rows that are asked for and prints a table for each package manager. With pacman and rpm the original's side
/// is our stand-in for how Arch and Fedora arrange it.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    let managers = Manager::all();
    let mut rows = five(contest, &managers[0])?;
    for manager in &managers {
        rows.extend(duels(contest, manager)?);
    }
    Ok(rows)
}

/// The row with a target.
fn five(contest: &Contest, dpkg: &Manager) -> Result<Vec<Row>> {
    let five = dpkg.rows.iter().find(|row| row.id == FIVE).context("the row with a target is not in the table")?;
    if !contest.wants(&name(dpkg, five)) {
        return Ok(Vec::new());
    }
    let [original, ours] = sides(contest, dpkg)?;
    let (mut theirs, mut mine) = (Vec::new(), Vec::new());
    for round in 1..=contest.rounds {
        theirs.push(original.play(FIVE)?.wall);
        mine.push(ours.play(FIVE)?.wall);
        let last = |times: &[f64]| seconds(times.last().copied().unwrap_or(f64::NAN));
        println!("  round {round}: ours {}, the original {}", last(&mine), last(&theirs));
    }
    Ok(vec![Row::faster(five.title, median(mine.into_iter()), median(theirs.into_iter()), 1.8)])
}

/// The original and ours.
fn sides(contest: &Contest, manager: &Manager) -> Result<[Player; 2]> {
    let ours = if contest.self_test() { Side::Original } else { Side::Ours };
    Ok([manager.player(Side::Original)?, manager.player(ours)?])
}

/// Every row that does not take long, played by both.
fn duels(contest: &Contest, manager: &Manager) -> Result<Vec<Row>> {
    let due = |row: &&measured::Case| !row.is_long && (!contest.small || row.is_main);
    let wanted: Vec<&measured::Case> =
        manager.rows.iter().filter(due).filter(|row| contest.wants(&name(manager, row))).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let [original, ours] = sides(contest, manager)?;
    let mut duels = Vec::new();
    for row in wanted {
        println!("  {}", name(manager, row));
        let (theirs, mine) = (original.play(row.id)?, ours.play(row.id)?);
        // Some rows, or transactions in them, are about what only ours has.
        if theirs.transactions > 0 && theirs.transactions == mine.transactions {
            let cells = [&theirs, &mine].map(Cells::of);
            duels.push(Duel::new(row.id, row.title, cells[0], cells[1], theirs.complaints));
        }
    }
    duel::table(&duels);
    let lost = duels.iter().map(Duel::lost).sum();
    Ok(vec![Row::none(format!("{}: cells in which ours is worse", manager.name), lost)])
}

fn name(manager: &Manager, row: &measured::Case) -> String {
    format!("{}/{}", manager.name, row.id)
}
