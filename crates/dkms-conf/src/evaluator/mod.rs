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
mod basic_expression;
mod builtin;
mod compound_parser;
mod condition;
mod condition_parser;
mod cut;
mod declare;
mod escapes;
mod expansion;
mod expression;
mod grep;
mod input;
mod lines;
mod loops;
mod machine;
mod names;
mod parameter;
mod parser;
mod path_words;
mod printf;
mod read_builtin;
mod rematch;
mod run;
mod sed;
mod sed_script;
mod simple_parser;
mod substring;
mod syntax;
mod test_builtin;
mod tr;
mod translation;
mod variable;
mod variables;
mod version_sort;
mod word_parser;

use std::cell::OnceCell;

use crate::assignments::Assignments;
use crate::budget::{Budget, OverBudget};
use crate::context::Context;
use crate::directive::Directive;
use crate::refusal::Refusal;
use crate::source::{AssignmentPlaces, Source};
use crate::world::World;

use machine::{Machine, Stop};

/// Something that is left to bash, inside the evaluator: the place is still a byte of the text.
#[derive(Clone, Debug)]
pub(crate) struct Unsupported {
    construct: String,
    offset: usize,
    over_budget: bool,
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
    let budget = Budget::new();
    let mut machine = Machine::new(world, &budget);
    machine.seed(source, context, previous);
    machine.files.push(crate::shell::slashed(source.path()));
    match finished(machine.run_text(source.text(), None)) {
        Ok(()) => Ok(collect(&machine, source)),
        Err(Unsupported { construct, offset, over_budget }) => {
            Err(Refusal { construct, location: source.location(offset), over_budget })
        }
    }
}

/// Why a value has no second reading here.
#[derive(Clone, Debug)]
pub(crate) enum Unread {
    /// It is not one assignment: what it is instead.
    Broken(String),
    /// It has something that is left to bash.
    Shell(Refusal),
}

/// The second reading of a hand-over: one assignment after the other. The variables are dkms's own and the values handed
/// over before.
pub(crate) struct SecondReading<'w> {
    machine: Machine<'w>,
    source: &'w Source,
    budget: &'w Budget,
    /// Looked for when the first value is left to bash.
    places: OnceCell<AssignmentPlaces>,
}

impl<'w> SecondReading<'w> {
    /// One that knows the values of the files before.
    pub(crate) fn new(
        source: &'w Source,
        context: &'w Context,
        world: &'w dyn World,
        previous: &Assignments,
        budget: &'w Budget,
    ) -> Self {
        let mut machine = Machine::new(world, budget);
        machine.seed(source, context, previous);
        Self { machine, source, budget, places: OnceCell::new() }
    }

    /// Reads `assignment` as the one assignment it has to be, and returns the value.
    pub(crate) fn assign(&mut self, assignment: &str, directive: Directive, index: usize) -> Result<String, Unread> {
        let assignment = one(assignment, self.budget).map_err(Unread::Broken)?;
        finished(self.machine.assign(&assignment)).map_err(|why| self.left_to_bash(why, directive, index))?;
        Ok(self.machine.element(directive.name(), index).unwrap_or_default().to_owned())
    }

    /// Takes a value as it is.
    pub(crate) fn set(&mut self, directive: Directive, index: usize, text: &str) -> Result<(), Unread> {
        finished(self.machine.set(directive.name(), index, text.to_owned()))
            .map_err(|why| self.left_to_bash(why, directive, index))
    }

    fn left_to_bash(&self, why: Unsupported, directive: Directive, index: usize) -> Unread {
        let place = self.places.get_or_init(|| self.source.assignments()).of(directive, index);
        let location = place.map_or_else(|| self.source.whole(), |offset| self.source.location(offset));
        Unread::Shell(Refusal { construct: why.construct, location, over_budget: why.over_budget })
    }
}

/// Whether a text is one assignment; what it is otherwise.
pub(crate) fn one_assignment(text: &str) -> Result<(), String> {
    one(text, &Budget::new()).map(drop)
}

fn one(text: &str, budget: &Budget) -> Result<syntax::Assignment, String> {
    parser::Parser::new(text, None, budget).one_assignment().map_err(|unsupported| unsupported.construct)
}

impl Unsupported {
    /// What would cost too much.
    fn over(why: OverBudget, offset: usize) -> Self {
        Self { construct: why.to_string(), offset, over_budget: true }
    }
}

/// `return` ends a text as its end does.
fn finished(result: Result<(), Stop>) -> Result<(), Unsupported> {
    match result {
        // A loop that is left is in the text, too.
        Ok(()) | Err(Stop::Return | Stop::Break(_) | Stop::Continue(_)) => Ok(()),
        Err(Stop::Unsupported(unsupported)) => Err(unsupported),
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
