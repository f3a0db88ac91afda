//! Suite `packages`: large packages of the archive, which come with configure scripts, hundreds of sources or many modules,
//! for the kernel of Debian stable and for the newest one that is to be had for it. What ours makes of them is what the
//! original makes: exit status, `dkms status`, every object, and whatever else has changed in the root.
//!
//! The original needs hours for all of them, so the root in which it played a case is kept as a layer, by the versions of
//! package, kernels and original; when objects differ, its own are there to be looked at.

use std::path::Path;
use std::slice;

use anyhow::{Context, Result, bail};
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::{self, Flavour, Kernels, Layer};
use testbed::root::Root;

use super::parallel;
use super::parity::case::{self, Case, Line};
use super::parity::play::{self, Players, Seen};
use super::parity::{Exam, examine};
use crate::request::Request;
use crate::tally::Tally;

/// What the packages want to be there, beside dkms.
const TOOLS: &str = "libxtables-dev pkgconf file lsb-release libpython3-stdlib python3 perl libc6-dev";

/// Some of these take half an hour on two processors.
const SECONDS: u32 = 4 * 3600;

/// Where a layer of the original says what was seen.
const SEEN: &str = "/var/lib/seen.json";

/// Plays all cases, one after the other: each build takes all processors anyway.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let older = layer::desktop_release()?;
    let newer = layer::releases(layer::BACKPORTS, Flavour::Ordinary)?.pop();
    let newer = newer.with_context(|| format!("{} has no kernel headers", layer::BACKPORTS))?;
    let below =
        layer::desktop(&older)?.extend("packages", &format!("1 {newer} {TOOLS}"), |root| ground(root, &newer))?;
    let exam = Exam {
        kernels: Kernels { older, newer },
        original: layer::original(&below)?,
        ours: request.subject(&below)?,
        self_test: request.self_test,
    };
    let mut cases = case::load(Path::new("tests/packages"))?;
    cases.retain(|case| request.wants(&case.name));
    if cases.is_empty() {
        bail!("no case has such a name");
    }
    let mut tally = Tally::default();
    for case in &cases {
        tally.add(parallel::run(slice::from_ref(case), |case| (case.name.clone(), sit(case, &exam))));
    }
    Ok(tally)
}

/// The newer kernel, and what packages want.
fn ground(root: &Root, newer: &str) -> Result<()> {
    root.must("apt-get update -q")?;
    root.must(&format!("apt-get install -y -q --no-install-recommends {TOOLS}"))?;
    layer::install_backports(root, &format!("linux-image-{newer} linux-headers-{newer}"))
}

/// Complaints about one case.
fn sit(case: &Case, exam: &Exam) -> Result<Vec<String>> {
    let name = format!("played-{}", case.name.replace('/', "-"));
    let mut recipe = format!("1\n{}", case.text);
    for line in &case.lines {
        if let Line::Package { name, suite } = line {
            recipe.push_str(&Debs::of(suite)?.version(name)?);
        }
    }
    let played = exam.original.extend(&name, &recipe, |root| {
        layer::prune(&format!("{name}-"))?;
        let players = Players { limit: SECONDS, ..Players::of(&exam.original) };
        let seen = play::inside(root, case, &players, &exam.kernels)?;
        // Of a build that failed the log is enough.
        root.must("find /var/lib/dkms -path '*/build/*' ! -name make.log -delete")?;
        disk::write(&root.path(SEEN), serde_json::to_string(&seen).context("write what was seen as JSON")?)
    })?;
    examine(case, exam, &seen(&played)?, SECONDS)
}

/// What was seen when a layer was made.
fn seen(played: &Layer) -> Result<Seen> {
    let top = played.lowers().first().context("a layer without a directory")?;
    let path = top.join(SEEN.trim_start_matches('/'));
    serde_json::from_str(&disk::read(&path)?).with_context(|| format!("understand {}", path.display()))
}
