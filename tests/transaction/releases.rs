//! The kernels of a Debian release that scenarios play with, by what each is to them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use testbed::layer::{self, Flavour};

/// The release of each kernel.
pub(crate) struct Releases<K>(BTreeMap<K, String>);

impl<K: Copy + Ord> Releases<K> {
    /// Chooses among the releases of each flavour: the small one, the ordinary and the real-time one, the oldest first. A
    /// Debian release that has one release of each, as sid has, still gives three kernels.
    pub(crate) fn choose<const N: usize>(
        suite: &str,
        choice: impl for<'r> Fn([&'r [String]; 3]) -> Option<[(K, &'r String); N]>,
    ) -> Result<Self> {
        let [cloud, plain, rt] =
            [Flavour::Cloud, Flavour::Ordinary, Flavour::RealTime].map(|flavour| layer::releases(suite, flavour));
        let there = [cloud?, plain?, rt?];
        match choice([&there[0], &there[1], &there[2]]) {
            Some(chosen) => Ok(Self(chosen.map(|(kernel, release)| (kernel, release.clone())).into())),
            None => bail!("{suite} has too few kernels: {there:?}"),
        }
    }

    /// The release of a kernel.
    pub(crate) fn of(&self, kernel: K) -> &String {
        &self.0[&kernel]
    }

    /// The number that a release begins with, which two kernels may share: `6.12.57`.
    pub(crate) fn number(&self, kernel: K) -> &str {
        self.of(kernel).split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default()
    }

    /// All of them, in the order of the kernels.
    pub(crate) fn all(&self) -> impl Iterator<Item = &String> {
        self.0.values()
    }
}
