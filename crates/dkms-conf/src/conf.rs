//! One module's configuration from all its files: `dkms.conf`, then the administrator's override files in order, then
//! the directives of the command line.
//!
//! Each file is evaluated natively or, where the evaluator refuses, by a contained bash if the caller offers one;
//! then its values are handed over ([`crate::transfer`]) and laid over those of the files before. The caller loads
//! the files and knows which ones exist.

use crate::assignments::Assignments;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Rejected, Severity, shortened};
use crate::directive::Directive;
use crate::evaluator;
use crate::refusal::Refusal;
use crate::shell::{self, Shell};
use crate::source::Source;
use crate::transfer::{Inputs, transfer};
use crate::world::World;

/// Everything that an evaluation needs.
pub struct Request<'a> {
    /// The files, `dkms.conf` first; a later one wins, index by index.
    pub sources: &'a [Source],
    /// `--directive NAME=VALUE`, taken as they are, after all files.
    pub directives: &'a [(Directive, String)],
    /// The variables that the files see.
    pub context: &'a Context,
    /// The machine that the files see.
    pub world: &'a dyn World,
    /// Evaluates what the native evaluator refuses; `None` makes a refusal an error.
    pub shell: Option<&'a dyn Shell>,
}

/// The values that count, and how they came about.
#[derive(Clone, Debug, Default)]
pub struct Evaluated {
    /// The values by directive and index.
    pub assignments: Assignments,
    /// Where the values come from: what diagnostics about them refer to.
    pub sources: Vec<Source>,
    /// What made bash necessary, one for each file that it was necessary for.
    pub refusals: Vec<Refusal>,
    /// What a shell said on its error stream, one for each file.
    pub complaints: Vec<Diagnostic>,
    /// Other findings that are no errors.
    pub warnings: Vec<Diagnostic>,
    /// The directives of the command line; they are exported to make and scripts.
    pub exported: Vec<(Directive, String)>,
}

impl Evaluated {
    fn complaint(&mut self, source: &Source, stderr: &str) {
        let stderr = stderr.trim();
        if !stderr.is_empty() {
            let complaint = Diagnostic::warning(format!("the shell says: {stderr}"));
            self.complaints.push(complaint.at(Some(source.whole())));
        }
    }

    /// A rejection for these reasons. What a shell complained of comes first: when something is missing, that is why.
    pub(crate) fn rejected(&self, findings: Vec<Diagnostic>) -> Rejected {
        let cause = |complaint: &Diagnostic| Diagnostic { severity: Severity::Error, ..complaint.clone() };
        Rejected { diagnostics: self.complaints.iter().map(cause).chain(findings).collect() }
    }
}

/// Evaluates the files of one module.
///
/// # Errors
/// If a file uses what only bash can evaluate and there is none, or bash gives no answer, or a value cannot be handed
/// over.
pub fn evaluate(request: &Request<'_>) -> Result<Evaluated, Rejected> {
    let mut evaluated = Evaluated { sources: request.sources.to_vec(), ..Evaluated::default() };
    for source in request.sources {
        let raw = raw_values(source, request, &mut evaluated)?;
        let inputs = Inputs { source, context: request.context, world: request.world, shell: request.shell };
        let transferred = transfer(&raw, &evaluated.assignments, &inputs);
        evaluated.warnings.extend(transferred.warnings);
        evaluated.complaint(source, &transferred.complaint);
        evaluated.refusals.extend(transferred.refusal);
        if !transferred.errors.is_empty() {
            return Err(evaluated.rejected(shortened(transferred.errors)));
        }
        evaluated.assignments.merge(transferred.values);
    }
    for (directive, value) in request.directives {
        evaluated.assignments.set(*directive, 0, value.clone(), None);
        evaluated.exported.push((*directive, value.clone()));
    }
    Ok(evaluated)
}

fn raw_values(source: &Source, request: &Request<'_>, evaluated: &mut Evaluated) -> Result<Assignments, Rejected> {
    let refusal = match evaluator::evaluate(source, request.context, &evaluated.assignments, request.world) {
        Ok(values) => return Ok(values),
        Err(refusal) => refusal,
    };
    let Some(shell) = request.shell else {
        let message = format!("{} can only be evaluated by a shell, and `conf_shell` is `never`", refusal.construct);
        let hint = "set `conf_shell = \"contained\"` in framework.conf, or write it without this construct";
        return Err(Diagnostic::error(message).hint(hint).at(Some(refusal.location)).into());
    };
    let place = Some(source.whole());
    let wire = shell::request(&refusal, source, request.context, &evaluated.assignments);
    let answer = shell
        .run(&wire)
        .map_err(|why| Diagnostic::error(format!("the shell did not evaluate it: {why}")).at(place.clone()))?;
    let values = shell::read_result(source, &answer.result)
        .map_err(|why| Diagnostic::error(format!("the shell evaluated it, but {why}")).at(place.clone()))?;
    evaluated.complaint(source, &answer.stderr);
    evaluated.refusals.push(refusal);
    Ok(values.unwrap_or_else(|| {
        let message = "it exits the shell that evaluates it, so its values are lost";
        evaluated.warnings.push(Diagnostic::warning(message).at(place));
        Assignments::default()
    }))
}

/// Reads the argument of `--directive`.
///
/// # Errors
/// If it is not `NAME=VALUE` with the name of a directive.
pub fn parse_directive(argument: &str) -> Result<(Directive, String), Diagnostic> {
    let Some((name, value)) = argument.split_once('=') else {
        return Err(Diagnostic::error(format!("`{argument}` is not NAME=VALUE")));
    };
    let Some(directive) = Directive::from_name(name) else {
        let error = Diagnostic::error(format!("unknown directive `{name}`"));
        return Err(match crate::nearest::nearest(name, Directive::all().map(Directive::name)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        });
    };
    Ok((directive, value.to_owned()))
}
