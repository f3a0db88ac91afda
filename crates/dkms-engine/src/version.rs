//! Versions that others read.

/// The release of the original dkms whose behaviour this one has: scripts parse it out of `dkms --version`, and
/// make.log begins with it.
pub const ORIGINAL: &str = "3.4.3";
