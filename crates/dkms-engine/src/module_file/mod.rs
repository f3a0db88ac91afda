//! One object of a module: what it says of itself, its signature, its compression.

pub mod certificate;
pub mod compression;
pub mod identity;
pub mod info;
pub mod same_build;
pub mod signature;

/// Largest module that is read, unpacked; the largest known ones have 100 MB with debugging information.
pub const MAX_MODULE_BYTES: u64 = 1 << 30;
