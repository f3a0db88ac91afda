//! The native evaluator: the part of bash that `dkms.conf` files are written in.

use crate::assignments::Assignments;
use crate::context::Context;
use crate::diagnostic::Location;
use crate::source::Source;
use crate::world::World;

/// Something that is left to bash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{construct}")]
pub struct Refusal {
    /// What it is, as a noun phrase.
    pub construct: String,
    /// Where it was reached.
    pub location: Location,
}

/// Evaluates one file.
///
/// # Errors
/// A refusal names what is left to bash; nothing has happened then.
pub fn evaluate(
    source: &Source,
    _context: &Context,
    _previous: &Assignments,
    _world: &dyn World,
) -> Result<Assignments, Refusal> {
    Err(Refusal {
        construct: "everything".to_owned(),
        location: source.whole(),
    })
}
