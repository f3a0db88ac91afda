//! What scenarios of one Debian release's pacman and one dkms start from.

use anyhow::Result;
use testbed::layer::{self, Layer};

use super::arch::pacman;
use super::releases::Kernel;
use super::{arch, audit, bystander, kernel, original, ours, test_packages};
use crate::transaction::package_manager::{self, FINISHED, Package, PackageManager};
use crate::transaction::{self, Releases, Side, Start};

/// A pacman with a dkms.
pub(crate) struct Environment {
    suite: &'static str,
    side: Side,
    releases: Releases<Kernel>,
    /// A root like Arch's, and all packages that will be wanted.
    stocked: Layer,
}

impl transaction::Environment for Environment {
    const NAME: &'static str = "pacman";
    const RELEASES: &'static [&'static str] = &["trixie", "sid"];
    const AUDIT: &'static str = audit::PACKAGES;
    const HOOKS: &'static str = audit::HOOKS;

    /// Packages are files that were made.
    type Start = Start<Kernel, &'static str>;

    fn new(suite: &'static str, side: Side) -> Result<Environment> {
        let releases = Releases::of_suite(suite)?;
        let stocked = kernel::layer(&arch::layer(suite)?, suite, &releases)?;
        let stocked = test_packages::layer(&stocked, suite, releases.of(Kernel::Lts))?;
        let stocked = original::layer(&stocked, suite)?;
        Ok(Environment { suite, side, releases, stocked: ours::layer(&stocked, side)? })
    }

    fn suite(&self) -> &'static str {
        self.suite
    }

    fn side(&self) -> Side {
        self.side
    }

    fn start(&self, start: &Self::Start) -> Result<Layer> {
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
}

/// A kernel beside the first one is one of another package.
fn beside(kernel: package_manager::Kernel) -> Kernel {
    match kernel {
        package_manager::Kernel::Older => Kernel::Older,
        package_manager::Kernel::Newer => Kernel::Lts,
    }
}

impl PackageManager for Environment {
    const CATCH_UP: &'static str = "/usr/lib/dkms/hook ended < /dev/null";
    const MAKES_ALL_IMAGES: bool = true;

    fn release(&self, kernel: package_manager::Kernel) -> &String {
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
            Package::HeadersAgain => self.headers_package(package_manager::Kernel::Older),
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

    fn image(&self, kernel: package_manager::Kernel) -> String {
        format!("/boot/initramfs-{}.img", beside(kernel).base())
    }

    fn headers_package(&self, kernel: package_manager::Kernel) -> String {
        format!("{}-headers", beside(kernel).base())
    }
}

impl Environment {
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
