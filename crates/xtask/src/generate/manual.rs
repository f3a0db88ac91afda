//! Manual pages: prose from `packaging/man/*.in` around sections from the tables.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use dkms_cli::exit::MEANINGS;
use dkms_cli::verb::VERBS;
use dkms_conf::directive::{self, Kind};
use dkms_conf::framework_key;
use dkms_engine::facts::ignored;
use dkms_engine::system::environment::rules::{self, Fate};
use testbed::disk;

use crate::roff::{bold, entry, escape, italic, text};

const PAGES: [&str; 3] = ["dkms.8", "dkms.conf.5", "dkms-framework.conf.5"];
const MARK: &str = ".\\\" generated: ";

/// The three pages.
pub(super) fn files() -> Result<Vec<(PathBuf, String)>> {
    let page = |name: &str| {
        let directory = Path::new("packaging/man");
        let prose = disk::read(&directory.join(format!("{name}.in")))?;
        let lines = prose.lines().map(|line| match line.strip_prefix(MARK) {
            Some(section) => self::section(section),
            None => Ok(format!("{line}\n")),
        });
        Ok((directory.join(name), lines.collect::<Result<String>>()?))
    };
    PAGES.into_iter().map(page).collect()
}

fn section(name: &str) -> Result<String> {
    Ok(match name {
        "synopsis" => synopsis(),
        "verbs" => VERBS.iter().map(|row| entry(&bold(row.name), &[format!("{}.", row.about)])).collect(),
        "options" => options(),
        "exit" => MEANINGS.iter().map(|(code, meaning)| entry(&bold(code), &[(*meaning).to_owned()])).collect(),
        "directives" => directives(),
        "settings" => settings(),
        "environment dropped" => environment(|fate| fate != Fate::Passed),
        "environment passed" => environment(|fate| fate == Fate::Passed),
        "ignored" => ignored::TABLE.iter().map(|row| entry(&bold(row.names), &[row.doc.to_owned()])).collect(),
        _ => bail!("no section `{name}` is generated"),
    })
}

fn synopsis() -> String {
    let line = |row: &dkms_cli::verb::VerbRow| {
        let arguments = if row.arguments.is_empty() { String::new() } else { format!(" {}", escape(row.arguments)) };
        format!("{} {}{arguments}\n", bold("dkms"), bold(row.name))
    };
    VERBS.iter().map(line).collect()
}

fn options() -> String {
    let command = dkms_cli::command_line::command();
    let visible = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    visible
        .map(|arg| {
            let short = arg.get_short().map(|letter| bold(&format!("-{letter}")));
            let long = arg.get_long().map(|name| bold(&format!("--{name}")));
            let names: Vec<String> = short.into_iter().chain(long).collect();
            let values = arg.get_value_names().filter(|_| arg.get_action().takes_values()).unwrap_or_default();
            let values: String = values.iter().map(|value| format!(" {}", italic(value))).collect();
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            entry(&format!("{}{values}", names.join(", ")), &[sentence(&help)])
        })
        .collect()
}

/// Help texts end without a full stop.
fn sentence(help: &str) -> String {
    if help.ends_with('.') { help.to_owned() } else { format!("{help}.") }
}

fn directives() -> String {
    let shown = directive::TABLE.iter().filter(|row| !row.is_ignored()).map(|row| {
        let index = if row.kind == Kind::Array { "[INDEX]" } else { "" };
        let mut paragraphs = vec![row.doc.to_owned()];
        paragraphs.extend(row.deprecated.map(|advice| format!("Deprecated: {advice}.")));
        entry(&format!("{}{}", bold(row.name), escape(index)), &paragraphs)
    });
    let ignored: Vec<&str> = directive::TABLE.iter().filter(|row| row.is_ignored()).map(|row| row.name).collect();
    let ignored = format!(".PP\nThese were used once and have no effect any more: {}.\n", text(&ignored.join(", ")));
    shown.chain(std::iter::once(ignored)).collect()
}

fn environment(wanted: fn(Fate) -> bool) -> String {
    let row = |rule: &rules::Rule| entry(&bold(&rule.names.join(", ")), &[rule.sentence()]);
    rules::TABLE.iter().filter(|rule| wanted(rule.fate)).map(row).collect()
}

fn settings() -> String {
    let row = |row: &framework_key::KeyRow| {
        let mut paragraphs = vec![row.doc.to_owned()];
        if !row.default.is_empty() {
            paragraphs.push(format!("Default: `{}`.", row.default));
        }
        if row.is_ours {
            paragraphs.push("The original dkms does not know this setting.".to_owned());
        }
        entry(&bold(row.name), &paragraphs)
    };
    framework_key::TABLE.iter().map(row).collect()
}
