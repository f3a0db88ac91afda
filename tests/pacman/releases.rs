//! The kernels of a Debian release, as packages of Arch are called after them.

use anyhow::Result;

use crate::transaction::Releases;

/// A kernel by what it is to a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// Package `linux`.
    Older,
    /// What `linux` is upgraded to.
    Newer,
    /// Package `linux-lts`, which can be there beside either.
    Lts,
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

impl Releases<Kernel> {
    pub(super) fn of_suite(suite: &str) -> Result<Self> {
        Self::choose(suite, |flavours| {
            let releases = match flavours {
                [[.., older, newer], [.., plain], _] => [older, newer, plain],
                [[cloud], [plain], [.., rt]] => [cloud, plain, rt],
                _ => return None,
            };
            let [older, newer, lts] = releases;
            Some([(Kernel::Older, older), (Kernel::Newer, newer), (Kernel::Lts, lts)])
        })
    }

    /// The version of a kernel's packages. Two kernels may have the same number, but then one was packaged later.
    pub(super) fn version(&self, kernel: Kernel) -> String {
        format!("{}-{}", self.number(kernel), if kernel == Kernel::Newer { 2 } else { 1 })
    }
}
