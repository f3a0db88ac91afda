//! The hand-over of values from a conf to dkms, which changes them.
//!
//! The original writes every value out as shell text and lets its main shell run that text, so each value is read a
//! second time. Authors rely on it: scripts over several lines work because line ends become blanks, and a `$kernelver`
//! in single quotes is expanded after all. This does the same, natively, whichever way the values came about. A value
//! that the second reading would take for more than one assignment, or that would run a command then, is an error here
//! instead of a surprise.
//!
//! One thing is left out on purpose: words that look like file name patterns are not replaced by the names of files
//! that happen to lie where somebody stood.

use crate::assignments::{Assignments, Value};
use crate::budget::Budget;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::directive::Directive;
use crate::evaluator::SecondReading;
use crate::source::Source;
use crate::world::TableWorld;

/// The result of a hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// The values that count.
    pub values: Assignments,
    /// Values that cannot be handed over.
    pub errors: Vec<Diagnostic>,
    /// Values of directives without effect that could not be handed over.
    pub warnings: Vec<Diagnostic>,
}

/// Hands over what one file set. A value sees the variables of dkms, the values of the files before, and those of its
/// own file that stand before it in the table of directives, but no variable of the file's own.
#[must_use]
pub fn transfer(raw: &Assignments, source: &Source, context: &Context, previous: &Assignments) -> Transferred {
    let mut transferred = Transferred::default();
    let (world, budget) = (TableWorld::default(), Budget::new());
    let mut reading = SecondReading::new((source, context, previous), &world, &budget);
    for (directive, index, value) in raw.iter() {
        match handed_over(value, directive, index, &mut reading) {
            Ok(text) => transferred.values.set(directive, index, text, value.origin.clone()),
            Err(problem) if directive.row().is_ignored() => {
                transferred.warnings.push(Diagnostic::warning(problem.message).at(problem.location));
            }
            Err(problem) => transferred.errors.push(problem),
        }
    }
    transferred
}

fn handed_over(
    value: &Value,
    directive: Directive,
    index: usize,
    reading: &mut SecondReading<'_>,
) -> Result<String, Diagnostic> {
    let text = collapsed(value.text.strip_suffix('\r').unwrap_or(&value.text));
    let result = if text.contains(['$', '`', '\\', '"']) {
        reading.assign(&format!("{directive}[{index}]=\"{text}\""), directive, index)
    } else {
        reading.set(directive, index, &text).map(|()| text)
    };
    result.map_err(|problem| {
        let message =
            format!("the value of `{directive}[{index}]` cannot be handed over: it holds {}", problem.construct());
        let hint =
            "dkms reads every value twice: write quotes inside it as single quotes, and run commands in a script";
        Diagnostic::error(message).hint(hint).at(value.origin.clone())
    })
}

/// Every run of blanks, tabs and line ends becomes one blank; a run at either end leaves one as well.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let blank = matches!(c, ' ' | '\t' | '\n');
        if !blank {
            out.push(c);
        } else if !in_run {
            out.push(' ');
        }
        in_run = blank;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(text: &str) -> Result<String, String> {
        let mut raw = Assignments::default();
        raw.set(Directive::PackageName, 0, "pkg", None);
        raw.set(Directive::Make, 0, text, None);
        raw.set(Directive::BuiltModuleName, 0, "late", None);
        let context = Context { kernelver: Some("6.1.0".to_owned()), ..Context::default() };
        let result = transfer(&raw, &Source::new("/x/dkms.conf", ""), &context, &Assignments::default());
        match result.errors.first() {
            Some(error) => Err(error.message.clone()),
            None => Ok(result.values.text(Directive::Make, 0).unwrap().to_owned()),
        }
    }

    #[test]
    fn edge_6_blanks_and_line_ends_become_one_blank() {
        assert_eq!(make("make   a\t\tb\n  c \n").unwrap(), "make a b c ");
    }

    #[test]
    fn edge_7_values_are_read_a_second_time() {
        assert_eq!(make("make $kernelver").unwrap(), "make 6.1.0");
        assert_eq!(make("make ${PACKAGE_NAME} x").unwrap(), "make pkg x");
        assert_eq!(make("make \"x\" y").unwrap(), "make x y");
        assert_eq!(make("\\$X \\\\ \\a").unwrap(), "$X \\ \\a");
        assert_eq!(make("make 'a   b'; (x) && # y").unwrap(), "make 'a b'; (x) && # y");
    }

    #[test]
    fn edge_7_what_would_fall_apart_or_run_is_an_error() {
        assert!(make("make \"x y\"").unwrap_err().contains("`MAKE[0]`"));
        assert!(make("make \"x").unwrap_err().contains("not closed"));
        assert!(make("make $(date)").unwrap_err().contains("a command"));
        assert!(make("make `date`").unwrap_err().contains("a command"));
        assert!(make("make \"; date; \"").is_err());
    }

    #[test]
    fn edge_7_only_what_was_handed_over_before_is_visible() {
        assert_eq!(make("make $BUILT_MODULE_NAME.").unwrap(), "make .");
    }

    #[test]
    fn edge_20_a_variable_of_the_conf_is_empty() {
        // Blanks have become one before the second reading, not after it.
        assert_eq!(make("make $OWN x").unwrap(), "make  x");
    }

    #[test]
    fn edge_16_one_carriage_return_at_the_end_goes() {
        assert_eq!(make("make\r").unwrap(), "make");
        assert_eq!(make("make\r\r").unwrap(), "make\r");
    }

    #[test]
    fn a_directive_without_effect_only_warns() {
        let mut raw = Assignments::default();
        raw.set(Directive::Clean, 0, "make \"a b\"", None);
        let source = Source::new("/x/dkms.conf", "");
        let result = transfer(&raw, &source, &Context::default(), &Assignments::default());
        assert_eq!((result.errors.len(), result.warnings.len()), (0, 1));
    }
}
