//! What the suites of package managers share: rows that are played in roots, and judged from outside.
//!
//! What is counted is counted by programs put in the place of others (`counts`); after every row the same rules hold
//! (`audit`). How a root is made, what is installed in it and by whom is the business of each suite.

pub(super) mod audit;
pub(super) mod counting;
pub(super) mod counts;
pub(super) mod debian;
pub(super) mod dracut;
mod environment;
pub(super) mod full;
pub(super) mod kills;
pub(super) mod package_manager;
mod releases;
pub(super) mod rows;
mod scenario;
mod self_test;
mod step;
pub(crate) mod table;
pub(super) mod test_modules;

use anyhow::{Context, Result};

pub use self::environment::Side;
pub(crate) use self::environment::{Environment, Start};
use self::kills::{Killing, Kills};
pub(crate) use self::releases::Releases;
pub(crate) use self::scenario::Scenario;
pub(crate) use self::step::Step;
pub(crate) use self::table::{Row, Table, When};
use super::crash::killing::Moment;
use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// The row that has a check for each moment.
const KILLED: &str = "S16";

/// In a brief run one of so many moments is tried.
const BRIEF_SHARE: usize = 5;

/// Plays the rows asked for.
pub(super) fn run<E: Environment>(request: &Request, table: &Table<E>) -> Result<Tally> {
    let side = match (request.self_test, request.quick) {
        (true, _) => Side::Original,
        (false, true) => Side::Quick,
        (false, false) => Side::Ours,
    };
    let mut tally = Tally::default();
    for (nth, suite) in E::RELEASES.iter().copied().enumerate() {
        let all = nth == 0 || request.full;
        let named = request.only.as_ref().is_some_and(|text| text.contains(suite));
        let in_brief = |id: &str| !request.is_brief() || table.brief.is_empty() || table.brief.contains(&id);
        let due = |row: &&Row<E>| due(row.when, nth == 0, request.full, named) && in_brief(row.id);
        let wanted = |row: &&Row<E>| due(row) && request.wants(&name::<E>(suite, row.id));
        let rows: Vec<&Row<E>> = table.rows.iter().filter(wanted).collect();
        let asked =
            request.wants(&name::<E>(suite, KILLED)) || request.only.as_ref().is_some_and(|text| text.contains(KILLED));
        let kills_too = all && side != Side::Original && asked && in_brief(KILLED);
        if !rows.is_empty() || kills_too {
            let environment = E::new(suite, side).with_context(|| format!("prepare {suite}"))?;
            // Layers are made one after the other: two at once would make the same one twice.
            rows.iter().try_for_each(|row| environment.start(&row.start).map(drop))?;
            if side == Side::Original {
                tally.add(self_test::run(&environment, &rows, request.only.is_none()));
                continue;
            }
            tally.add(parallel::run(&rows, |row| {
                (name::<E>(suite, row.id), row.play(&environment).map(|scenario| scenario.complaints()))
            }));
            if kills_too {
                // Where rows are left out, so are moments.
                let share = if request.is_brief() && !table.brief.is_empty() { BRIEF_SHARE } else { 1 };
                tally.add(kills(&environment, (table.killing)(&environment), share, request)?);
            }
        }
    }
    Ok(tally)
}

fn due(when: When, first: bool, full: bool, named: bool) -> bool {
    match when {
        When::Everywhere => first || full || named,
        When::First => first || full,
        When::Full => full,
    }
}

/// S16, which has a check for each moment. The original has no hook that could be traced.
fn kills<E: Environment>(
    environment: &E,
    killing: Killing<E::Start>,
    share: usize,
    request: &Request,
) -> Result<Tally> {
    let kills = Kills::prepare(environment, killing, share).context("prepare S16")?;
    let name = |moment: &Moment| format!("{}-{}-{}", name::<E>(environment.suite(), KILLED), moment.call, moment.nth);
    let moments: Vec<&Moment> = kills.moments().iter().filter(|moment| request.wants(&name(moment))).collect();
    Ok(parallel::run(&moments, |moment| (name(moment), kills.kill(moment))))
}

fn name<E: Environment>(suite: &str, id: &str) -> String {
    format!("{}/{suite}/{id}", E::NAME)
}
