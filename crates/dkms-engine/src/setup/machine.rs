//! The machine that we run on, as far as modules care: what the running kernel calls itself, and its processors.
//!
//! Asked by people's commands, whose kernel defaults to the running one. A hook never asks for the release: inside a
//! package transaction or a chroot the running kernel is not the one that is meant.

/// What the running kernel says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// As `uname -r` prints it.
    pub release: String,
    /// As `uname -m` prints it.
    pub arch: String,
    /// Processors that this process may use, affinity and the cgroup's quota considered.
    pub processors: usize,
}

/// Names that Debian has for architectures, and what the kernel calls them.
const DEBIAN_NAMES: [(&str, &str); 3] = [("amd64", "x86_64"), ("arm64", "aarch64"), ("ppc64el", "ppc64le")];

/// What the kernel calls an architecture that may bear Debian's name.
pub fn kernels_name(arch: &str) -> &str {
    DEBIAN_NAMES.iter().find(|(debian, _)| *debian == arch).map_or(arch, |(_, kernel)| kernel)
}

impl Machine {
    /// This machine's own architecture under its usual name, whichever of its names is given; others stay as they are.
    pub fn normal<'a>(&'a self, arch: &'a str) -> &'a str {
        if kernels_name(arch) == self.arch { &self.arch } else { arch }
    }

    /// Asks.
    pub fn gather() -> Self {
        let names = rustix::system::uname();
        Self {
            release: names.release().to_string_lossy().into_owned(),
            arch: names.machine().to_string_lossy().into_owned(),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_architecture_gets_its_usual_name() {
        let machine = |arch: &str| Machine { release: "6.1".into(), arch: arch.into(), processors: 1 };
        assert_eq!(machine("x86_64").normal("amd64"), "x86_64");
        assert_eq!(machine("aarch64").normal("arm64"), "aarch64");
        assert_eq!(machine("x86_64").normal("x86_64"), "x86_64");
        assert_eq!(machine("x86_64").normal("arm64"), "arm64");
        assert_eq!(machine("x86_64").normal("i686"), "i686");
    }
}
