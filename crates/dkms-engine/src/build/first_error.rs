//! The lines of a log that say why a build failed, and the sort of cause.
//!
//! A parallel make buries them under what other compilers still had to say. The kinds of complaint are tried from the most
//! to the least telling; of the best kind that occurs, the first line counts. A configure script explains itself in the
//! lines after its complaint. Where nothing looks like a complaint, what was said last before make gave up counts.

use std::io::{BufRead, BufReader, Read};

use super::recognizers;
use crate::error::diagnosis::{Cause, Diagnosis};

/// Longest line that is shown; a template error of a C++ tool can have kilobytes.
const LONGEST: usize = 300;

/// Bytes of a line that are looked at: what makes sense of it stands at its beginning.
const LOOKED_AT: u64 = 64 << 10;

/// How many lines of a configure script's explanation are kept.
const MOST_LINES: usize = 6;

/// How a configure script made by autoconf begins its last words; the message may follow in the next lines.
const CONFIGURE: &str = "configure: error:";

/// Kinds of complaint, most telling first: a line is of a kind if it contains one of its words.
const KINDS: [&[&str]; 5] = [
    // Compilers: gcc and clang name the place, rustc and the assembler do not.
    &[CONFIGURE, ": error: ", ": fatal error: ", ": Error: ", "error[E", ": error #"],
    // The linker and the last stage of a module build.
    &["ERROR: modpost: ", "undefined reference to", "multiple definition of", "ld: cannot find"],
    // A program that is not there.
    &[": command not found", ": not found"],
    // What the kernel's build system or a Makefile says of its own.
    &["ERROR: ", "error: ", "Error: ", "fatal: "],
    &["Makefile:", "No rule to make target"],
];

/// Whose log it is.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The directory of the build as the commands saw it: paths are shown relative to it.
    pub build: &'a str,
    /// Directories of the kernel's headers.
    pub kernel: &'a [String],
}

/// Reads a log, which may be of any length, and so may its lines.
pub fn read(log: impl Read, seen: &Seen<'_>) -> Diagnosis {
    let mut reading = Reading { best: KINDS.len(), ..Reading::default() };
    let mut reader = BufReader::new(log);
    let mut line = Vec::new();
    while reader.by_ref().take(LOOKED_AT).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        if !line.ends_with(b"\n") && reader.skip_until(b'\n').is_err() {
            break;
        }
        reading.line(&String::from_utf8_lossy(&line), seen.build);
        line.clear();
    }
    reading.finish(seen.kernel)
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    machine: Option<Cause>,
    /// Place in [`KINDS`] of what is in `lines`.
    best: usize,
    lines: Vec<String>,
    /// The lines that follow belong to the explanation.
    goes_on: bool,
    /// The last thing that was said, and what it was when make gave up.
    last: Option<String>,
    before_end: Option<String>,
    symvers_missing: Option<String>,
}

impl Reading {
    fn line(&mut self, line: &str, build: &str) {
        let text = line.trim();
        if text.starts_with("# command: ") {
            // What an earlier step complained of did not stop it: configure scripts try what does not compile.
            *self = Self { best: KINDS.len(), machine: self.machine, ..Self::default() };
            return;
        }
        if text.starts_with("# ") {
            self.goes_on = false;
            return;
        }
        self.machine = self.machine.or_else(|| recognizers::of_the_machine(text));
        if text.contains("Module.symvers is missing") {
            self.symvers_missing = Some(shown(text, build));
        }
        if self.goes_on {
            self.goes_on = self.explanation(text, build);
            return;
        }
        if let Some(kind) = kind_of(text).filter(|kind| *kind < self.best) {
            self.best = kind;
            // What is being checked may stand before it on the same line.
            let configure = text.find(CONFIGURE);
            self.goes_on = configure.is_some();
            self.lines = vec![shown(&text[configure.unwrap_or(0)..], build)];
        }
        if gives_up(text) {
            self.before_end = self.before_end.take().or_else(|| self.last.clone());
        } else if !is_chatter(text) {
            self.last = Some(shown(text, build));
        }
    }

    /// A line after `configure: error:`; whether more can follow.
    fn explanation(&mut self, text: &str, build: &str) -> bool {
        let started = self.lines.len() > 1 || self.lines.iter().any(|line| !line.ends_with(CONFIGURE));
        if text.is_empty() {
            return !started;
        }
        // Autoconf's own remark; where the file is kept is said elsewhere.
        if text.starts_with("See ") && text.contains("config.log") {
            return false;
        }
        if gives_up(text) || is_chatter(text) {
            return false;
        }
        self.lines.push(shown(text.trim_start_matches("***").trim_start(), build));
        self.lines.len() <= MOST_LINES
    }

    fn finish(mut self, kernel: &[String]) -> Diagnosis {
        if self.lines.is_empty() {
            self.lines.extend(self.before_end.or(self.last));
        }
        let mut cause = recognizers::of_the_lines(&self.lines, kernel);
        // Without the kernel's table of symbols every symbol is missing.
        if let Some(line) = self.symvers_missing.filter(|_| cause == Some(Cause::Symbols)) {
            cause = Some(Cause::Headers);
            self.lines = vec![line];
        }
        // The words are in the lines that follow it.
        if self.lines.len() > 1 && self.lines[0].ends_with(CONFIGURE) {
            self.lines.remove(0);
        }
        Diagnosis { cause: self.machine.or(cause), lines: self.lines, advice: None }
    }
}

fn kind_of(line: &str) -> Option<usize> {
    // What a check said that was expected to fail is often quoted.
    if line.starts_with("//") || line.starts_with("| ") || line.ends_with("(ignored)") {
        return None;
    }
    // A summary such as "4 errors generated" or make's "[file.o] Error 1" explains nothing.
    let kind = KINDS.iter().position(|words| words.iter().any(|word| line.contains(word)))?;
    (kind != 4 || line.contains("***")).then_some(kind).filter(|_| !gives_up(line))
}

/// make's `make[1]: *** [Makefile:3: all] Error 1`: that something failed, and not why.
fn gives_up(line: &str) -> bool {
    line.starts_with("make") && line.contains(": *** [") && line.contains("] Error ")
}

/// What says nothing about a failure.
fn is_chatter(line: &str) -> bool {
    let make =
        line.starts_with("make") && (line.contains(": Entering directory") || line.contains(": Leaving directory"));
    line.is_empty() || make || line.bytes().all(|byte| byte == b'-') || line.contains("Waiting for unfinished jobs")
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

    fn read(log: &str) -> Diagnosis {
        let kernel = ["/usr/src/linux-headers-7.3.4+deb13-amd64".to_owned()];
        super::read(log.as_bytes(), &Seen { build: "/var/lib/dkms/m/1/build", kernel: &kernel })
    }

    fn first(log: &str) -> Option<String> {
        read(log).lines.into_iter().next()
    }

    #[test]
    fn of_an_endless_line_the_beginning_is_looked_at() {
        let endless = std::io::repeat(b'x').take(10 * LOOKED_AT);
        let log = b"a.c:1: error: first ".chain(endless).chain(&b"ERROR: modpost: x\nld: cannot find y\n"[..]);
        let found = super::read(log, &Seen { build: "/b", kernel: &[] });
        assert!(found.lines[0].starts_with("a.c:1: error: first x") && found.lines.len() == 1, "{found:?}");
        let log = std::io::repeat(b'x').take(10 * LOOKED_AT).chain(&b": error: none\nld: cannot find y"[..]);
        assert_eq!(super::read(log, &Seen { build: "/b", kernel: &[] }).lines, ["ld: cannot find y"]);
    }

    #[test]
    fn the_compiler_comes_before_make() {
        let log = "# command: make error: x\nmake[1]: *** [x] Error 2\n  CC [M]  a.o\n\
                   /var/lib/dkms/m/1/build/a.c: In function 'f':\n\
                   /var/lib/dkms/m/1/build/a.c:3:5: error: too few arguments to function 'g'\n\
                   /var/lib/dkms/m/1/build/b.c:9:1: error: later\n";
        assert_eq!(first(log).unwrap(), "a.c:3:5: error: too few arguments to function 'g'");
        assert_eq!(read(log).cause, Some(Cause::Source));
    }

    #[test]
    fn other_tools() {
        for line in [
            "ERROR: modpost: \"foo\" [/var/lib/dkms/m/1/build/a.ko] undefined!",
            "/bin/sh: 1: gcc-12: not found",
            "make: *** No rule to make target 'modules'.  Stop.",
            "configure: error: no iptables",
        ] {
            let found = first(&format!("noise\n{line}\nmake: *** [Makefile:3: x] Error 1\n"));
            assert_eq!(found, Some(line.replace("/var/lib/dkms/m/1/build/", "")));
        }
        assert_eq!(first("\n---\n"), None);
        assert_eq!(first(&format!("a.c:1:1: error: {}", "x".repeat(1000))).unwrap().len(), LONGEST + 3);
    }

    #[test]
    fn where_nothing_complains_the_last_words_count() {
        let log = "# command: ./pre.sh\nlooking\nyour kernel has no XYZ, giving up\n\n# exit code: 1\n# elapsed time: 0\n---\n";
        assert_eq!(first(log).unwrap(), "your kernel has no XYZ, giving up");
        let log = "echo on\nthere is no XYZ\nmake[1]: *** [Makefile:2: all] Error 1\nmake[1]: Leaving directory '/x'\n\
                   cleaning up\nmake: *** [Makefile:9: top] Error 2\n";
        assert_eq!(first(log).unwrap(), "there is no XYZ");
    }

    #[test]
    fn a_configure_script_explains_itself_in_the_lines_after_its_complaint() {
        // zfs 2.3.9 for 7.3.4.
        let log = "checking kernel source version... 7.3.4+deb13-amd64\nconfigure: error: \n\
                   \t*** Cannot build against kernel version 7.3.4+deb13-amd64.\n\
                   \t*** The maximum supported kernel version is 7.2.\n\t\t\t\n\n# exit code: 1\n";
        let found = read(log);
        let expected =
            ["Cannot build against kernel version 7.3.4+deb13-amd64.", "The maximum supported kernel version is 7.2."];
        assert_eq!((found.cause, found.lines), (Some(Cause::Unsupported), expected.map(str::to_owned).to_vec()));
        let log = "configure: error: in '/b':\nconfigure: error: C compiler cannot create executables\n\
                   See 'config.log' for more details\nmore\n";
        let lines = read(log).lines;
        assert_eq!(lines, ["configure: error: in '/b':", "configure: error: C compiler cannot create executables"]);
        let found = read("configure: error: conditional \"X\" was never defined\n\nnoise\n");
        assert_eq!((found.cause, found.lines.len()), (None, 1));
    }

    #[test]
    fn without_the_table_of_symbols_no_symbol_is_to_blame() {
        let log = "WARNING: Module.symvers is missing.\n         Modules may not have dependencies or modversions.\n\
                   ERROR: modpost: \"__fentry__\" [/b/basic.ko] undefined!\n";
        let found = read(log);
        let expected = vec!["WARNING: Module.symvers is missing.".to_owned()];
        assert_eq!((found.cause, found.lines), (Some(Cause::Headers), expected));
        assert_eq!(read("ERROR: modpost: \"f\" [/b/b.ko] undefined!\n").cause, Some(Cause::Symbols));
    }

    #[test]
    fn the_machine_comes_before_what_followed_from_it() {
        let found = read("a.c:1:1: error: x\ngcc: fatal error: Killed signal terminated program cc1\n");
        assert_eq!(found.cause, Some(Cause::Memory));
    }

    #[test]
    fn what_was_tried_and_may_fail_is_not_the_reason() {
        // iptables-netflow 2.6, openafs 1.8.13 for 7.3.4.
        let log = "Running the pre-build script\n# command: ./configure\nconftest.c:1:1: error: no x\n\n# exit code: 0\n\
                   Building module(s)\n# command: make\n//   test.c:4:16: error: storage size of 'test' isn't known\n\
                   make: [Makefile:3: clean] Error 1 (ignored)\n\
                   ipt_NETFLOW.c:2028:52: error: passing argument 2 of 'sock->ops->bind'\n\n# exit code: 2\n";
        assert_eq!(first(log).unwrap(), "ipt_NETFLOW.c:2028:52: error: passing argument 2 of 'sock->ops->bind'");
        let log = "checking how to set cflags for linux kbuild... configure: error: cannot find way to set linux kbuild cflags\n";
        assert_eq!(first(log).unwrap(), "configure: error: cannot find way to set linux kbuild cflags");
    }
}
