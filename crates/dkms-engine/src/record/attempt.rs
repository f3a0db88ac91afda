//! What is remembered of the last attempts to build a target, good and bad: `T/.dkms-rs/attempts/M/V/K/A`.
//!
//! Nothing is decided by it: it tells people and programs why something was built and what came of it. It is known which log it
//! belongs to, so that one that another dkms wrote since is not explained by it.

use serde::{Deserialize, Serialize};

use super::Format;
use crate::fingerprint::Change;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The format; a value of another one does not load.
    pub format: Format,
    /// When it ended, which is the time of its log: nanoseconds since 1970.
    pub ended: i64,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Who asked: `autoinstall`, `install`, the name of a hook.
    pub asked_by: String,
    /// Why it was to be built, as a fragment.
    pub because: String,
    /// The inputs that are not what they were in the attempt before; empty if that is not known.
    pub changes: Vec<Change>,
    /// Why it came to nothing; none if it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The error as a clause about the module.
    pub message: String,
    /// The lines of the log that say why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// What helps, where something is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}
