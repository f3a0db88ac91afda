//! What scenarios of one Debian release and one dkms start from: layers with kernels, dkms and packages.

use std::path::PathBuf;

use anyhow::{Context, Result};
use testbed::debs::Debs;
use testbed::layer::{self, Layer};
use testbed::{ours, package};

use super::{audit, counted, test_packages};
use crate::transaction::{self, Releases, Side, Start};

/// A kernel of the archive, by what it is to a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// The older of the small flavour.
    Older,
    /// The newer of the small flavour.
    Newer,
    /// The older one with all drivers.
    PlainOlder,
    /// The newer one with all drivers.
    PlainNewer,
}

/// Two releases of two flavours, or one of each of three.
fn releases(suite: &str) -> Result<Releases<Kernel>> {
    use Kernel::{Newer, Older, PlainNewer, PlainOlder};
    Releases::choose(suite, |flavours| match flavours {
        [[.., older, newer], [.., plain_older, plain_newer], _] => {
            Some([(Older, older), (Newer, newer), (PlainOlder, plain_older), (PlainNewer, plain_newer)])
        }
        [[cloud], [plain], [.., rt]] => Some([(Older, cloud), (Newer, plain), (PlainOlder, plain), (PlainNewer, rt)]),
        _ => None,
    })
}

/// A Debian release with a dkms.
pub(crate) struct Environment {
    pub(crate) suite: &'static str,
    side: Side,
    releases: Releases<Kernel>,
    /// Counting programs, and all packages that will be wanted: no transaction waits for the network.
    stocked: Layer,
}

/// The compiler and what it stands on, by the names that a release has for them; a line of bash knows.
pub(super) const COMPILER: &str = r"make libc6 libc6-dev binutils gcc cpp $(dpkg-query -W \
    -f '${db:Status-Status} ${Package}\n' 'gcc-[0-9]*' 'cpp-[0-9]*' | sed -n 's/^installed //p' | grep -v base)";

/// Packages of the archive that scenarios install or install again, if the release has them.
const PACKAGES: [&str; 9] = [
    "dkms",
    "acpi-call-dkms",
    "dm-writeboost-dkms",
    "v4l2loopback-dkms",
    "ddcci-dkms",
    "evdi-dkms",
    "xtables-addons-dkms",
    "mstflint-dkms",
    "hello",
];

impl transaction::Environment for Environment {
    const NAME: &'static str = "dpkg";
    const RELEASES: &'static [&'static str] = &["trixie", "bookworm", "sid"];
    const AUDIT: &'static str = audit::PACKAGES;
    const HOOKS: &'static str = audit::HOOKS;

    /// Packages are names of the archive, or paths of packages that were made.
    type Start = Start<Kernel, &'static str>;

    fn new(suite: &'static str, side: Side) -> Result<Environment> {
        let releases = releases(suite)?;
        let counted = counted::layer(&layer::tools_of(suite)?)?;
        let kernels = releases.all().flat_map(|release| kernel_packages(release));
        let wanted: Vec<String> = PACKAGES.iter().map(|name| (*name).to_owned()).chain(kernels).collect();
        let stocked = stock(suite, &counted, &wanted)?;
        // It does not go with the signed one, so it is asked for on its own.
        let stocked = stock(suite, &stocked, &[format!("linux-image-{}-unsigned", releases.of(Kernel::Newer))])?;
        let stocked = test_packages::layer(&stocked, suite, releases.of(Kernel::Older), releases.of(Kernel::Newer))?;
        Ok(Environment { suite, side, releases, stocked })
    }

    fn suite(&self) -> &'static str {
        self.suite
    }

    fn side(&self) -> Side {
        self.side
    }

    fn start(&self, start: &Self::Start) -> Result<Layer> {
        let mut layer = self.stocked.clone();
        for kernel in start.kernels {
            let line = self.install(*kernel);
            layer = layer.extend("booted", &format!("2 {line}"), |root| {
                root.must(&format!("apt-get -y -q --no-install-recommends {line}")).map(drop)
            })?;
        }
        if start.dkms {
            layer = self.dkms(&layer)?;
        }
        if !start.packages.is_empty() {
            layer::prune("ready-")?;
            layer = layer.extend("ready", &start.packages.join(" "), |root| root.apt_install(start.packages))?;
        }
        Ok(layer)
    }
}

impl Environment {
    /// The release of a kernel.
    pub(crate) fn release(&self, kernel: Kernel) -> &String {
        self.releases.of(kernel)
    }

    fn dkms(&self, below: &Layer) -> Result<Layer> {
        match self.side {
            Side::Original => layer::original_of(self.suite, below),
            Side::Ours => ours::layer(below),
            Side::Quick => ours::quick(below),
        }
    }

    /// The package file of ours.
    pub(crate) fn deb(&self) -> Result<PathBuf> {
        match self.side {
            Side::Quick => package::latest().context("no package was built yet"),
            _ => package::deb(),
        }
    }

    /// The package files of what apt would install; a line of bash finds them in apt's cache.
    pub(crate) fn files(&self, install: &str) -> String {
        let new = format!("apt-get -s --no-install-recommends {install}");
        format!("$(ls $({new} | sed -n 's,^Inst \\([^ ]*\\) .*,/var/cache/apt/archives/\\1_*.deb,p'))")
    }

    /// apt's arguments that install a kernel with its headers.
    pub(crate) fn install(&self, kernel: Kernel) -> String {
        let release = self.release(kernel);
        format!("install {}", kernel_packages(release).join(" "))
    }
}

fn kernel_packages(release: &str) -> [String; 2] {
    [format!("linux-image-{release}"), format!("linux-headers-{release}")]
}

/// Downloads into apt's own cache.
fn stock(suite: &str, below: &Layer, wanted: &[String]) -> Result<Layer> {
    let known = Debs::of(suite)?.known(wanted)?;
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).filter(|name| known.contains_key(*name)).collect();
    if wanted.is_empty() {
        return Ok(below.clone());
    }
    let recipe: Vec<String> = wanted.iter().map(|name| format!("{name}={}", known[*name])).collect();
    below.extend("stocked", &format!("2 {COMPILER} {}", recipe.join(" ")), |root| {
        let line = format!("apt-get install -y -q --download-only --no-install-recommends {}", wanted.join(" "));
        if root.bash(&line)?.code != 0 {
            root.must("apt-get update -q")?;
            root.must(&line)?;
        }
        root.must(&format!("apt-get install -y -q --download-only --reinstall {COMPILER}")).map(drop)
    })
}
