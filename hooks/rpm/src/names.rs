//! From the name of a kernel's package to the release of the kernel, as Fedora and its children make it.
//!
//! ```text
//! kernel-core-0:6.11.4-300.fc41.x86_64              6.11.4-300.fc41.x86_64
//! kernel-debug-core-0:6.11.4-300.fc41.x86_64        6.11.4-300.fc41.x86_64+debug
//! kernel-rt-64k-debug-core-0:6.12.0-55.el10.aarch64 6.12.0-55.el10.aarch64+rt-64k-debug
//! ```
//!
//! A variant is told in the release only if it is built from the same source as the kernel itself; those of others, as
//! `kernel-ml-core`, have a version of their own instead.

use dkms_engine::setup::distribution::is_red_hat_variant;

/// A package of rpm by its name: `NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE`, the epoch left out or not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    version: &'a str,
    release: &'a str,
    architecture: &'a str,
}

impl<'a> Package<'a> {
    /// `None` for what is no such name.
    pub(crate) fn of(name: &'a str) -> Option<Self> {
        let (rest, architecture) = name.trim().rsplit_once('.')?;
        let (rest, release) = rest.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let version = version.split_once(':').map_or(version, |(_, version)| version);
        let parts = [name, version, release, architecture];
        parts.iter().all(|part| !part.is_empty()).then_some(Self { name, version, release, architecture })
    }

    /// The release of the kernel that is in it, if one is.
    pub(crate) fn kernel(&self) -> Option<String> {
        let Self { name, version, release, architecture } = self;
        let variant = name.strip_prefix("kernel-")?.strip_suffix("core")?;
        let variant = if variant.is_empty() { variant } else { variant.strip_suffix('-')? };
        let is_told = !variant.is_empty() && is_red_hat_variant(variant);
        let suffix = if is_told { format!("+{variant}") } else { String::new() };
        Some(format!("{version}-{release}.{architecture}{suffix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_as_fedora_and_red_hat_name_them() {
        for (name, release) in [
            ("kernel-core-0:6.11.4-300.fc41.x86_64", "6.11.4-300.fc41.x86_64"),
            ("kernel-core-6.11.4-300.fc41.x86_64", "6.11.4-300.fc41.x86_64"),
            ("kernel-debug-core-0:6.11.4-300.fc41.x86_64", "6.11.4-300.fc41.x86_64+debug"),
            ("kernel-rt-core-0:5.14.0-503.el9.x86_64", "5.14.0-503.el9.x86_64+rt"),
            ("kernel-64k-debug-core-0:6.12.0-55.el10.aarch64", "6.12.0-55.el10.aarch64+64k-debug"),
            ("kernel-ml-core-0:6.9.0-1.el9.elrepo.x86_64", "6.9.0-1.el9.elrepo.x86_64"),
        ] {
            assert_eq!(Package::of(name).unwrap().kernel().as_deref(), Some(release), "{name}");
        }
    }

    #[test]
    fn what_is_no_kernel() {
        for name in
            ["kernel-devel-0:6.11.4-300.fc41.x86_64", "bash-5.2-1.x86_64", "kernel-hardcore-1-1.noarch", "core-1-1.x"]
        {
            assert_eq!(Package::of(name).unwrap().kernel(), None, "{name}");
        }
        for name in ["", "kernel-core", "kernel-core-1", "-1-1.x86_64", "a-1-.x", "\n", "kernel-core-1-1"] {
            assert!(Package::of(name).is_none(), "{name:?}");
        }
    }
}
