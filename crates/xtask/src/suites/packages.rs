//! Suite `packages`: large packages of the archive, which come with configure scripts, hundreds of sources or several modules,
//! for the kernel of Debian stable and for the newest one that is to be had for it. What ours makes of them is what the
//! original makes: what is built, what is not, the exit status, and the names of the installed objects.
//!
//! The original needs hours for all of them, so its outcomes are kept, by the versions of package, kernels and original.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::parity::play;
use super::{Request, Tally};
use crate::command::Output;
use crate::debs::{self, Debs};
use crate::layer::{self, Flavour, Layer, SUITE};
use crate::root::Root;
use crate::{cache, disk};

/// Where kernels newer than those of [`SUITE`] are to be had.
const BACKPORTS: &str = "trixie-backports";

/// What the packages want to be there, beside dkms.
const TOOLS: &str = "libxtables-dev pkgconf file lsb-release libpython3-stdlib python3 perl libc6-dev";

/// Some of these take half an hour on two processors.
const SECONDS: u32 = 4 * 3600;

/// Package and suite, the quick ones first.
const PACKAGES: [(&str, &str); 11] = [
    ("r8168-dkms", SUITE),
    ("eoip-dkms", BACKPORTS),
    ("iptables-netflow-dkms", SUITE),
    ("broadcom-sta-dkms", SUITE),
    ("jool-dkms", SUITE),
    ("lttng-modules-dkms", SUITE),
    ("virtualbox-dkms", "sid"),
    ("openafs-modules-dkms", SUITE),
    ("zfs-dkms", SUITE),
    ("nvidia-open-kernel-dkms", SUITE),
    ("nvidia-kernel-dkms", SUITE),
];

/// What became of a package for one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Outcome {
    kernel: String,
    exit: i32,
    /// As `dkms status` says it; empty if it is neither built nor installed.
    state: String,
    /// Names of the installed objects.
    objects: Vec<String>,
}

/// Plays all packages, one after the other: each build takes all processors anyway.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let older = layer::desktop_release()?;
    let newer = layer::releases(BACKPORTS, Flavour::Ordinary)?.pop();
    let newer = newer.with_context(|| format!("{BACKPORTS} has no kernel headers"))?;
    let below =
        layer::desktop(&older)?.extend("packages", &format!("1 {newer} {TOOLS}"), |root| ground(root, &newer))?;
    let (subject, original) = (request.subject(&below)?, layer::original(&below)?);
    let kernels = [older, newer];
    let wanted: Vec<_> = PACKAGES.into_iter().filter(|(name, _)| request.wants(&format!("packages/{name}"))).collect();
    let mut tally = Tally::default();
    for package in wanted {
        tally.add(super::parallel::run(&[package], |(name, suite)| {
            let compared = compare(name, suite, &kernels, &subject, &original);
            (format!("packages/{name}"), compared)
        }));
    }
    Ok(tally)
}

/// The newer kernel, and what packages want.
fn ground(root: &Root, newer: &str) -> Result<()> {
    let list = "/etc/apt/sources.list.d/backports.list";
    disk::write(&root.path(list), debs::sources(BACKPORTS)?)?;
    root.must("apt-get update -q")?;
    root.must(&format!("apt-get install -y -q --no-install-recommends {TOOLS}"))?;
    // Its kernels want some of its other packages, too.
    root.must(&format!(
        "INITRD=No apt-get install -y -q --no-install-recommends -t {BACKPORTS} linux-image-{newer} linux-headers-{newer}"
    ))?;
    root.must(&format!("rm {list} && apt-get update -q && apt-get clean")).map(drop)
}

/// Complaints about one package.
fn compare(name: &str, suite: &str, kernels: &[String], subject: &Layer, original: &Layer) -> Result<Vec<String>> {
    let version = Debs::of(suite)?.version(name)?;
    let key = cache::key([&original.id(), name, &version, "1"]);
    let kept = cache::path("packages").join(format!("{name}-{key}.json"));
    let remembered = disk::read(&kept).ok().and_then(|text| serde_json::from_str::<Vec<Outcome>>(&text).ok());
    let expected = match remembered {
        Some(outcomes) => outcomes,
        None => {
            let outcomes: Vec<Outcome> =
                play(name, suite, kernels, original)?.into_iter().map(|(outcome, _)| outcome).collect();
            disk::write(&kept, serde_json::to_string_pretty(&outcomes).context("write outcomes as JSON")?)?;
            outcomes
        }
    };
    let differs = |(expected, (ours, said)): (&Outcome, (Outcome, Output))| {
        (*expected != ours).then(|| format!("the original: {expected:?}\nours: {ours:?}\n{}", said.tail()))
    };
    Ok(expected.iter().zip(play(name, suite, kernels, subject)?).filter_map(differs).collect())
}

/// Builds a package for each kernel.
fn play(name: &str, suite: &str, kernels: &[String], layer: &Layer) -> Result<Vec<(Outcome, Output)>> {
    let root = Root::over(layer)?;
    let module = play::unpack(&root, name, suite)?;
    root.must(&format!("dkms add {module}"))?;
    kernels
        .iter()
        .map(|kernel| {
            let line = format!("dkms install {module} -k {kernel}");
            let said = root.command(SECONDS, &["bash", "-c", &line]).output()?;
            let status = root.must(&format!("dkms status {module} -k {kernel}"))?.stdout;
            let state = status.lines().next().and_then(|line| line.rsplit_once(": ")).map_or("", |(_, state)| state);
            let objects =
                root.must(&format!("cd /lib/modules/{kernel} && find . -path '*/updates/*.ko*' -printf '%f\\n'"))?;
            let mut objects: Vec<String> = objects.stdout.lines().map(str::to_owned).collect();
            objects.sort();
            Ok((Outcome { kernel: kernel.clone(), exit: said.code, state: state.to_owned(), objects }, said))
        })
        .collect()
}
