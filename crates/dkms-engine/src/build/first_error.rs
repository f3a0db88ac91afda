//! The one line of a log that says why a build failed, and whether the module has to do with it at all.
//!
//! A parallel make buries it under what other compilers still had to say. The kinds of complaint are tried from the most
//! to the least telling; of the best kind that occurs, the first line counts.

use std::io::{BufRead, BufReader, Read};

/// Longest text that is shown; a template error of a C++ tool can have kilobytes.
const LONGEST: usize = 300;

/// Kinds of complaint, most telling first: a line is of a kind if it contains one of its words.
const KINDS: [&[&str]; 6] = [
    // Compilers: gcc and clang name the place, rustc and the assembler do not.
    &[": error: ", ": fatal error: ", ": Error: ", "error[E", ": error #"],
    // The linker and the last stage of a module build.
    &["ERROR: modpost: ", "undefined reference to", "multiple definition of", "ld: cannot find"],
    // A program that is not there.
    &[": command not found", ": not found"],
    // What the kernel's build system, a configure script or a Makefile says of its own.
    &["configure: error: ", "ERROR: ", "error: ", "fatal: "],
    &["Makefile:", "No rule to make target"],
    &["*** "],
];

/// What the machine says when it is at its end: trying again may well succeed, with the same inputs.
const MACHINE: [&str; 6] = [
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Cannot allocate memory",
    "virtual memory exhausted",
    "Killed signal terminated program",
];

/// What a log tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The line.
    pub(crate) first_error: Option<String>,
    /// Disk or memory were at their end.
    pub(crate) of_the_machine: bool,
}

/// Reads a log. `build` is the directory of the build as the commands saw it: paths are shown relative to it.
pub(crate) fn read(log: impl Read, build: &str) -> Findings {
    let mut findings = Findings::default();
    let mut best = KINDS.len();
    let mut reader = BufReader::new(log);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.starts_with("# ") {
            findings.of_the_machine |= MACHINE.iter().any(|words| text.contains(words));
            if let Some(kind) = kind_of(text).filter(|kind| *kind < best) {
                best = kind;
                findings.first_error = Some(shown(text, build));
            }
        }
        line.clear();
    }
    findings
}

fn kind_of(line: &str) -> Option<usize> {
    // A summary such as "4 errors generated" or make's "[file.o] Error 1" explains nothing.
    let kind = KINDS.iter().position(|words| words.iter().any(|word| line.contains(word)))?;
    (kind != 4 || line.contains("***")).then_some(kind)
}

fn shown(line: &str, build: &str) -> String {
    let without = line.replace(&format!("{}/", build.trim_end_matches('/')), "");
    match without.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &without[..end]),
        None => without,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(log: &str) -> Option<String> {
        read(log.as_bytes(), "/var/lib/dkms/m/1/build").first_error
    }

    #[test]
    fn the_compiler_comes_before_make() {
        let log = "# command: make error: x\nmake[1]: *** [x] Error 2\n  CC [M]  a.o\n\
                   /var/lib/dkms/m/1/build/a.c: In function 'f':\n\
                   /var/lib/dkms/m/1/build/a.c:3:5: error: too few arguments to function 'g'\n\
                   /var/lib/dkms/m/1/build/b.c:9:1: error: later\n";
        assert_eq!(first(log).unwrap(), "a.c:3:5: error: too few arguments to function 'g'");
    }

    #[test]
    fn a_machine_at_its_end_is_no_fault_of_the_module() {
        for (line, expected) in [
            ("/tmp/x.s: fatal error: error writing to /tmp/x.s: No space left on device", true),
            ("gcc: fatal error: Killed signal terminated program cc1", true),
            ("a.c:1:1: error: no space left for names", false),
        ] {
            let findings = read(line.as_bytes(), "/b");
            assert_eq!((findings.of_the_machine, findings.first_error.is_some()), (expected, true), "{line}");
        }
    }

    #[test]
    fn other_tools() {
        for line in [
            "ERROR: modpost: \"foo\" [/var/lib/dkms/m/1/build/a.ko] undefined!",
            "/bin/sh: 1: gcc-12: not found",
            "make: *** No rule to make target 'modules'.  Stop.",
            "configure: error: no iptables",
        ] {
            assert!(
                first(&format!("noise\n{line}\nmake: *** [Makefile:3: x] Error 1\n"))
                    .is_some_and(|found| { line.replace("/var/lib/dkms/m/1/build/", "") == found }),
                "{line}"
            );
        }
        assert_eq!(first("all is well\n"), None);
        assert_eq!(first(&format!("a.c:1:1: error: {}", "x".repeat(1000))).unwrap().len(), LONGEST + 3);
    }
}
