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

impl Machine {
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
