//! What scenarios of one Debian release's rpm, one program on top of it and one dkms start from.

use std::ops::RangeInclusive;

use anyhow::{Context, Result};
use testbed::layer::{self, Layer};

use super::tool::Tool;
use super::{audit, fedora, kernel, original, ours, test_packages};
use crate::transaction::package_manager::{FINISHED, Kernel, Package, PackageManager, linux};
use crate::transaction::{self, Releases, Side, Start};

/// An rpm, who starts it, and a dkms.
pub(crate) struct Environment {
    /// The Debian release and the tool: `trixie-dnf4`.
    name: &'static str,
    tool: Tool,
    side: Side,
    releases: Releases<Kernel>,
    /// A root like Fedora's, and all packages that will be wanted.
    stocked: Layer,
}

impl transaction::Environment for Environment {
    const NAME: &'static str = "rpm";
    const RELEASES: &'static [&'static str] =
        &["trixie-dnf4", "trixie-zypper", "trixie-rpm", "bookworm-rpm", "bookworm-dnf4", "sid-dnf5", "sid-rpm"];
    const PLACE: &'static str = "extra";
    const AUDIT: &'static str = audit::PACKAGES;
    const HOOKS: &'static str = audit::HOOKS;

    type Start = Start<Kernel, Package>;

    fn new(name: &'static str, side: Side) -> Result<Environment> {
        let (suite, tool) = name.split_once('-').context("a Debian release and a tool")?;
        let tool = Tool::of(tool).with_context(|| format!("no tool `{tool}`"))?;
        let releases = Releases::of_suite(suite)?;
        let stocked = kernel::layer(&fedora::layer(suite, tool)?, suite, &releases)?;
        let stocked = test_packages::layer(&stocked, suite, releases.of(Kernel::Newer))?;
        let stocked = original::layer(&stocked, suite)?;
        Ok(Environment { name, tool, side, releases, stocked: ours::layer(&stocked, suite, side)? })
    }

    fn suite(&self) -> &'static str {
        self.name
    }

    fn side(&self) -> Side {
        self.side
    }

    fn start(&self, start: &Self::Start) -> Result<Layer> {
        // Kernels first, then dkms, then modules: each for itself, as they would come in a life.
        let mut lines: Vec<String> = start.kernels.iter().map(|kernel| self.install(&linux(*kernel))).collect();
        if self.side == Side::Original {
            lines.push(original::RUNNING.to_owned());
        }
        if start.dkms {
            lines.push(self.tool.install(&[], &[self.dkms().to_owned()]));
        }
        lines.extend(start.packages.iter().map(|package| self.install(&[*package])));
        layer::prune("fedora-ready-")?;
        let mut layer = self.stocked.clone();
        for line in lines {
            layer = layer.extend("fedora-ready", &line, |root| root.must(&line).map(drop))?;
        }
        Ok(layer)
    }
}

impl PackageManager for Environment {
    const CATCH_UP: &'static str = "/usr/lib/dkms/hook installed < /dev/null";

    fn release(&self, kernel: Kernel) -> &String {
        self.releases.of(kernel)
    }

    fn install(&self, packages: &[Package]) -> String {
        if let [Package::HeadersAgain] = packages {
            let [devel] = self.files(packages).try_into().unwrap_or_default();
            return self.tool.replace(&devel);
        }
        let is_kernel = |package: &&Package| matches!(package, Package::Image(_) | Package::Headers(_));
        let (kernels, others): (Vec<Package>, Vec<Package>) = packages.iter().partition(is_kernel);
        self.tool.install(&self.files(&kernels), &self.files(&others))
    }

    fn again(&self, packages: &[Package]) -> String {
        self.tool.again(&self.files(packages))
    }

    fn remove(&self, packages: &[Package]) -> String {
        let names = self.files(packages).into_iter().map(|file| {
            let name = file.trim_start_matches("/srv/repo/").trim_end_matches(".rpm");
            name.to_owned()
        });
        self.tool.remove(&names.collect::<Vec<_>>())
    }

    fn pack(&self, name: &str, version: &str) -> String {
        format!("{} /srv/package {name} {version} 1 && rm -r /srv/package", fedora::PACK)
    }

    fn image(&self, kernel: Kernel) -> String {
        format!("/boot/initramfs-{}.img", self.release(kernel))
    }

    fn headers_package(&self, kernel: Kernel) -> String {
        format!("kernel-devel-{}", self.release(kernel))
    }

    fn images_of_new(&self) -> RangeInclusive<usize> {
        let times = if self.tool.is_one_by_one() { 2 } else { 1 };
        times..=times
    }
}

impl Environment {
    pub(super) fn tool(&self) -> Tool {
        self.tool
    }

    /// The version and release of a kernel's packages.
    pub(super) fn version(&self, kernel: Kernel) -> (String, &'static str) {
        self.releases.version(kernel)
    }

    /// The package file of the dkms under test.
    pub(super) fn dkms(&self) -> &'static str {
        if self.side == Side::Original { original::PACKAGE } else { ours::PACKAGE }
    }

    /// A line that installs the dkms under test together with others.
    pub(super) fn with_dkms(&self, packages: &[Package]) -> String {
        self.tool.install(&[], &[self.files(packages), vec![self.dkms().to_owned()]].concat())
    }

    fn files(&self, packages: &[Package]) -> Vec<String> {
        packages.iter().flat_map(|package| self.names(*package)).map(|name| format!("/srv/repo/{name}.rpm")).collect()
    }

    /// Names and versions of the packages.
    fn names(&self, package: Package) -> Vec<String> {
        let of_kernel = |kernel: Kernel, name: &str, more: &str| {
            let (version, number) = self.releases.version(kernel);
            format!("{name}-{version}-{number}{more}")
        };
        match package {
            Package::Image(kernel) => kernel::PARTS.iter().map(|part| of_kernel(kernel, part, "")).collect(),
            Package::Headers(kernel) => vec![of_kernel(kernel, kernel::HEADERS, "")],
            Package::HeadersAgain => vec![of_kernel(Kernel::Older, kernel::HEADERS, ".1")],
            Package::Module(name, version) => vec![format!("{name}-dkms-{version}-1")],
            Package::Real(name) => vec![format!("{name}-dkms")],
            Package::Unrelated => vec!["unrelated-1-1".to_owned()],
            Package::Eager => vec!["eager-1-1".to_owned()],
            Package::Finished => vec![format!("{FINISHED}-1-1")],
        }
    }
}
