//! By which words of a log the cause of a failure is known. Only what the words themselves say is claimed.

use crate::error::diagnosis::Cause;

/// What the machine says when it is at its end; any line may say it, whatever else went wrong after it.
const MACHINE: [(Cause, &[&str]); 3] = [
    (
        Cause::Limit,
        &[
            "File too large",
            "File size limit exceeded",
            "CPU time limit exceeded",
            "Too many open files",
            "fork: Resource temporarily unavailable",
        ],
    ),
    (Cause::Disk, &["No space left on device", "Disk quota exceeded", "Read-only file system"]),
    (
        Cause::Memory,
        &[
            "Cannot allocate memory",
            "virtual memory exhausted",
            "Killed signal terminated program",
            "cc1: out of memory",
            "LLVM ERROR: out of memory",
        ],
    ),
];

/// Files of every kernel's headers, and the words for a file that is not there.
const HEADERS: [&str; 10] = [
    "include/generated/",
    "include/config/",
    "generated/autoconf.h",
    "generated/utsrelease.h",
    "linux/kconfig.h",
    "linux/compiler-version.h",
    "scripts/mod/modpost",
    "scripts/basic/fixdep",
    "scripts/Makefile.",
    "tools/objtool/",
];
const ABSENT: [&str; 5] = ["No such file", "not found", "are missing", "is missing", "No rule to make target"];

/// Words of the lines that explain a failure, most telling first. Compared without regard to case.
const EXPLAINED: [(Cause, &[&str]); 5] = [
    (
        Cause::Unsupported,
        &[
            "maximum supported kernel version",
            "minimum supported kernel version",
            "cannot build against kernel version",
            "unsupported kernel version",
            "kernel version is not supported",
            "kernel version not supported",
            "this kernel is not supported",
            "kernel is too new",
            "kernel is too old",
        ],
    ),
    (
        Cause::Compiler,
        &[
            "unrecognized command-line option",
            "unrecognized command line option",
            "error: unknown argument: '-",
            "cannot load plugin",
            "incompatible gcc/plugin versions",
        ],
    ),
    (Cause::Program, &[": command not found", ": not found"]),
    (Cause::Symbols, &["error: modpost: ", "gpl-incompatible module"]),
    (Cause::Source, &[": error: ", ": fatal error: ", "error[e"]),
];

/// The machine at its end, if a line of the log says so.
pub(super) fn of_the_machine(line: &str) -> Option<Cause> {
    MACHINE.iter().find(|(_, words)| words.iter().any(|word| line.contains(word))).map(|(cause, _)| *cause)
}

/// What the lines that explain a failure say of its cause. `kernel` has the directories of the kernel's headers.
pub(super) fn of_the_lines(lines: &[String], kernel: &[String]) -> Option<Cause> {
    if lines.iter().any(|line| is_of_the_headers(line, kernel)) {
        return Some(Cause::Headers);
    }
    // A configure script says `error: ` and `not found` of anything.
    let configured = lines.iter().any(|line| line.contains("configure: error:"));
    let counts = |cause: Cause| !configured || !matches!(cause, Cause::Source | Cause::Program);
    let lower: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    let is = |words: &[&str]| lower.iter().any(|line| words.iter().any(|word| line.contains(word)));
    EXPLAINED.iter().find(|(cause, words)| counts(*cause) && is(words)).map(|(cause, _)| *cause)
}

/// Whether a line misses a file that belongs to the headers.
fn is_of_the_headers(line: &str, kernel: &[String]) -> bool {
    if line.contains("Kernel configuration is invalid") {
        return true;
    }
    // What depends on a missing file is not what is missing.
    let line = line.split("needed by").next().unwrap_or(line);
    let absent = ABSENT.iter().any(|word| line.contains(word));
    absent
        && (HEADERS.iter().any(|file| line.contains(file))
            || kernel.iter().any(|directory| line.contains(&format!("{directory}/")) && !is_source(line)))
}

/// A compiler's complaint about a line of source: that an `#include` there is not found may be the module's own fault.
fn is_source(line: &str) -> bool {
    line.contains(": fatal error: ") || line.contains(": error: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "/usr/src/linux-headers-6.12.107+deb13-common";

    fn cause(line: &str) -> Option<Cause> {
        of_the_machine(line).or_else(|| of_the_lines(&[line.to_owned()], &[COMMON.to_owned()]))
    }

    /// Lines of make, gcc 14 and the kernel's build system, each with that file taken away from Debian's headers.
    #[test]
    fn headers_that_miss_a_file() {
        for line in [
            "make[2]: *** No rule to make target 'scripts/mod/modpost', needed by '/b/Module.symvers'.  Stop.",
            "/bin/sh: 1: scripts/basic/fixdep: not found",
            "/bin/sh: 1: ./tools/objtool/objtool: not found",
            &format!(
                "{COMMON}/include/linux/kconfig.h:5:10: fatal error: generated/autoconf.h: No such file or directory"
            ),
            &format!("{COMMON}/Makefile:751: include/config/auto.conf: No such file or directory"),
            &format!("<command-line>: fatal error: {COMMON}/include/linux/kconfig.h: No such file or directory"),
            &format!("make[2]: {COMMON}/scripts/Makefile.build: No such file or directory"),
            &format!("make: *** No rule to make target '{COMMON}/Makefile'.  Stop."),
        ] {
            assert_eq!(cause(line), Some(Cause::Headers), "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_headers() {
        for (line, expected) in [
            ("src/typedefs.h:1:10: fatal error: typedefs.h: No such file or directory", Some(Cause::Source)),
            ("make[2]: *** No rule to make target 'm.o', needed by 'scripts/mod/modpost'.  Stop.", None),
            ("make: *** No rule to make target 'modules'.  Stop.", None),
            ("./scripts/check.sh: No such file or directory", None),
        ] {
            assert_eq!(cause(line), expected, "{line}");
        }
        let included = format!("{COMMON}/include/linux/x.h:1:10: fatal error: asm/y.h: No such file or directory");
        assert_eq!(cause(&included), Some(Cause::Source));
    }

    #[test]
    fn other_causes() {
        for (line, expected) in [
            ("/tmp/x.s: fatal error: error writing to /tmp/x.s: No space left on device", Some(Cause::Disk)),
            ("ar: /b/x.o: Disk quota exceeded", Some(Cause::Disk)),
            ("/tmp/x.s: fatal error: error writing to /tmp/x.s: File too large", Some(Cause::Limit)),
            ("make: fork: Resource temporarily unavailable", Some(Cause::Limit)),
            ("gcc: fatal error: Killed signal terminated program cc1", Some(Cause::Memory)),
            ("cc1: out of memory allocating 65536 bytes after a total of 1 bytes", Some(Cause::Memory)),
            ("a.c:1:1: error: no space left for names", Some(Cause::Source)),
            ("a.c:4:5: error: implicit declaration of function 'strncpy'", Some(Cause::Source)),
            ("a.c:2:2: error: #error Unsupported kernel version", Some(Cause::Unsupported)),
            ("ERROR: modpost: GPL-incompatible module x.ko uses GPL-only symbol 'y'", Some(Cause::Symbols)),
            ("ERROR: modpost: \"foo\" [/b/a.ko] undefined!", Some(Cause::Symbols)),
            (
                "x86_64-linux-gnu-gcc-14: error: unrecognized command-line option '-fno-such-thing'",
                Some(Cause::Compiler),
            ),
            ("/bin/sh: 1: gcc-99: not found", Some(Cause::Program)),
            ("configure: error: library x: not found", None),
            ("it failed", None),
        ] {
            assert_eq!(cause(line), expected, "{line}");
        }
    }
}
