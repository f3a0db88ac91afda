//! Module versions as one file: source, finished builds, or both.
//!
//! ```text
//! dkms_main_tree/K/A/{log,module}/…     finished builds
//! dkms_source_tree/…                    the source, or
//! dkms_binaries_only/{PACKAGE_NAME,PACKAGE_VERSION,dkms.conf}
//! ```
//!
//! The layout is the original's. What an archive holds comes from anybody, so all of it is looked at before any of it is
//! unpacked ([`vet`]), and it is unpacked into a directory of its own before any of it gets a final name.

mod load;
mod pack;
mod unpack;
mod vet;

pub use load::{LoadOptions, Loaded, load};
pub use pack::{Contents, Packed, pack};
pub use unpack::unpack;

/// Finished builds.
const MAIN_TREE: &str = "dkms_main_tree";
/// The source.
const SOURCE_TREE: &str = "dkms_source_tree";
/// What stands for the source where there is none.
const BINARIES_ONLY: &str = "dkms_binaries_only";

#[cfg(test)]
mod tests;
