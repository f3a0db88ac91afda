//! The hand-over of values from a conf to dkms, which changes them.
//!
//! The original writes every value out as shell text and lets its main shell run that text, so each value is read a
//! second time. Authors rely on it: scripts over several lines work because line ends become blanks, a `$kernelver` in
//! single quotes is expanded after all, and so is a `$(nproc)`. This does the same, whichever way the values came about:
//! natively, or by the contained shell from the first value on that has a command which only a shell can run. A value
//! that the second reading would take for more than one assignment is an error here instead of a surprise.
//!
//! One thing is left out on purpose: words that look like file name patterns are not replaced by the names of files
//! that happen to lie where a person stood.

use crate::assignments::{Assignments, Value};
use crate::budget::Budget;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::directive::Directive;
use crate::evaluator::{self, SecondReading, Unread};
use crate::refusal::Refusal;
use crate::shell::{self, Shell};
use crate::source::Source;
use crate::world::World;

/// What the second reading sees.
pub struct Inputs<'a> {
    /// The file that the values are from.
    pub source: &'a Source,
    /// The variables of dkms.
    pub context: &'a Context,
    /// The machine.
    pub world: &'a dyn World,
    /// Runs the commands that are left to it; `None` makes one an error.
    pub shell: Option<&'a dyn Shell>,
}

/// The result of a hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// The values that count.
    pub values: Assignments,
    /// Values that cannot be handed over.
    pub errors: Vec<Diagnostic>,
    /// Values of directives without effect that could not be handed over.
    pub warnings: Vec<Diagnostic>,
    /// What made a shell necessary.
    pub refusal: Option<Refusal>,
    /// What that shell said on its error stream.
    pub complaint: String,
}

/// One value on its way: what is left of it, as shell text.
struct Text<'a> {
    directive: Directive,
    index: usize,
    value: &'a Value,
    /// Nothing in it means anything to a shell.
    plain: Option<String>,
    assignment: String,
}

/// Hands over what one file set. A value sees the variables of dkms, the values of the files before, and those of its
/// own file that stand before it in the table of directives, but no variable of the file's own.
#[must_use]
pub fn transfer(raw: &Assignments, previous: &Assignments, inputs: &Inputs<'_>) -> Transferred {
    let mut transferred = Transferred::default();
    let budget = Budget::new();
    let mut reading = SecondReading::new(inputs.source, inputs.context, inputs.world, previous, &budget);
    let texts: Vec<Text<'_>> = raw.iter().map(|(directive, index, value)| Text::new(directive, index, value)).collect();
    for (place, text) in texts.iter().enumerate() {
        let read = match &text.plain {
            Some(plain) => reading.set(text.directive, text.index, plain).map(|()| plain.clone()),
            None => reading.assign(&text.assignment, text.directive, text.index),
        };
        match read {
            Ok(value) => transferred.values.set(text.directive, text.index, value, text.value.origin.clone()),
            Err(Unread::Shell(_)) if text.directive.row().is_ignored() => {}
            Err(Unread::Shell(refusal)) => {
                let mut visible = previous.clone();
                visible.merge(transferred.values.clone());
                transferred.by_shell(&texts[place..], refusal, (raw, &visible), inputs);
                break;
            }
            Err(Unread::Broken(construct)) => transferred.broken(text, &construct),
        }
    }
    transferred
}

impl<'a> Text<'a> {
    fn new(directive: Directive, index: usize, value: &'a Value) -> Self {
        let text = collapsed(value.text.strip_suffix('\r').unwrap_or(&value.text));
        let assignment = format!("{directive}[{index}]=\"{text}\"");
        let plain = (!text.contains(['$', '`', '\\', '"'])).then_some(text);
        Self { directive, index, value, plain, assignment }
    }
}

impl Transferred {
    fn broken(&mut self, text: &Text<'_>, construct: &str) {
        let (directive, index) = (text.directive, text.index);
        let message = format!("the value of `{directive}[{index}]` cannot be passed on: it contains {construct}");
        if directive.row().is_ignored() {
            return self.warnings.push(Diagnostic::warning(message).at(text.value.origin.clone()));
        }
        let hint = "dkms reads every value twice: write quotes inside it as single quotes";
        self.errors.push(Diagnostic::error(message).hint(hint).at(text.value.origin.clone()));
    }

    /// All of these values in one shell, as a later one may mention an earlier one.
    fn by_shell(
        &mut self,
        texts: &[Text<'_>],
        refusal: Refusal,
        (raw, visible): (&Assignments, &Assignments),
        inputs: &Inputs<'_>,
    ) {
        let Inputs { source, context, shell, .. } = *inputs;
        let first = texts.first().map(|text| (text.directive, text.index));
        let origin = texts.first().and_then(|text| text.value.origin.clone());
        let (directive, index) = first.unwrap_or((Directive::Make, 0));
        let Some(shell) = shell else {
            let message = format!(
                "the value of `{directive}[{index}]` holds {}, which only a shell can run, and `conf_shell` is `never`",
                refusal.construct
            );
            let hint = "set `conf_shell = \"contained\"` in framework.conf, or run the command in a script";
            return self.errors.push(Diagnostic::error(message).hint(hint).at(origin));
        };
        let mut read = Vec::new();
        for text in texts.iter().filter(|text| !text.directive.row().is_ignored()) {
            match evaluator::one_assignment(&text.assignment) {
                Ok(()) => read.push((text.directive, text.index, text.assignment.as_str())),
                Err(construct) => self.broken(text, &construct),
            }
        }
        let request = shell::second_request(&read, &refusal, source, context, visible);
        let values = shell.run(&request).and_then(|answer| {
            self.complaint = answer.stderr.trim().to_owned();
            let values = shell::read_result(source, &answer.result)?;
            values.ok_or_else(|| "a command in a value exits the shell that reads it".to_owned())
        });
        match values {
            Ok(values) => {
                for (directive, index, value) in values.iter() {
                    let origin = raw.value(directive, index).and_then(|value| value.origin.clone());
                    self.values.set(directive, index, value.text.clone(), origin);
                }
            }
            Err(why) => {
                let message = format!("the shell did not read the value of `{directive}[{index}]`: {why}");
                self.errors.push(Diagnostic::error(message).at(origin));
            }
        }
        self.refusal = Some(refusal);
    }
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
    use crate::shell::{ShellAnswer, ShellRequest};
    use crate::world::TableWorld;

    /// Answers as if each value had been read to this.
    struct Answers(&'static str);

    impl Shell for Answers {
        fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
            assert!(request.script.contains("MAKE[0]="), "{}", request.script);
            Ok(ShellAnswer { result: self.0.as_bytes().to_vec(), stderr: "oh\n".into() })
        }
    }

    fn handed_over(raw: &Assignments, shell: Option<&dyn Shell>) -> Transferred {
        let context = Context { kernelver: Some("6.1.0".to_owned()), ..Context::default() };
        let source = Source::new("/x/dkms.conf", "");
        let world = TableWorld { directory: "/x".into(), ..TableWorld::default() }.with_file("/x/VERSION", "1.2\n");
        let inputs = Inputs { source: &source, context: &context, world: &world, shell };
        transfer(raw, &Assignments::default(), &inputs)
    }

    fn raw(text: &str) -> Assignments {
        let mut raw = Assignments::default();
        raw.set(Directive::PackageName, 0, "pkg", None);
        raw.set(Directive::Make, 0, text, None);
        raw.set(Directive::BuiltModuleName, 0, "late", None);
        raw
    }

    fn make(text: &str) -> Result<String, String> {
        let result = handed_over(&raw(text), None);
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
    fn edge_7_what_would_fall_apart_is_an_error() {
        assert!(make("make \"x y\"").unwrap_err().contains("`MAKE[0]`"));
        assert!(make("make \"x").unwrap_err().contains("not closed"));
        assert!(make("make \"; date; \"").is_err());
        assert!(make("make $(date)\" y\"").is_err());
    }

    #[test]
    fn a_command_left_in_a_value_runs_then() {
        assert_eq!(make("make -j$(nproc) V=`cat VERSION`").unwrap(), "make -j2 V=1.2");
        assert!(make("make $(date)").unwrap_err().contains("the command `date`, which only a shell can run"));
        let answer = "MAKE[0]=make today\0BUILT_MODULE_NAME[0]=late\0end of values\0";
        let result = handed_over(&raw("make $(date)"), Some(&Answers(answer)));
        assert_eq!((result.errors.len(), result.values.text(Directive::Make, 0)), (0, Some("make today")));
        assert_eq!(result.values.text(Directive::PackageName, 0), Some("pkg"));
        assert_eq!((result.refusal.is_some(), result.complaint.as_str()), (true, "oh"));
        let ended = handed_over(&raw("make $(date)"), Some(&Answers("")));
        assert!(ended.errors[0].message.contains("exits the shell"), "{:?}", ended.errors);
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
        for (text, warnings) in [("make \"a b\"", 1), ("make $(date)", 0)] {
            let mut raw = Assignments::default();
            raw.set(Directive::Clean, 0, text, None);
            let result = handed_over(&raw, None);
            assert_eq!((result.errors.len(), result.warnings.len()), (0, warnings), "{text}");
        }
    }
}
