//! The pairs of keys that sign on this machine: where each stands with each kernel, and the request to shim that enrols one.
//!
//! What a kernel makes of a certificate is [`crate::trust`]'s judgement; this finds the facts for it. It makes no keys
//! ([`crate::sign::keys`] does) and replaces none.

mod enroll;
mod standing;

pub use enroll::{Before, ask, before};
pub use standing::Standing;

#[cfg(test)]
mod tests;
