//! The kernels of a Debian release, as packages of Arch are called after them.

use anyhow::{Result, bail};
use testbed::layer::{self, Flavour};

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
    pub(super) fn of_suite(suite: &str) -> Result<Releases> {
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
