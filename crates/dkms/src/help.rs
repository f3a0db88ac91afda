//! The help of one verb: its options, an example, its exit statuses. The flat list is in `dkms --help` and dkms(8).

use clap::Command;

use crate::command_line;
use crate::exit::MEANINGS;
use crate::refusal::Refusal;
use crate::verb::{VERBS, Verb};

/// What belongs to one verb.
struct Row {
    verb: Verb,
    /// Ids of options in the clap tree.
    options: &'static [&'static str],
    example: &'static str,
    /// Exit statuses that [`MEANINGS`] explains, without those that every verb has.
    statuses: &'static [&'static str],
}

const MODULE: [&str; 2] = ["module", "version"];
const KERNELS: [&str; 2] = ["kernelver", "arch"];
const EVERYWHERE: [&str; 3] = ["quiet", "verbose", "root"];
const ALWAYS: [&str; 4] = ["0", "1", "2", "4"];
const BUILDING: &[&str] = &["3", "5", "6", "7", "8", "9", "10", "13", "16", "21", "77", "101"];
const REMOVING: &[&str] = &["3", "6", "8", "16"];

const BUILD: &[&str] = &["force", "jobs", "conf", "directive", "config", "kernelsourcedir", "archive"];
const INSTALL: &[&str] = &[
    "force",
    "force_version_override",
    "no_depmod",
    "symlink_modules",
    "modprobe_on_install",
    "jobs",
    "conf",
    "directive",
    "config",
    "kernelsourcedir",
    "archive",
];

static ROWS: [Row; 20] = [
    Row {
        verb: Verb::Add,
        options: &["conf", "archive", "directive"],
        example: "dkms add ./foo-1.0",
        statuses: &["3", "8", "9"],
    },
    Row { verb: Verb::Build, options: BUILD, example: "dkms build foo/1.0 -k 6.12.1-amd64", statuses: BUILDING },
    Row { verb: Verb::Install, options: INSTALL, example: "dkms install foo/1.0 -k 6.12.1-amd64", statuses: BUILDING },
    Row {
        verb: Verb::Uninstall,
        options: &["all", "no_depmod"],
        example: "dkms uninstall foo/1.0 --all",
        statuses: REMOVING,
    },
    Row {
        verb: Verb::Unbuild,
        options: &["all", "no_depmod"],
        example: "dkms unbuild foo/1.0 -k 6.12.1-amd64",
        statuses: REMOVING,
    },
    Row {
        verb: Verb::Remove,
        options: &["all", "no_depmod", "rpm_safe_upgrade"],
        example: "dkms remove foo/1.0 --all",
        statuses: REMOVING,
    },
    Row {
        verb: Verb::Autoinstall,
        options: &["all_kernels", "force", "no_depmod", "symlink_modules", "modprobe_on_install", "jobs"],
        example: "dkms autoinstall --all-kernels",
        statuses: &["5", "6", "11", "16", "21"],
    },
    Row { verb: Verb::Status, options: &["json"], example: "dkms status foo -k 6.12.1-amd64", statuses: &[] },
    Row {
        verb: Verb::Plan,
        options: &["all", "all_kernels", "force", "json"],
        example: "dkms plan install foo/1.0 -k 6.12.1-amd64",
        statuses: &["3", "5", "16"],
    },
    Row {
        verb: Verb::Verify,
        options: &["next_boot", "all_kernels", "json"],
        example: "dkms verify --next-boot",
        statuses: &["1", "2", "3", "6"],
    },
    Row {
        verb: Verb::Log,
        options: &["previous"],
        example: "dkms log foo/1.0 -k 6.12.1-amd64",
        statuses: &["3", "5", "16"],
    },
    Row {
        verb: Verb::Explain,
        options: &["json"],
        example: "dkms explain foo/1.0 -k 6.12.1-amd64",
        statuses: &["3", "5", "6", "16"],
    },
    Row {
        verb: Verb::Match,
        options: &["templatekernel", "force", "no_depmod", "jobs"],
        example: "dkms match --templatekernel 6.12.1-amd64 -k 6.12.2-amd64",
        statuses: &["5", "6", "7", "8", "10", "13", "16", "21", "77", "101"],
    },
    Row {
        verb: Verb::Mktarball,
        options: &["all", "archive", "binaries_only", "source_only"],
        example: "dkms mktarball foo/1.0 --source-only --archive foo.tar.gz",
        statuses: &["3", "6", "8", "9", "16"],
    },
    Row {
        verb: Verb::Ldtarball,
        options: &["archive", "force"],
        example: "dkms ldtarball foo-1.0.dkms.tar.gz",
        statuses: &["3", "7", "8", "9"],
    },
    Row { verb: Verb::Mok, options: &["json"], example: "dkms mok status", statuses: &[] },
    Row { verb: Verb::GenerateMok, options: &[], example: "dkms generate_mok", statuses: &[] },
    Row {
        verb: Verb::KernelPreinst,
        options: &["no_depmod"],
        example: "dkms kernel_preinst -k 6.12.1-amd64",
        statuses: &["5", "14", "16"],
    },
    Row {
        verb: Verb::KernelPostinst,
        options: &["no_depmod", "jobs"],
        example: "dkms kernel_postinst -k 6.12.1-amd64",
        statuses: &["5", "11", "16", "21"],
    },
    Row {
        verb: Verb::KernelPrerm,
        options: &["no_depmod"],
        example: "dkms kernel_prerm -k 6.12.1-amd64",
        statuses: &["5", "14", "16"],
    },
];

/// The answer to `dkms help [VERB]`: a text, or why there is none.
///
/// # Errors
/// `VerbUnknown`.
pub(crate) fn asked(words: &[String]) -> Result<String, Refusal> {
    match words.first() {
        None => Ok(command_line::command().render_help().to_string()),
        Some(word) => Verb::from_name(word).map(of).ok_or_else(|| Refusal::VerbUnknown { word: word.clone() }),
    }
}

/// The help of a verb.
pub(crate) fn of(verb: Verb) -> String {
    let about = VERBS.iter().find(|row| row.verb == verb);
    let row = ROWS.iter().find(|row| row.verb == verb);
    let (Some(about), Some(row)) = (about, row) else { return String::new() };
    let all = command_line::command();
    let arguments = all.get_arguments().filter(|argument| takes(row, about.arguments, argument.get_id().as_str()));
    let statuses: String = MEANINGS
        .iter()
        .filter(|(code, _)| ALWAYS.contains(code) || row.statuses.contains(code))
        .map(|(code, meaning)| format!("{code:>5}  {}\n", wrapped(meaning, 7)))
        .collect();
    Command::new("dkms")
        .about(about.about)
        .override_usage(format!("dkms {} {}", about.name, about.arguments).trim_end().to_owned())
        .disable_help_flag(true)
        .args(arguments.cloned())
        .after_help(format!(
            "Example:\n  {}\n\nExit status:\n{statuses}\nAll options, and more about them: dkms(8).",
            row.example
        ))
        .render_help()
        .to_string()
}

/// Whether a verb's help names an option.
fn takes(row: &Row, arguments: &str, id: &str) -> bool {
    row.options.contains(&id)
        || EVERYWHERE.contains(&id)
        || (MODULE.contains(&id) && arguments.contains("NAME"))
        || (KERNELS.contains(&id) && (arguments.contains("-k KERNEL") || row.verb == Verb::Plan))
}

/// A sentence in lines of 80 columns, the second and later ones indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| line.is_empty() || indent + line.len() + 1 + word.len() <= 79);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line = format!("{line} {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_options_that_exist_an_example_and_statuses_that_are_explained() {
        let command = command_line::command();
        let ids: Vec<&str> = command.get_arguments().map(|argument| argument.get_id().as_str()).collect();
        for (row, about) in VERBS.iter().map(|about| (ROWS.iter().find(|row| row.verb == about.verb).unwrap(), about)) {
            assert!(row.options.iter().all(|id| ids.contains(id)), "{}", about.name);
            assert!(row.example.starts_with(&format!("dkms {}", about.name)), "{}", about.name);
            for code in row.statuses {
                assert!(MEANINGS.iter().any(|(known, _)| known == code), "{} {code}", about.name);
            }
            let text = of(about.verb);
            let wide = text.lines().find(|line| line.chars().count() > 100);
            assert!(wide.is_none() && text.contains("--verbose") && text.contains(row.example), "{text}");
        }
    }

    #[test]
    fn a_verb_shows_its_own_options() {
        let install = of(Verb::Install);
        for part in ["Usage: dkms install NAME/VERSION", "--kernelver", "--force-version-override", "\n   10  The make"]
        {
            assert!(install.contains(part), "{part}\n{install}");
        }
        assert!(!install.contains("--templatekernel") && !install.contains("--json"), "{install}");
        assert!(of(Verb::Status).contains("--json"));
    }

    #[test]
    fn an_unknown_verb_is_refused() {
        assert!(asked(&[]).unwrap().contains("autoinstall"));
        assert_eq!(asked(&["status".into()]).unwrap(), of(Verb::Status));
        assert_eq!(asked(&["frob".into()]), Err(Refusal::VerbUnknown { word: "frob".into() }));
    }
}
