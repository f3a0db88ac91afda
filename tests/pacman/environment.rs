//! What scenarios of one Debian release's pacman and one dkms start from.

use anyhow::{Result, bail};
use testbed::layer::{self, Flavour, Layer};

use super::arch::pacman;
use super::scenario::{SCENARIOS, Scenario};
use super::{arch, audit, bystander, kernel, made, original, ours, rescue};
use crate::transaction::door::{self, Door, FINISHED, Package};
use crate::transaction::kills::Killing;
use crate::transaction::{self, Side};

/// A kernel by what it is to a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Package `linux`.
    Older,
    /// What `linux` is upgraded to.
    Newer,
    /// Package `linux-lts`, which can be there beside either.
    Lts,
}

/// Releases and package versions of the kernels, in their order.
pub(super) struct Releases([String; 3]);

/// What a root has before the first transaction. Packages are files that were made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) kernels: &'static [Kernel],
    /// Whether dkms is there.
    pub(crate) dkms: bool,
    pub(crate) packages: &'static [&'static str],
}

/// A pacman with a dkms.
pub(crate) struct Ground {
    suite: &'static str,
    side: Side,
    releases: Releases,
    /// A root like Arch's, and all packages that will be wanted.
    stocked: Layer,
}

impl Kernel {
    pub(super) const ALL: [Kernel; 3] = [Kernel::Older, Kernel::Newer, Kernel::Lts];

    /// The name of the package, by which its images are called, too.
    pub(crate) fn base(self) -> &'static str {
        match self {
            Kernel::Older | Kernel::Newer => "linux",
            Kernel::Lts => "linux-lts",
        }
    }
}

impl Releases {
    fn of_suite(suite: &str) -> Result<Releases> {
        let flavours = [Flavour::Cloud, Flavour::Ordinary, Flavour::RealTime];
        let [cloud, plain, rt] = flavours.map(|flavour| layer::releases(suite, flavour));
        match (cloud?.as_slice(), plain?.as_slice(), rt?.as_slice()) {
            ([.., older, newer], [.., plain], _) => Ok(Releases([older, newer, plain].map(Clone::clone))),
            ([cloud], [plain], [.., rt]) => Ok(Releases([cloud, plain, rt].map(Clone::clone))),
            other => bail!("{suite} has too few kernels: {other:?}"),
        }
    }

    pub(super) fn of(&self, kernel: Kernel) -> &String {
        &self.0[kernel as usize]
    }

    /// Two kernels may be of the same version, but then one was packaged later.
    pub(super) fn version(&self, kernel: Kernel) -> String {
        let number = self.of(kernel).split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        format!("{number}-{}", if kernel == Kernel::Newer { 2 } else { 1 })
    }
}

impl transaction::Ground for Ground {
    const NAME: &'static str = "pacman";
    const RELEASES: &'static [&'static str] = &["trixie", "sid"];
    const ROWS: &'static [Scenario] = SCENARIOS;
    const BRIEF: &'static [&'static str] =
        &["S1", "S2", "S5", "S7", "S9", "S12", "S16", "S21", "S26", "S27", "S28", "S29", "S30", "S32", "order"];
    const AUDIT: &'static str = audit::PACKAGES;
    const HOOKS: &'static str = audit::HOOKS;

    type Start = Start;

    fn new(suite: &'static str, side: Side) -> Result<Ground> {
        let releases = Releases::of_suite(suite)?;
        let stocked = kernel::layer(&arch::layer(suite)?, suite, &releases)?;
        let stocked = made::layer(&stocked, suite, releases.of(Kernel::Lts))?;
        let stocked = original::layer(&stocked, suite)?;
        Ok(Ground { suite, side, releases, stocked: ours::layer(&stocked, side)? })
    }

    fn suite(&self) -> &'static str {
        self.suite
    }

    fn side(&self) -> Side {
        self.side
    }

    fn start(&self, start: &Start) -> Result<Layer> {
        let mut packages: Vec<String> = start.kernels.iter().map(|kernel| self.linux(*kernel)).collect();
        if start.dkms {
            packages.push(self.dkms().to_owned());
        }
        packages.extend(start.packages.iter().map(|package| (*package).to_owned()));
        // Kernels first, then dkms, then modules: each for itself, as they would come in a life.
        let mut layer = self.stocked.clone();
        layer::prune("arch-ready-")?;
        for package in packages {
            layer =
                layer.extend("arch-ready", &package, |root| root.must(&pacman(&format!("-U {package}"))).map(drop))?;
        }
        Ok(layer)
    }

    fn killing(&self) -> Killing<Start> {
        rescue::killing()
    }
}

/// A kernel beside the first one is one of another package.
fn beside(kernel: door::Kernel) -> Kernel {
    match kernel {
        door::Kernel::Older => Kernel::Older,
        door::Kernel::Newer => Kernel::Lts,
    }
}

impl Door for Ground {
    const CATCH_UP: &'static str = "/usr/lib/dkms/hook ended < /dev/null";
    const MAKES_ALL_IMAGES: bool = true;

    fn release(&self, kernel: door::Kernel) -> &String {
        self.releases.of(beside(kernel))
    }

    fn install(&self, packages: &[Package]) -> String {
        let files: Vec<String> = packages.iter().map(|package| self.file(*package)).collect();
        pacman(&format!("-U {}", files.join(" ")))
    }

    fn again(&self, packages: &[Package]) -> String {
        self.install(packages)
    }

    fn remove(&self, packages: &[Package]) -> String {
        let names = packages.iter().map(|package| match package {
            Package::Image(kernel) => beside(*kernel).base().to_owned(),
            Package::Headers(kernel) => self.headers_package(*kernel),
            Package::HeadersAgain => self.headers_package(door::Kernel::Older),
            Package::Module(name, _) | Package::Real(name) => format!("{name}-dkms"),
            Package::Unrelated => "unrelated".to_owned(),
            Package::Eager => "eager".to_owned(),
            Package::Finished => FINISHED.to_owned(),
        });
        pacman(&format!("-R {}", names.collect::<Vec<_>>().join(" ")))
    }

    fn pack(&self, name: &str, version: &str) -> String {
        format!("{} /srv/package {name} {version}-1 && rm -r /srv/package", arch::PACK)
    }

    fn image(&self, kernel: door::Kernel) -> String {
        format!("/boot/initramfs-{}.img", beside(kernel).base())
    }

    fn headers_package(&self, kernel: door::Kernel) -> String {
        format!("{}-headers", beside(kernel).base())
    }
}

impl Ground {
    fn file(&self, package: Package) -> String {
        match package {
            Package::Image(kernel) => Self::image(self, beside(kernel)),
            Package::Headers(kernel) => self.headers(beside(kernel)),
            Package::HeadersAgain => self.headers(Kernel::Older).replace("-any.", ".1-any."),
            Package::Module(name, version) => format!("/srv/pkgs/{name}-dkms-{version}-1-any.pkg.tar.zst"),
            Package::Real(name) => format!("/srv/pkgs/{name}-dkms-1-1-any.pkg.tar.zst"),
            Package::Unrelated => bystander::UNRELATED.to_owned(),
            Package::Eager => bystander::EAGER.to_owned(),
            Package::Finished => format!("/srv/pkgs/{FINISHED}-1-1-any.pkg.tar.zst"),
        }
    }

    /// The release of a kernel.
    pub(crate) fn release(&self, kernel: Kernel) -> &String {
        self.releases.of(kernel)
    }

    /// The package files of a kernel and its headers.
    pub(crate) fn linux(&self, kernel: Kernel) -> String {
        format!("{} {}", self.image(kernel), self.headers(kernel))
    }

    /// The package file of a kernel.
    pub(crate) fn image(&self, kernel: Kernel) -> String {
        format!("/srv/pkgs/{}-{}-any.pkg.tar.zst", kernel.base(), self.releases.version(kernel))
    }

    /// The package file of its headers.
    pub(crate) fn headers(&self, kernel: Kernel) -> String {
        format!("/srv/pkgs/{}-headers-{}-any.pkg.tar.zst", kernel.base(), self.releases.version(kernel))
    }

    /// The package file of the dkms under test.
    pub(crate) fn dkms(&self) -> &'static str {
        if self.side == Side::Original { original::PACKAGE } else { ours::PACKAGE }
    }
}
