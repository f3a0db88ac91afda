//! The engine: what keeps out-of-tree kernel modules built, signed and installed for every kernel of a machine.
//!
//! ```text
//! Facts   -> Plan   -> Built  -> Signed -> Installed -> Report
//! facts      plan      build     sign      install      report
//! ```
//!
//! `facts` reads and never writes; `plan` is a pure function of facts; `build` works in a private directory and can run
//! in parallel; `sign` turns its result into the only thing that `install` accepts; `run` drives a plan and is the one
//! thread that reports. The engine prints nothing, reads no argv and holds no global: its caller says where it
//! works (`setup::Setup`) and listens (`run::Observer`).
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

pub mod archive;
pub mod build;
pub mod error;
pub mod event;
pub mod facts;
pub mod fingerprint;
pub mod forecast;
pub mod initramfs;
pub mod install;
pub mod jobs;
pub mod layout;
pub mod module_file;
pub mod mok;
pub mod plan;
pub mod record;
pub mod register;
pub mod report;
pub mod run;
pub mod script;
pub mod setup;
pub mod sign;
pub mod signer;
pub mod system;
pub mod target;
#[cfg(test)]
pub(crate) mod testing;
pub mod transaction;
pub mod trust;
pub mod verdict;
pub mod verify;

/// The release of the original dkms whose behaviour this one has: scripts parse it out of `dkms --version`, and
/// make.log begins with it.
pub const ORIGINAL_VERSION: &str = "3.4.3";
