//! The make command: what the configuration says, with the words that every build gets.
//!
//! Makefiles in the wild live on those words: many name no kernel at all and take it from `KERNELRELEASE`.

use std::ffi::OsStr;
use std::path::Path;

use crate::system::tool::quoted;

/// How many jobs a `make` may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parallelism {
    /// As many as it gets tokens from the jobserver. A `-j` on the command line would cut it off from that.
    Jobserver,
    /// As many as it likes.
    Unlimited,
}

/// The shell command for the make step.
pub(crate) fn make_command(
    configured: Option<&str>,
    source_dir: &Path,
    build: &Path,
    release: &str,
    parallelism: Parallelism,
    llvm: bool,
) -> String {
    let default;
    let command = match configured.filter(|command| !command.trim().is_empty()) {
        Some(command) => command,
        None => {
            default = format!("make -C {} M={}", quoted(source_dir.as_os_str()), quoted(build.as_os_str()));
            &default
        }
    };
    let Some(rest) = after_make(command) else {
        return if llvm { format!("{command} LLVM=1") } else { command.to_owned() };
    };
    let jobs = match parallelism {
        Parallelism::Jobserver => "",
        Parallelism::Unlimited => " -j",
    };
    let llvm = if llvm { " LLVM=1" } else { "" };
    format!("make{jobs} KERNELRELEASE={release}{llvm}{rest}")
}

/// What follows a first word that is exactly `make`.
fn after_make(command: &str) -> Option<&str> {
    let rest = command.strip_prefix("make")?;
    let ends = rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace() || ";&|<>".contains(c));
    ends.then_some(rest)
}

/// Whether the author kept the words away from `make` by quoting it: the documented way to say that this Makefile must
/// not be run in parallel, or brings a `-j` of its own.
pub(crate) fn is_quoted_make(command: &str) -> bool {
    let word = command.split_ascii_whitespace().next().unwrap_or_default();
    word != "make" && word.replace(['\'', '"', '\\'], "") == "make"
}

/// The command with the variables that the original's own shell has at this point, when it mentions any: a
/// `--directive MAKE=...` may use them. They are not exported.
pub(crate) fn with_variables(command: &str, variables: &[(&str, &OsStr)]) -> String {
    let mut script = String::new();
    for (name, value) in variables {
        if command.contains(&format!("${name}")) || command.contains(&format!("${{{name}")) {
            script.push_str(name);
            script.push('=');
            script.push_str(&quoted(value));
            script.push('\n');
        }
    }
    script.push_str(command);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(configured: Option<&str>, parallelism: Parallelism, llvm: bool) -> String {
        let (source, build) = (Path::new("/lib/modules/6.1/build"), Path::new("/var/lib/dkms/m/1/build"));
        make_command(configured, source, build, "6.1", parallelism, llvm)
    }

    #[test]
    fn only_the_word_make_gets_the_words() {
        for (configured, expected) in [
            ("make", "make KERNELRELEASE=6.1"),
            ("make -C x; true", "make KERNELRELEASE=6.1 -C x; true"),
            ("make;make", "make KERNELRELEASE=6.1;make"),
            ("'make' -j4 x", "'make' -j4 x"),
            ("( make; make )", "( make; make )"),
            ("makefoo", "makefoo"),
            ("make-kpkg x", "make-kpkg x"),
            ("/usr/bin/make x", "/usr/bin/make x"),
            (" make x", " make x"),
            ("CC=x make", "CC=x make"),
        ] {
            assert_eq!(command(Some(configured), Parallelism::Jobserver, false), expected);
        }
    }

    #[test]
    fn the_default_names_kernel_and_directory() {
        let expected = "make KERNELRELEASE=6.1 -C /lib/modules/6.1/build M=/var/lib/dkms/m/1/build";
        assert_eq!(command(None, Parallelism::Jobserver, false), expected);
        assert_eq!(command(Some("  "), Parallelism::Jobserver, false), expected);
    }

    #[test]
    fn clang_kernels_get_their_word_where_make_sees_it() {
        assert_eq!(
            command(Some("make x; true"), Parallelism::Unlimited, true),
            "make -j KERNELRELEASE=6.1 LLVM=1 x; true"
        );
        assert_eq!(command(Some("cd y && make"), Parallelism::Unlimited, true), "cd y && make LLVM=1");
    }

    #[test]
    fn quoting_make_is_a_wish() {
        for quoted in ["'make' -j8", "\"make\"", "\\make x"] {
            assert!(is_quoted_make(quoted), "{quoted}");
        }
        assert!(!is_quoted_make("make 'x'") && !is_quoted_make("'makefoo'") && !is_quoted_make(""));
    }

    #[test]
    fn variables_are_set_when_mentioned() {
        let variables = [("kernel_source_dir", OsStr::new("/a b")), ("dkms_tree", OsStr::new("/t"))];
        assert_eq!(
            with_variables("make -C ${kernel_source_dir} x", &variables),
            "kernel_source_dir='/a b'\nmake -C ${kernel_source_dir} x"
        );
        assert_eq!(with_variables("make", &variables), "make");
    }
}
