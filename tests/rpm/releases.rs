//! The kernels of a Debian release, as packages of Fedora are called after them.

use anyhow::{Result, bail};
use testbed::layer::{self, Flavour};

use crate::transaction::package_manager::Kernel;

/// Releases of the kernels, in their order.
pub(super) struct Releases([String; 2]);

impl Releases {
    pub(super) fn of_suite(suite: &str) -> Result<Releases> {
        let [cloud, plain] = [Flavour::Cloud, Flavour::Ordinary].map(|flavour| layer::releases(suite, flavour));
        match (cloud?.as_slice(), plain?.as_slice()) {
            ([.., older, newer], _) | ([older], [newer, ..]) => Ok(Releases([older, newer].map(Clone::clone))),
            other => bail!("{suite} has too few kernels: {other:?}"),
        }
    }

    pub(super) fn of(&self, kernel: Kernel) -> &String {
        &self.0[kernel as usize]
    }

    /// Version and release of the packages. Two kernels may be of the same version, but then one was packaged later.
    pub(super) fn version(&self, kernel: Kernel) -> (String, &'static str) {
        let number = self.of(kernel).split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        (number.to_owned(), if kernel == Kernel::Newer { "2" } else { "1" })
    }
}
