//! The hand-over of values from a conf to dkms, which changes them.

use crate::assignments::Assignments;
use crate::context::Context;
use crate::diagnostic::Diagnostic;

/// The result of a hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// The values that count.
    pub values: Assignments,
    /// Values that cannot be handed over.
    pub errors: Vec<Diagnostic>,
    /// Values without effect that could not be handed over.
    pub warnings: Vec<Diagnostic>,
}

/// Hands over what one file set.
#[must_use]
pub fn transfer(raw: &Assignments, _context: &Context, _previous: &Assignments) -> Transferred {
    Transferred {
        values: raw.clone(),
        ..Transferred::default()
    }
}
