//! The kernels of a Debian release, as packages of Fedora are called after them.

use anyhow::Result;

use crate::transaction::Releases;
use crate::transaction::package_manager::Kernel;

impl Releases<Kernel> {
    pub(super) fn of_suite(suite: &str) -> Result<Self> {
        Self::choose(suite, |flavours| match flavours {
            [[.., older, newer], ..] | [[older], [newer, ..], _] => {
                Some([(Kernel::Older, older), (Kernel::Newer, newer)])
            }
            _ => None,
        })
    }

    /// Version and release of a kernel's packages. Two kernels may have the same number, but then one was packaged later.
    pub(super) fn version(&self, kernel: Kernel) -> (String, &'static str) {
        (self.number(kernel).to_owned(), if kernel == Kernel::Newer { "2" } else { "1" })
    }
}
