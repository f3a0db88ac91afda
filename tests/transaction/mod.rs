//! What the suites of package managers share: rows that are played in roots, and judged from outside.
//!
//! What is counted is counted by programs put in the place of others (`counts`); after every row the same rules hold
//! (`audit`). How a root is made, what is installed in it and by whom is the business of each suite.

pub(super) mod audit;
pub(super) mod counting;
pub(super) mod counts;
pub(super) mod debian;
pub(super) mod door;
pub(super) mod dracut;
pub(super) mod full;
pub(super) mod kills;
pub(super) mod made;
pub(super) mod rows;
pub(crate) mod scenario;
mod stage;
mod step;

use anyhow::{Context, Result};

use self::counts::Build;
use self::kills::Kills;
pub use self::scenario::Side;
pub(crate) use self::scenario::{Ground, Scenario, When};
pub(crate) use self::stage::Stage;
pub(crate) use self::step::Step;
use super::crash::killing::Moment;
use super::parallel;
use super::{Request, Tally};

/// The row that has a check for each moment.
const KILLED: &str = "S16";

/// In a brief run one of so many moments is tried.
const BRIEF_SHARE: usize = 5;

/// Plays the rows asked for.
pub(super) fn run<G: Ground>(request: &Request) -> Result<Tally> {
    let side = match (request.twins, request.quick) {
        (true, _) => Side::Original,
        (false, true) => Side::Quick,
        (false, false) => Side::Ours,
    };
    let mut tally = Tally::default();
    for (nth, suite) in G::RELEASES.iter().copied().enumerate() {
        let all = nth == 0 || request.full;
        let named = request.only.as_ref().is_some_and(|text| text.contains(suite));
        let in_brief = |id: &str| !request.is_brief() || G::BRIEF.is_empty() || G::BRIEF.contains(&id);
        let due = |row: &&Scenario<G>| due(row.when, nth == 0, request.full, named) && in_brief(row.id);
        let wanted = |row: &&Scenario<G>| due(row) && request.wants(&name::<G>(suite, row.id));
        let rows: Vec<&Scenario<G>> = G::ROWS.iter().filter(wanted).collect();
        let asked =
            request.wants(&name::<G>(suite, KILLED)) || request.only.as_ref().is_some_and(|text| text.contains(KILLED));
        let kills_too = all && side != Side::Original && asked && in_brief(KILLED);
        if !rows.is_empty() || kills_too {
            let ground = G::new(suite, side).with_context(|| format!("prepare {suite}"))?;
            // Layers are made one after the other: two at once would make the same one twice.
            rows.iter().try_for_each(|row| ground.start(&row.start).map(drop))?;
            tally.add(parallel::run(&rows, |row| (name::<G>(suite, row.id), judge(&ground, row))));
            if kills_too {
                tally.add(kills(&ground, request)?);
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
fn kills<G: Ground>(ground: &G, request: &Request) -> Result<Tally> {
    // Where rows are left out, so are moments.
    let share = if request.is_brief() && !G::BRIEF.is_empty() { BRIEF_SHARE } else { 1 };
    let kills = Kills::prepare(ground, share).context("prepare S16")?;
    let name = |moment: &Moment| format!("{}-{}-{}", name::<G>(ground.suite(), KILLED), moment.call, moment.nth);
    let moments: Vec<&Moment> = kills.moments().iter().filter(|moment| request.wants(&name(moment))).collect();
    Ok(parallel::run(&moments, |moment| (name(moment), kills.kill(moment))))
}

fn name<G: Ground>(suite: &str, id: &str) -> String {
    format!("{}/{suite}/{id}", G::NAME)
}

/// What is wrong with a row. Of the original it is only shown what it did, and what of that ours must not do.
fn judge<G: Ground>(ground: &G, row: &Scenario<G>) -> Result<Vec<String>> {
    let stage = Stage::new(ground, &row.start)?;
    (row.play)(&stage).and_then(|()| audit::check(&stage))?;
    let complaints = stage.complaints();
    if ground.side() != Side::Original {
        return Ok(complaints);
    }
    let steps = stage.steps();
    let notes = complaints.iter().map(|note| format!("     note: {}", note.replace('\n', "\n           ")));
    let lines: Vec<String> = steps.iter().map(seen).chain(notes).collect();
    println!("{} ({})\n{}", row.id, row.title, lines.join("\n"));
    Ok(Vec::new())
}

fn seen(step: &Step) -> String {
    let builds: Vec<String> = step.counts.builds.iter().map(Build::told).collect();
    format!(
        "     `{}`: exit {}, {:.1} s, CPU {:.1} s\n       {} builds: {}\n       depmod: {}\n       initramfs: {}",
        step.line,
        step.exit,
        step.wall,
        step.cpu,
        builds.len(),
        builds.join(", "),
        step.counts.depmods.join(" "),
        step.counts.initramfs.join(" ")
    )
}
