//! What suites, demo and benchmarks are played in: Debian roots of cached layers, packages of the archive and of this tree,
//! and kernels in QEMU.
//!
//! It knows nothing of what is played. Everything heavy is kept in `/var/cache/dkms-rs` and made again when that directory
//! is empty.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what takes minutes says so on the terminal")]

pub mod arch;
pub mod cache;
pub mod checkout;
pub mod command;
pub mod cpio;
pub mod debs;
pub mod disk;
pub mod example;
pub mod host;
pub mod installed;
pub mod layer;
pub mod makepkg;
mod mirror;
pub mod ours;
pub mod package;
pub mod root;
pub mod rpmbuild;
pub mod sources;
mod stack;
pub mod vm;
mod workshop;
