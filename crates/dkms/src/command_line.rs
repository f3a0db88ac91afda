//! The command line as clap sees it: a flat set of options and a list of words, in any order.
//!
//! Which word is the verb, which one a module and which one a path is not decided here but in [`crate::arguments`],
//! because the verb may stand anywhere. Values are taken as a shell's `read` takes a line: the blanks around them and
//! everything after the first line go away. Short options have their value in the next word, never in the same one.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, Parser, ValueHint};

use crate::verb::{VERBS, Verb};
use crate::{help, problem};

/// The options and words of one run.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    name = "dkms",
    about = "Keep out-of-tree kernel modules built, signed and installed for every kernel",
    override_usage = "dkms [VERB] [NAME[/VERSION] | PATH] [OPTIONS]",
    args_override_self = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct CommandLine {
    /// The verb, and the module or path it is about
    #[arg(value_name = "WORD", value_parser = value)]
    pub words: Vec<String>,

    /// Module name, or name and version
    #[arg(short = 'm', long, value_name = "NAME[/VERSION]", value_parser = value)]
    pub module: Option<String>,

    /// Module version
    #[arg(short = 'v', value_name = "VERSION", value_parser = value)]
    pub version: Option<String>,

    /// Kernel release, or release and architecture; may be repeated. Default: the running kernel
    #[arg(short = 'k', long, value_name = "KERNEL[/ARCH]", value_parser = value, action = ArgAction::Append)]
    pub kernelver: Vec<String>,

    /// Architecture; may be repeated, one for each kernel
    #[arg(short = 'a', long, value_name = "ARCH", value_parser = value, action = ArgAction::Append)]
    pub arch: Vec<String>,

    /// All kernels that the module is built for
    #[arg(long)]
    pub all: bool,

    /// With autoinstall: every installed kernel that has its headers; with verify: every installed one
    #[arg(long)]
    pub all_kernels: bool,

    /// With verify: the kernel that boots next, alone
    #[arg(long)]
    pub next_boot: bool,

    /// The kernel whose modules `match` takes as a model
    #[arg(long, value_name = "KERNEL", value_parser = value)]
    pub templatekernel: Option<String>,

    /// Use this file in place of the module's dkms.conf
    #[arg(short = 'c', value_name = "FILE", value_parser = value, value_hint = ValueHint::FilePath)]
    pub conf: Option<String>,

    /// Set a directive of dkms.conf for this run; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = value, action = ArgAction::Append)]
    pub directive: Vec<String>,

    /// Kernel configuration in place of the kernel's own
    #[arg(long, value_name = "FILE", value_parser = value, value_hint = ValueHint::FilePath)]
    pub config: Option<String>,

    /// Headers in place of the kernel's own
    #[arg(long, value_name = "DIRECTORY", value_parser = value, value_hint = ValueHint::DirPath)]
    pub kernelsourcedir: Option<String>,

    /// Tarball to load or to write
    #[arg(long, value_name = "FILE", value_parser = value, value_hint = ValueHint::FilePath)]
    pub archive: Option<String>,

    /// Pack only built objects
    #[arg(long)]
    pub binaries_only: bool,

    /// Pack only the source
    #[arg(long)]
    pub source_only: bool,

    /// Compilers at a time, 0 for no limit. Default: the processors that may be used
    #[arg(short = 'j', value_name = "NUMBER", value_parser = number)]
    pub jobs: Option<u32>,

    /// Do it even if it was done already or a check says no
    #[arg(long)]
    pub force: bool,

    /// Install even over a newer module of the kernel
    #[arg(long)]
    pub force_version_override: bool,

    /// Leave out depmod
    #[arg(long)]
    pub no_depmod: bool,

    /// After an installation for the running kernel, load the modules of devices that are present
    #[arg(long)]
    pub modprobe_on_install: bool,

    /// Install symbolic links to the built modules instead of copies
    #[arg(long)]
    pub symlink_modules: bool,

    /// For scriptlets of rpm packages: a removal that belongs to an upgrade to the same version does nothing
    #[arg(long = "rpm_safe_upgrade")]
    pub rpm_safe_upgrade: bool,

    /// Show as JSON, with status, plan, explain, verify and mok status
    #[arg(long)]
    pub json: bool,

    /// With log: the attempt before the last one
    #[arg(long)]
    pub previous: bool,

    /// Work on the system below this directory: its configuration, trees, kernels and programs
    #[arg(long, value_name = "DIRECTORY", value_parser = value, value_hint = ValueHint::DirPath)]
    pub root: Option<String>,

    /// State of dkms. Default: /var/lib/dkms
    #[arg(long, value_name = "DIRECTORY", value_parser = value, value_hint = ValueHint::DirPath)]
    pub dkmstree: Option<String>,

    /// Sources of modules. Default: /usr/src
    #[arg(long, value_name = "DIRECTORY", value_parser = value, value_hint = ValueHint::DirPath)]
    pub sourcetree: Option<String>,

    /// Module directories of kernels. Default: /lib/modules
    #[arg(long, value_name = "DIRECTORY", value_parser = value, value_hint = ValueHint::DirPath)]
    pub installtree: Option<String>,

    /// Print nothing to standard output; errors and warnings stay
    #[arg(short = 'q', long)]
    pub quiet: bool,

    /// Say more
    #[arg(long)]
    pub verbose: bool,

    /// Say everything
    #[arg(long)]
    pub debug: bool,

    /// Accepted, without effect
    #[arg(long, hide = true)]
    pub no_initrd: bool,

    /// Accepted, without effect
    #[arg(long, hide = true)]
    pub no_clean_kernel: bool,

    /// Accepted, without effect
    #[arg(long, hide = true)]
    pub no_prepare_kernel: bool,
}

/// What a command line came to.
#[derive(Debug)]
pub enum Parsed {
    /// Options and words.
    Run(Box<CommandLine>),
    /// Text for standard output, and nothing else to do.
    Show(String),
    /// Text for standard error: the line cannot be understood.
    Refused(String),
}

/// A value as `read` takes it.
fn value(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.split('\n').next().unwrap_or_default().trim().to_owned())
}

fn number(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| "it is not a number".to_owned())
}

/// The clap tree, for parsing, completions and the manual page.
pub fn command() -> Command {
    let verbs = VERBS.iter().map(|row| format!("  {:<16} {}\n", row.name, row.about)).collect::<String>();
    CommandLine::command()
        .arg(
            Arg::new("show-version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help("Show the version of dkms that this one stands in for, with --verbose its own, too"),
        )
        .version(dkms_engine::ORIGINAL_VERSION)
        .disable_version_flag(true)
        .after_help(format!("Verbs:\n{verbs}\n`dkms help VERB` shows the options, an example and the exit statuses of one. More: dkms(8)."))
}

/// Parses the words after the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Parsed {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut before_end = arguments.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str());
    if let Some(glued) = before_end.find(|word| word.len() > 2 && word.starts_with('-') && !word.starts_with("--")) {
        return Parsed::Refused(unknown_short(glued));
    }
    let is_verbose = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--verbose");
    match command().try_get_matches_from(with_name(arguments.iter())) {
        Ok(matches) => match CommandLine::from_arg_matches(&matches) {
            Ok(parsed) if parsed.words.first().is_some_and(|word| word == "help") => {
                match help::asked(&parsed.words[1..]) {
                    Ok(text) => Parsed::Show(text),
                    Err(refusal) => Parsed::Refused(problem::text(&refusal.into()).unwrap_or_default()),
                }
            }
            Ok(mut parsed) => {
                parsed.arch = arches(&matches);
                Parsed::Run(Box::new(parsed))
            }
            Err(error) => Parsed::Refused(error.render().to_string()),
        },
        Err(error) => match error.kind() {
            ErrorKind::DisplayVersion => Parsed::Show(version(is_verbose)),
            ErrorKind::DisplayHelp => {
                Parsed::Show(verb_beside_help(&arguments).map_or_else(|| error.render().to_string(), help::of))
            }
            _ => Parsed::Refused(error.render().to_string()),
        },
    }
}

fn with_name<'a>(arguments: impl Iterator<Item = &'a OsString>) -> Vec<OsString> {
    std::iter::once(OsString::from("dkms")).chain(arguments.cloned()).collect()
}

/// The verb of a line that asks for help as well.
fn verb_beside_help(arguments: &[OsString]) -> Option<Verb> {
    let others = arguments.iter().filter(|word| *word != "--help" && *word != "-h");
    let matches = command().try_get_matches_from(with_name(others)).ok()?;
    let line = CommandLine::from_arg_matches(&matches).ok()?;
    line.words.iter().find_map(|word| Verb::from_name(word))
}

/// Scripts read the first line.
fn version(is_verbose: bool) -> String {
    let own = if is_verbose { concat!("dkms-rs ", env!("CARGO_PKG_VERSION"), "\n") } else { "" };
    format!("dkms-{}\n{own}", dkms_engine::ORIGINAL_VERSION)
}

fn unknown_short(word: &str) -> String {
    let option: String = word.chars().take(2).collect();
    let rest = word[option.len()..].trim_start_matches('=');
    format!("error: unknown option `{word}`\n\nhint: a value is a word of its own: `{option} {rest}`\n")
}

/// Architectures in the order given, whether by `-a` or behind the slash of `-k`: their order pairs them with kernels.
fn arches(matches: &ArgMatches) -> Vec<String> {
    let of = |id: &str| -> Vec<(usize, String)> {
        let indices = matches.indices_of(id).into_iter().flatten();
        let values = matches.get_many::<String>(id).into_iter().flatten().cloned();
        indices.zip(values).collect()
    };
    let mut all = of("arch");
    for (index, kernel) in of("kernelver") {
        all.extend(kernel.split_once('/').map(|(_, arch)| (index, arch.to_owned())));
    }
    all.sort();
    all.into_iter().map(|(_, arch)| arch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> CommandLine {
        match parse(line.iter().map(OsString::from)) {
            Parsed::Run(parsed) => *parsed,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    fn refused(line: &[&str]) -> bool {
        matches!(parse(line.iter().map(OsString::from)), Parsed::Refused(_))
    }

    #[test]
    fn the_clap_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn options_and_words_in_any_order() {
        for line in [
            ["install", "-m", "foo", "-k", "6.1", "bar"],
            ["-k", "6.1", "install", "bar", "-m", "foo"],
            ["-m", "foo", "install", "bar", "-k", "6.1"],
        ] {
            let got = parsed(&line);
            assert_eq!(got.words, ["install", "bar"]);
            assert_eq!((got.module.as_deref(), got.kernelver.as_slice()), (Some("foo"), &["6.1".to_owned()][..]));
        }
    }

    #[test]
    fn every_value_option() {
        type Get = fn(&CommandLine) -> Option<String>;
        let table: [(&str, Get); 14] = [
            ("-m", |c| c.module.clone()),
            ("--module", |c| c.module.clone()),
            ("-v", |c| c.version.clone()),
            ("-k", |c| c.kernelver.last().cloned()),
            ("--kernelver", |c| c.kernelver.last().cloned()),
            ("--templatekernel", |c| c.templatekernel.clone()),
            ("-c", |c| c.conf.clone()),
            ("--config", |c| c.config.clone()),
            ("--kernelsourcedir", |c| c.kernelsourcedir.clone()),
            ("--archive", |c| c.archive.clone()),
            ("--dkmstree", |c| c.dkmstree.clone()),
            ("--sourcetree", |c| c.sourcetree.clone()),
            ("--installtree", |c| c.installtree.clone()),
            ("--directive", |c| c.directive.last().cloned()),
        ];
        for (option, get) in table {
            assert_eq!(get(&parsed(&[option, "x y"])).as_deref(), Some("x y"), "{option}");
            assert_eq!(get(&parsed(&[option, "  x \nz"])).as_deref(), Some("x"), "{option} trimmed");
            assert_eq!(get(&parsed(&[option, ""])).as_deref(), Some(""), "{option} empty");
            assert_eq!(get(&parsed(&[option, "a", option, "b"])).as_deref(), Some("b"), "{option} twice");
            assert!(refused(&["status", option]), "{option} without value");
            if option.starts_with("--") {
                assert_eq!(get(&parsed(&[&format!("{option}=x=y")])).as_deref(), Some("x=y"), "{option}=");
                assert!(refused(&[&format!("{option}foo"), "x"]), "{option}foo");
            } else {
                assert!(refused(&[&format!("{option}=x")]), "{option}=x");
                assert!(refused(&[&format!("{option}x")]), "{option}x");
            }
        }
    }

    #[test]
    fn every_flag() {
        type Get = fn(&CommandLine) -> bool;
        let table: [(&str, Get); 22] = [
            ("-q", |c| c.quiet),
            ("--quiet", |c| c.quiet),
            ("--force", |c| c.force),
            ("--force-version-override", |c| c.force_version_override),
            ("--all", |c| c.all),
            ("--all-kernels", |c| c.all_kernels),
            ("--next-boot", |c| c.next_boot),
            ("--binaries-only", |c| c.binaries_only),
            ("--source-only", |c| c.source_only),
            ("--rpm_safe_upgrade", |c| c.rpm_safe_upgrade),
            ("--symlink-modules", |c| c.symlink_modules),
            ("--no-depmod", |c| c.no_depmod),
            ("--modprobe-on-install", |c| c.modprobe_on_install),
            ("--verbose", |c| c.verbose),
            ("--debug", |c| c.debug),
            ("--json", |c| c.json),
            ("--previous", |c| c.previous),
            ("--no-initrd", |c| c.no_initrd),
            ("--no-clean-kernel", |c| c.no_clean_kernel),
            ("--no-prepare-kernel", |c| c.no_prepare_kernel),
            ("--force", |c| !c.force_version_override),
            ("--all", |c| !c.all_kernels),
        ];
        for (option, get) in table {
            assert!(get(&parsed(&["status", option, option])), "{option}");
            assert!(refused(&["status", &format!("{option}x")]), "{option}x");
        }
    }

    #[test]
    fn architectures_keep_the_order_of_the_line() {
        assert_eq!(parsed(&["-k", "1/a", "-a", "b", "-k", "2/c", "--arch", "d"]).arch, ["a", "b", "c", "d"]);
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(parsed(&["status", "--", "--force", "-x"]).words, ["status", "--force", "-x"]);
    }

    #[test]
    fn unknown_options_and_bad_numbers_are_refused() {
        for line in [["-x", "status"], ["--frob", "status"], ["-j", "four"], ["-j4", "status"], ["-qV", "status"]] {
            assert!(refused(&line), "{line:?}");
        }
        assert_eq!(parsed(&["-j", "0"]).jobs, Some(0));
    }

    #[test]
    fn version_and_help_win_over_what_follows() {
        for option in ["-V", "--version"] {
            match parse(["status", option, "--frob"].map(OsString::from)) {
                Parsed::Show(text) => assert_eq!(text, format!("dkms-{}\n", dkms_engine::ORIGINAL_VERSION)),
                other => panic!("{other:?}"),
            }
        }
        match parse(["-V", "--verbose"].map(OsString::from)) {
            Parsed::Show(text) => assert!(text.starts_with("dkms-") && text.contains("\ndkms-rs "), "{text}"),
            other => panic!("{other:?}"),
        }
        match parse(["--help".into()]) {
            Parsed::Show(text) => VERBS.iter().for_each(|row| assert!(text.contains(row.name), "{}", row.name)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(parse(["-h".into()]), Parsed::Show(_)));
        for line in [&["help", "build"][..], &["build", "--help"], &["foo/1", "-k", "6.1", "build", "-h"]] {
            match parse(line.iter().map(OsString::from)) {
                Parsed::Show(text) => assert_eq!(text, help::of(Verb::Build)),
                other => panic!("{other:?}"),
            }
        }
        assert!(refused(&["help", "frob"]));
        assert!(matches!(parse(["help".into()]), Parsed::Show(_)));
        assert_eq!(parsed(&["status", "help"]).words, ["status", "help"]);
    }
}
