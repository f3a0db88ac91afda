//! What the evaluator leaves to bash.

use crate::diagnostic::Location;

/// Something that is left to bash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{construct}")]
pub struct Refusal {
    /// What it is, as a noun phrase.
    pub construct: String,
    /// Where it was reached.
    pub location: Location,
    /// Nothing is foreign to the evaluator, but it would cost too much.
    pub over_budget: bool,
}
