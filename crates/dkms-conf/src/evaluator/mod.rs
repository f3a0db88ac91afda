//! The native evaluator: the part of bash that `dkms.conf` files are written in.
//!
//! ```text
//! text -> parser (one complete line of commands) -> syntax -> machine -> values
//! ```
//!
//! It reads and runs command by command, as bash does, and refuses by default: whatever it is not sure to do exactly
//! as bash is a [`Refusal`], at the moment it is *reached*, not merely because it is written. Nothing outside has
//! changed by then, so the caller starts again with a real bash. It asks the machine only through
//! [`World`](crate::world::World), and knows nothing of the hand-over that values go through afterwards.

mod arithmetic;
mod builtin;
mod compound_parser;
mod condition;
mod condition_parser;
mod expansion;
mod filter;
mod machine;
mod parameter;
mod parser;
mod run;
mod simple_parser;
mod syntax;
mod variables;
mod version_sort;
mod word_parser;

use crate::assignments::Assignments;
use crate::context::Context;
use crate::diagnostic::Location;
use crate::directive::Directive;
use crate::source::Source;
use crate::world::World;

use machine::{Machine, Stop};

/// Something that is left to bash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{construct}")]
pub struct Refusal {
    /// What it is, as a noun phrase.
    pub construct: String,
    /// Where it was reached.
    pub location: Location,
}

/// Something that is left to bash, inside the evaluator: the place is still a byte of the text.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    construct: String,
    offset: usize,
}

/// Evaluates one file: what its directives are set to when it ends.
///
/// # Errors
/// A refusal names what is left to bash; nothing has happened then.
pub fn evaluate(
    source: &Source,
    context: &Context,
    previous: &Assignments,
    world: &dyn World,
) -> Result<Assignments, Refusal> {
    let mut machine = Machine::new(world);
    machine.seed(source, context, previous);
    match machine.run_text(source.text(), None) {
        Ok(()) | Err(Stop::Return) => Ok(collect(&machine, source)),
        Err(Stop::Unsupported(unsupported)) => {
            Err(Refusal { construct: unsupported.construct, location: source.location(unsupported.offset) })
        }
    }
}

/// Reads `assignment` as the one assignment it has to be, without commands, and returns the value: the second reading
/// of a hand-over. The variables are dkms's own and the values handed over before.
pub(crate) fn assigned_value(
    assignment: &str,
    directive: Directive,
    index: usize,
    (source, context, previous): (&Source, &Context, &Assignments),
) -> Result<String, Unsupported> {
    let world = crate::world::TableWorld::default();
    let mut machine = Machine::new(&world);
    machine.seed(source, context, previous);
    machine.forbid_commands();
    match machine.run_one_assignment(assignment) {
        Ok(()) => Ok(machine.element(directive.name(), index).unwrap_or_default()),
        Err(Stop::Unsupported(unsupported)) => Err(unsupported),
        Err(Stop::Return) => Ok(String::new()),
    }
}

impl Unsupported {
    /// What it is.
    pub(crate) fn construct(&self) -> &str {
        &self.construct
    }
}

fn collect(machine: &Machine<'_>, source: &Source) -> Assignments {
    let mut values = Assignments::default();
    for directive in Directive::all() {
        for (index, element) in machine.elements(directive.name()) {
            let origin = element.origin.map(|offset| source.location(offset));
            values.set(directive, index, element.text.clone(), origin);
        }
    }
    values
}
