//! What the native evaluator refuses is evaluated by a real bash; this is the language spoken with it.
//!
//! Here are the text of the script that bash is given and the reader for what comes back. Starting the process and
//! confining it is the engine's part ([`Shell`]); the text of a conf is no part of the script, which sources the file
//! by its path. Only values with a command left in them, which are read a second time, are handed to it, as one word
//! each.

use std::fmt::Write as _;

use crate::assignments::Assignments;
use crate::context::{Context, arguments};
use crate::directive::Directive;
use crate::refusal::Refusal;
use crate::source::Source;

/// The descriptor on which the script writes its result. The process has to have it open for writing.
pub const RESULT_DESCRIPTOR: i32 = 7;

/// Results larger than this are cut off by the caller and then refused here for want of an end mark.
pub const MAX_RESULT_BYTES: usize = 4 << 20;

/// The last record of a result. Without it the conf ended the shell, and nothing that it set counts.
const END_MARK: &str = "end of values";

/// One evaluation to be done by bash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellRequest {
    /// The file that is evaluated.
    pub path: String,
    /// What made it necessary, with its place.
    pub because: String,
    /// It was over the budget of the native evaluator.
    pub over_budget: bool,
    /// The program for `bash --norc --noprofile -c`, whose next argument is [`PROGRAM`](crate::context::PROGRAM).
    pub script: String,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellAnswer {
    /// Everything written to [`RESULT_DESCRIPTOR`], at most [`MAX_RESULT_BYTES`].
    pub result: Vec<u8>,
    /// The conf's standard error.
    pub stderr: String,
}

/// A bash that is contained: unprivileged user, empty environment, no network, time limit, standard input and output
/// on the null device.
pub trait Shell {
    /// Runs the script.
    ///
    /// # Errors
    /// A fragment saying why there is no answer, such as that the time limit ended it.
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String>;
}

/// The request to evaluate `source` with these variables and the values of the files before it.
#[must_use]
pub fn request(refusal: &Refusal, source: &Source, context: &Context, previous: &Assignments) -> ShellRequest {
    let mut script = preamble(source, context, previous);
    // In a subshell, as in the original: there an error such as a division by zero ends everything.
    let names: Vec<&str> = Directive::all().map(Directive::name).collect();
    let _ = write!(
        script,
        "evaluate() {{\n  builtin source {path} >/dev/null\n  local __name __index\n  for __name in {names}; do\n    \
         builtin eval 'for __index in \"${{!'$__name'[@]}}\"; do\n      \
         builtin printf \"%s[%s]=%s\\0\" $__name \"$__index\" \"${{'$__name'[$__index]}}\" >&{fd}\n    done'\n  done\n",
        path = quoted(&slashed(source.path())),
        names = names.join(" "),
        fd = RESULT_DESCRIPTOR,
    );
    script.push_str(&conclusion());
    asked(refusal, source, script)
}

/// The request to read these assignments of `source` a second time, each seeing those before it.
#[must_use]
pub fn second_request(
    assignments: &[(Directive, usize, &str)],
    refusal: &Refusal,
    source: &Source,
    context: &Context,
    previous: &Assignments,
) -> ShellRequest {
    let mut script = preamble(source, context, previous);
    script.push_str("evaluate() {\n");
    for (_, _, assignment) in assignments {
        let _ = writeln!(script, "  builtin eval {}", quoted(assignment));
    }
    for (name, index, _) in assignments {
        let _ = writeln!(
            script,
            "  builtin printf '%s[%s]=%s\\0' {name} {index} \"${{{name}[{index}]}}\" >&{RESULT_DESCRIPTOR}"
        );
    }
    script.push_str(&conclusion());
    asked(refusal, source, script)
}

fn asked(refusal: &Refusal, source: &Source, script: String) -> ShellRequest {
    let place = &refusal.location;
    let line = if place.line == 0 { String::new() } else { format!(":{}", place.line) };
    let because = format!("{}{line}: {}", place.path, refusal.construct);
    ShellRequest { path: source.path().to_owned(), because, over_budget: refusal.over_budget, script }
}

/// What a file finds.
fn preamble(source: &Source, context: &Context, previous: &Assignments) -> String {
    let mut script = String::from("shopt -s extglob\n");
    for (name, value) in context.variables_for(source) {
        let _ = writeln!(script, "{name}={}", quoted(value));
    }
    for (directive, index, value) in previous.iter() {
        let _ = writeln!(script, "{directive}[{index}]={}", quoted(&value.text));
    }
    // A conf may call this function of the original; which destination a distribution imposes is decided later.
    script.push_str("override_dest_module_location() { builtin printf '%s\\n' \"$1\"; }\n");
    script
}

/// The end of the function `evaluate`, and its call.
fn conclusion() -> String {
    let names = quoted(&arguments());
    format!("  builtin printf '%s\\0' '{END_MARK}' >&{RESULT_DESCRIPTOR}\n}}\n( evaluate {names} )\n")
}

/// Reads a result. `None`: the conf ended the shell, so nothing counts.
///
/// # Errors
/// A fragment, if this is not a result of the script.
pub fn read_result(source: &Source, result: &[u8]) -> Result<Option<Assignments>, String> {
    if result.len() >= MAX_RESULT_BYTES {
        return Err(format!("its values are larger than {MAX_RESULT_BYTES} bytes"));
    }
    let Some(result) = result.strip_suffix(b"\0") else {
        return if result.is_empty() { Ok(None) } else { Err("its values are cut off".to_owned()) };
    };
    let mut records: Vec<&[u8]> = result.split(|&byte| byte == 0).collect();
    if records.pop() != Some(END_MARK.as_bytes()) {
        return Ok(None);
    }
    let mut values = Assignments::default();
    let places = source.assignments();
    for record in records {
        let record = String::from_utf8_lossy(record);
        let (directive, index, text) =
            record_parts(&record).ok_or_else(|| format!("it wrote `{record}` among its values"))?;
        let origin = places.of(directive, index).map(|offset| source.location(offset));
        values.set(directive, index, text, origin);
    }
    Ok(Some(values))
}

/// `NAME[i]=value`; the index of an associative array, which has no number, counts as 0.
fn record_parts(record: &str) -> Option<(Directive, usize, &str)> {
    let (name, rest) = record.split_once('[')?;
    let (index, text) = rest.split_once("]=")?;
    Some((Directive::from_name(name)?, index.parse().unwrap_or(0), text))
}

/// A word that bash takes for exactly `text`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `source` looks up a name without slash in PATH.
pub(crate) fn slashed(path: &str) -> String {
    if path.contains('/') { path.to_owned() } else { format!("./{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_result() {
        let source = Source::new("c", "MAKE=x\n");
        let values = read_result(&source, b"MAKE[0]=a\nb\0PATCH[3]=\0end of values\0").unwrap().unwrap();
        assert_eq!(values.text(Directive::Make, 0), Some("a\nb"));
        assert_eq!(values.text(Directive::Patch, 3), Some(""));
        assert_eq!(values.value(Directive::Make, 0).unwrap().origin.as_ref().unwrap().line, 1);
    }

    #[test]
    fn without_end_mark_nothing_counts() {
        let source = Source::new("c", "");
        assert_eq!(read_result(&source, b"MAKE[0]=a\0"), Ok(None));
        assert_eq!(read_result(&source, b""), Ok(None));
        assert!(read_result(&source, b"MAKE[0]=a").is_err());
        assert!(read_result(&source, b"HOME[0]=a\0end of values\0").is_err());
    }

    #[test]
    fn values_are_quoted_for_the_script() {
        let context = Context { kernelver: Some("a'b$c".to_owned()), ..Context::default() };
        let source = Source::new("/x/dkms.conf", "");
        let refusal = Refusal { construct: "x".into(), location: source.whole(), over_budget: false };
        let script = request(&refusal, &source, &context, &Assignments::default()).script;
        assert!(script.contains(r"kernelver='a'\''b$c'"));
    }
}
