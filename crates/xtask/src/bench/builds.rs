//! What it costs beyond the compiler: one `dkms install`, and `dkms autoinstall` of five modules for a new kernel.
//!
//! The bare make commands are those that the original wrote to its make.log, run in the same directory on a fresh copy
//! of the source. Each lap has a fresh root, so nothing has to be undone; files come from the same layers, thus from
//! memory after the first lap.

use anyhow::{Result, ensure};
use testbed::layer::Layer;
use testbed::root::Root;

use super::contest::{Contest, ORIGINAL};
use super::lap::{self, Lap, median};
use super::machine;
use super::packages::{self, Module};
use super::row::{Row, seconds};

/// What both sides build, and the verb that does it.
struct Job {
    layer: Layer,
    release: String,
    modules: Vec<Module>,
    verb: String,
}

/// Medians over all rounds.
struct Times {
    ours: f64,
    original: f64,
    /// One make after the other.
    make: Lap,
    depmod: f64,
}

/// One module: at most 1.15 times its bare make and one depmod.
pub(super) fn install(contest: &Contest) -> Result<Vec<Row>> {
    let (layer, release, modules) = packages::layer(contest, &["v4l2loopback"])?;
    let verb = format!("install {} -k {release}", modules[0].spec());
    let times = Job { layer, release, modules, verb }.race(contest)?;
    let bare = times.make.wall + times.depmod;
    let title = "install v4l2loopback";
    Ok(vec![
        Row::within(title, times.ours, "make and depmod", bare, 1.15),
        Row::faster(title, times.ours, times.original, 1.0),
    ])
}

/// Five modules: at most 1.25 times what the cores need at least, and 1.8 times faster than the original.
pub(super) fn autoinstall(contest: &Contest) -> Result<Vec<Row>> {
    let names = ["acpi-call", "ddcci", "evdi", "v4l2loopback", "dm-writeboost"];
    let (layer, release, modules) = packages::layer(contest, &names)?;
    let verb = format!("autoinstall -k {release}");
    let times = Job { layer, release, modules, verb }.race(contest)?;
    let cores = u32::try_from(machine::cores()).unwrap_or(1);
    let bare = times.make.cpu / f64::from(cores) + times.depmod;
    let title = "autoinstall of five modules";
    Ok(vec![
        Row::within(title, times.ours, "CPU of the makes / cores, and depmod", bare, 1.25),
        Row::faster(title, times.ours, times.original, 1.8),
    ])
}

impl Job {
    fn race(&self, contest: &Contest) -> Result<Times> {
        // A lap that does not count: compiler and headers come into memory.
        let warm = self.root(ORIGINAL)?;
        lap::once(&warm, &format!("{ORIGINAL} {}", self.verb))?;
        let makes = self.makes(&warm)?;
        let objects = self.objects(&warm)?;
        let (mut ours, mut original, mut make, mut depmod) = (vec![], vec![], vec![], vec![]);
        for round in 1..=contest.rounds {
            let root = self.root(ORIGINAL)?;
            original.push(lap::once(&root, &format!("{ORIGINAL} {}", self.verb))?);
            depmod.push(lap::once(&root, &format!("depmod -a {}", self.release))?);
            let root = self.root(contest.ours)?;
            ours.push(lap::once(&root, &format!("{} {}", contest.ours, self.verb))?);
            let built = self.objects(&root)?;
            ensure!(built == objects, "ours installed {built:?}, the original {objects:?}");
            make.push(self.bare(&makes)?);
            let last = |laps: &[Lap]| laps.last().map_or(f64::NAN, |lap| lap.wall);
            println!(
                "  round {round}: ours {}, the original {}, make {}, depmod {}",
                seconds(last(&ours)),
                seconds(last(&original)),
                seconds(last(&make)),
                seconds(last(&depmod))
            );
        }
        let wall = |laps: &[Lap]| median(laps.iter().map(|lap| lap.wall));
        let cpu = median(make.iter().map(|lap| lap.cpu));
        let (make, depmod) = (Lap { wall: wall(&make), cpu }, wall(&depmod));
        Ok(Times { ours: wall(&ours), original: wall(&original), make, depmod })
    }

    /// A root where the modules are registered, and the key to sign with exists.
    fn root(&self, dkms: &str) -> Result<Root> {
        let root = Root::over(&self.layer)?;
        root.must(&format!("{dkms} generate_mok"))?;
        for module in &self.modules {
            root.must(&format!("{dkms} add {}", module.spec()))?;
        }
        Ok(root)
    }

    /// The names of what was installed.
    fn objects(&self, root: &Root) -> Result<Vec<String>> {
        let line = format!("cd /lib/modules/{}/updates/dkms && ls", self.release);
        Ok(root.must(&line)?.stdout.lines().map(str::to_owned).collect())
    }

    /// For each module the line that builds it by hand, taken from the original's log.
    fn makes(&self, root: &Root) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for module in &self.modules {
            let log = format!("/var/lib/dkms/{}/{}/x86_64/log/make.log", module.spec(), self.release);
            let commands = root.must(&format!("sed -n '/^Building/,$ s/^# command: //p' {log}"))?.stdout;
            ensure!(!commands.trim().is_empty(), "{log} names no make command");
            let build = format!("/var/lib/dkms/{}/build", module.spec());
            lines.push(format!("cd {build} && {{ {}\n}}", commands.trim()));
        }
        Ok(lines)
    }

    /// All makes, one after the other.
    fn bare(&self, makes: &[String]) -> Result<Lap> {
        let root = Root::over(&self.layer)?;
        for module in &self.modules {
            let Module { name, version } = module;
            let build = format!("/var/lib/dkms/{name}/{version}/build");
            root.must(&format!("mkdir -p {build} && cp -a /usr/src/{name}-{version}/. {build}"))?;
        }
        let mut sum = Lap { wall: 0.0, cpu: 0.0 };
        for make in makes {
            let lap = lap::once(&root, make)?;
            sum = Lap { wall: sum.wall + lap.wall, cpu: sum.cpu + lap.cpu };
        }
        Ok(sum)
    }
}
