//! Suite `dpkg`: every row of the transaction table with real apt and dpkg, real kernels and real module packages.
//!
//! What is counted is counted from outside, by programs put in the place of make, depmod and mkinitramfs (`counted`).
//! After every row the same rules hold (`audit`). With `--twins` the original plays; what it did is shown, not judged.

mod audit;
mod counted;
mod crowd;
mod dracut;
mod full;
pub(crate) mod ground;
mod image;
mod kernels;
mod made;
mod modules;
mod notes;
mod pairs;
mod rescue;
pub(crate) mod scenario;
pub(crate) mod stage;
mod switch;
mod unattended;

use anyhow::{Context, Result};

use self::ground::{Ground, Side};
use self::rescue::Kills;
use self::scenario::{KILLED, SCENARIOS, Scenario, When};
use self::stage::{Stage, Step};
use super::crash::killing::Moment;
use super::parallel;
use super::{Request, Tally};

/// Debian releases: on the first all rows are played; on the others with `--full`, or when they are asked for by name.
const SUITES: [&str; 3] = ["trixie", "bookworm", "sid"];

/// Plays the rows asked for.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let side = match (request.twins, request.quick) {
        (true, _) => Side::Original,
        (false, true) => Side::Quick,
        (false, false) => Side::Ours,
    };
    let mut tally = Tally::default();
    for (nth, suite) in SUITES.into_iter().enumerate() {
        let all = nth == 0 || request.full;
        let named = request.only.as_ref().is_some_and(|text| text.contains(suite));
        let due = |row: &&Scenario| due(row.when, nth == 0, request.full, named);
        let wanted = |row: &&Scenario| due(row) && request.wants(&name(suite, row));
        let rows: Vec<&Scenario> = SCENARIOS.iter().filter(wanted).collect();
        let killed = name(suite, &KILLED);
        let asked = request.wants(&killed) || request.only.as_ref().is_some_and(|text| text.contains(KILLED.id));
        let kills_too = all && side != Side::Original && asked;
        if !rows.is_empty() || kills_too {
            let ground = Ground::new(suite, side).with_context(|| format!("prepare {suite}"))?;
            // Layers are made one after the other: two at once would make the same one twice.
            rows.iter().try_for_each(|row| ground.start(&row.start).map(drop))?;
            tally.add(parallel::run(&rows, |row| (name(suite, row), judge(&ground, row))));
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
fn kills(ground: &Ground, request: &Request) -> Result<Tally> {
    let kills = Kills::prepare(ground, &KILLED).context("prepare S16")?;
    let name = |moment: &Moment| format!("{}-{}-{}", name(ground.suite, &KILLED), moment.call, moment.nth);
    let moments: Vec<&Moment> = kills.moments().iter().filter(|moment| request.wants(&name(moment))).collect();
    Ok(parallel::run(&moments, |moment| (name(moment), kills.kill(moment))))
}

fn name(suite: &str, row: &Scenario) -> String {
    format!("dpkg/{suite}/{}", row.id)
}

/// What is wrong with a row. Of the original it is only shown what it did, and what of that ours must not do.
fn judge(ground: &Ground, row: &Scenario) -> Result<Vec<String>> {
    let stage = Stage::new(ground, &row.start)?;
    (row.play)(&stage).and_then(|()| audit::check(&stage))?;
    let complaints = stage.complaints();
    if ground.side != Side::Original {
        return Ok(complaints);
    }
    let steps = stage.steps();
    let notes = complaints.iter().map(|note| format!("     note: {}", note.replace('\n', "\n           ")));
    let lines: Vec<String> = steps.iter().map(seen).chain(notes).collect();
    println!("{} ({})\n{}", row.id, row.title, lines.join("\n"));
    Ok(Vec::new())
}

fn seen(step: &Step) -> String {
    let builds: Vec<String> = step.counts.builds.iter().map(counted::Build::told).collect();
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
