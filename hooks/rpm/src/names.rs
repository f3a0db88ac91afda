//! From the name of a kernel's package to the release of the kernel, as Fedora and its children make it.
//!
//! ```text
//! kernel-core-0:6.11.4-300.fc41.x86_64              6.11.4-300.fc41.x86_64
//! kernel-debug-core-0:6.11.4-300.fc41.x86_64        6.11.4-300.fc41.x86_64+debug
//! kernel-rt-64k-debug-core-0:6.12.0-55.el10.aarch64 6.12.0-55.el10.aarch64+rt-64k-debug
//! ```
//!
//! A variant is named in the release only if it is built from the same source as the kernel itself; those of others, as
//! `kernel-ml-core`, have a version of their own instead.

use dkms_engine::setup::distribution::is_red_hat_variant;
use rpm::Nevra;

/// A package of rpm by its name: `NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE`, the epoch left out or not.
#[derive(Debug)]
pub(crate) struct Package<'a>(Nevra<'a>);

impl<'a> Package<'a> {
    /// `None` for what is no such name.
    pub(crate) fn of(name: &'a str) -> Option<Self> {
        // It takes any text, and leaves empty what it does not find.
        let nevra = Nevra::parse(name.trim());
        let parts = [nevra.name(), nevra.version(), nevra.release(), nevra.arch()];
        let is_whole = parts.iter().all(|part| !part.is_empty());
        is_whole.then_some(Self(nevra))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    /// The release of the kernel that is in it, if one is.
    pub(crate) fn kernel(&self) -> Option<String> {
        let variant = self.name().strip_prefix("kernel-")?.strip_suffix("core")?;
        let variant = if variant.is_empty() { variant } else { variant.strip_suffix('-')? };
        let is_told = !variant.is_empty() && is_red_hat_variant(variant);
        let suffix = if is_told { format!("+{variant}") } else { String::new() };
        let Self(nevra) = self;
        Some(format!("{}-{}.{}{suffix}", nevra.version(), nevra.release(), nevra.arch()))
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
