//! Why a build failed, as far as its log tells: a value that errors and records carry.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Sorts of causes that call for different things to do. What is not recognized has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The module's own configuration step, or an `#error` of its source, refuses the kernel.
    Unsupported,
    /// A compiler found an error in the source.
    Source,
    /// The linker of modules misses symbols.
    Symbols,
    /// Files that belong to the kernel's headers are missing.
    Headers,
    /// The compiler does not take an option that it is given.
    Compiler,
    /// A program is not installed.
    Program,
    /// Memory was at its end.
    Memory,
    /// The disk was.
    Disk,
    /// A limit that the caller of dkms set was reached.
    Limit,
}

impl Cause {
    /// Whether it says nothing about the module, so that the same inputs may well build the next time.
    pub fn is_of_the_machine(self) -> bool {
        match self {
            Cause::Headers | Cause::Compiler | Cause::Program | Cause::Memory | Cause::Disk | Cause::Limit => true,
            Cause::Unsupported | Cause::Source | Cause::Symbols => false,
        }
    }

    /// Whether another version of the module may be what helps.
    pub fn is_of_the_version(self) -> bool {
        matches!(self, Cause::Unsupported | Cause::Source | Cause::Symbols)
    }
}

impl fmt::Display for Cause {
    /// A clause about the module.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Unsupported => "it does not support this kernel",
            Cause::Source => "its source does not compile for this kernel",
            Cause::Symbols => "it needs symbols that this kernel does not export",
            Cause::Headers => "the headers of this kernel are incomplete",
            Cause::Compiler => "the compiler does not know an option that this build uses",
            Cause::Program => "its build needs a program that is not installed",
            Cause::Memory => "there was not enough memory",
            Cause::Disk => "the disk is full or read-only",
            Cause::Limit => "it reached a resource limit of the caller (`ulimit -a`)",
        })
    }
}

/// What a log tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// The sort of cause, if it was recognized.
    pub cause: Option<Cause>,
    /// The lines that say so, the most telling first; none if there is no such line.
    pub lines: Vec<String>,
    /// What helps, as a fragment.
    pub advice: Option<String>,
}

impl Diagnosis {
    /// The lines as one text.
    pub fn text(&self) -> Option<String> {
        (!self.lines.is_empty()).then(|| self.lines.join("\n"))
    }

    /// What follows `failed` in a sentence about a command that ended with `status`.
    pub(crate) fn after_failed(&self, status: i32) -> String {
        let why = self.cause.map_or_else(|| format!(" with status {status}"), |cause| format!(", because {cause}"));
        match self.lines.as_slice() {
            [] => why,
            [line] => format!("{why}: {line}"),
            lines => format!("{why}:\n  {}", lines.join("\n  ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let diagnosis = |cause, lines: &[&str]| Diagnosis {
            cause,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            advice: None,
        };
        for (diagnosis, expected) in [
            (diagnosis(None, &[]), " with status 2"),
            (diagnosis(None, &["a"]), " with status 2: a"),
            (diagnosis(Some(Cause::Unsupported), &["a", "b"]), ", because it does not support this kernel:\n  a\n  b"),
        ] {
            assert_eq!(diagnosis.after_failed(2), expected);
        }
    }
}
