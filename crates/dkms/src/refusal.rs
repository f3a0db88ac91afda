//! Why a command line is not carried out: what the arguments alone, or rights and the registered modules, rule out.
//!
//! The engine has its own errors; these are the ones that a person makes before it is asked. Exit statuses are in
//! [`crate::exit`].

use std::path::PathBuf;

use dkms_conf::nearest::nearest;
use dkms_engine::target::Target;

use crate::verb::{VERBS, Verb};

/// One variant for each rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `--all` beside a verb that works on named kernels.
    #[error("`{}` does not accept --all", .verb.name())]
    AllUnsupported {
        /// The verb.
        verb: Verb,
    },
    /// `-a` beside `--all`.
    #[error("-a and --all cannot be used together")]
    ArchAndAll,
    /// Neither one architecture nor one for each kernel.
    #[error("{arches} architectures for {kernels} kernels: give one, or one for each kernel")]
    ArchCount {
        /// How many `-a`.
        arches: usize,
        /// How many `-k`.
        kernels: usize,
    },
    /// `--archive`, or the argument of `ldtarball`, names nothing.
    #[error("there is no tarball `{}`", .path.display())]
    ArchiveMissing {
        /// What was named; empty if nothing was.
        path: PathBuf,
    },
    /// Both restrictions of a tarball.
    #[error("--binaries-only and --source-only cannot be used together")]
    BinariesAndSource,
    /// An option's value is none.
    #[error("`{option} {value}` cannot be used: {reason}")]
    BadValue {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// Why not.
        reason: String,
    },
    /// A directory that should hold a module.
    #[error("`{}` holds no dkms.conf", .path.display())]
    DirectoryWithoutConf {
        /// The directory.
        path: PathBuf,
    },
    /// `-k` or `-a` with nothing in it.
    #[error("an empty kernel release or architecture was given")]
    EmptyKernel,
    /// `-k` beside `--all`.
    #[error("-k and --all cannot be used together")]
    KernelAndAll,
    /// A kernel hook beside `--all`.
    #[error("`{}` works on one kernel and does not accept --all", .verb.name())]
    KernelHookAndAll {
        /// The verb.
        verb: Verb,
    },
    /// `plan` before a verb that is not planned.
    #[error("`{}` cannot be planned", .verb.name())]
    NoGoal {
        /// The verb.
        verb: Verb,
    },
    /// A log that cannot be what was written there.
    #[error("the log `{}` cannot be read: {reason}", .path.display())]
    LogUnreadable {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is no log of a target.
    #[error("there is no log of {target}")]
    NoLog {
        /// The target.
        target: Target,
        /// What shows other logs of the module.
        commands: Vec<String>,
        /// How many there are beside those.
        more: usize,
    },
    /// The module's name is missing.
    #[error("`{}` needs the name of a module", .verb.name())]
    NoName {
        /// The verb.
        verb: Verb,
    },
    /// Only the last log is there.
    #[error("no log is kept from before the last attempt")]
    NoPreviousLog {
        /// What shows the last one.
        command: String,
    },
    /// `match` has nothing to compare with.
    #[error("`match` needs --templatekernel")]
    NoTemplate,
    /// There is no verb.
    #[error("no command was given")]
    NoVerb,
    /// Name or version is missing.
    #[error("`{}` needs a module name and version", .verb.name())]
    NoModule {
        /// The verb.
        verb: Verb,
    },
    /// An address in the place of a path.
    #[error("`{address}` is not on this machine")]
    Remote {
        /// What was named.
        address: String,
    },
    /// No version of the module is registered.
    #[error("no version of `{name}` is registered")]
    NotRegistered {
        /// Its name.
        name: String,
    },
    /// Not exactly one kernel.
    #[error("`{}` needs exactly one kernel, {count} were given", .verb.name())]
    OneKernel {
        /// The verb.
        verb: Verb,
        /// How many `-k`.
        count: usize,
    },
    /// A path where the verb takes none.
    #[error("`{}` does not accept a path: `{path}`", .verb.name())]
    PathNotTaken {
        /// The verb.
        verb: Verb,
        /// The argument.
        path: String,
    },
    /// A path that is not there.
    #[error("there is no `{}`", .path.display())]
    PathMissing {
        /// The path.
        path: PathBuf,
    },
    /// A path outside `--root`.
    #[error("`{}` is not below the root directory", .path.display())]
    PathOutside {
        /// The path.
        path: PathBuf,
    },
    /// Both kernels of `match` are the same.
    #[error("--templatekernel and -k are both `{kernel}`")]
    SameKernels {
        /// The kernel.
        kernel: String,
    },
    /// Rights are missing.
    #[error("`{}` needs root", .verb.name())]
    NeedsRoot {
        /// The verb.
        verb: Verb,
    },
    /// The tree cannot be written to.
    #[error("`{}` cannot write to `{}`", .verb.name(), .tree.display())]
    TreeReadOnly {
        /// The verb.
        verb: Verb,
        /// The dkms tree.
        tree: PathBuf,
    },
    /// Two verbs.
    #[error("two commands were given, `{}` and `{}`", .first.name(), .second.name())]
    TwoVerbs {
        /// The first.
        first: Verb,
        /// The second.
        second: Verb,
    },
    /// A verb of an old release of the original.
    #[error("`{word}` is no longer a command of dkms")]
    VerbDropped {
        /// The word.
        word: String,
        /// What to use in its place.
        instead: &'static str,
    },
    /// No word of the line is a verb.
    #[error("unknown command `{word}`")]
    VerbUnknown {
        /// The first word.
        word: String,
    },
}

impl Refusal {
    /// What to type next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Refusal::AllUnsupported { verb: Verb::Autoinstall } => {
                "`dkms autoinstall --all-kernels` does it for every kernel".into()
            }
            Refusal::AllUnsupported { verb } => {
                format!("name the kernels: dkms {} ... -k KERNEL -k KERNEL", verb.name())
            }
            Refusal::ArchiveMissing { .. } => "dkms ldtarball FILE".into(),
            Refusal::Remote { .. } => {
                "download it, verify its signature or checksum, unpack it, and run `dkms add DIRECTORY`".into()
            }
            Refusal::DirectoryWithoutConf { .. } => "name the directory in which dkms.conf lies".into(),
            Refusal::NoModule { verb } => {
                format!("dkms {} NAME/VERSION; `dkms status` shows what is registered", verb.name())
            }
            Refusal::LogUnreadable { path, .. } => {
                format!("`ls -ld {}` shows what is there; the next build replaces it", path.display())
            }
            Refusal::NoLog { target, commands, .. } if commands.is_empty() => {
                format!("`dkms install {} -k {}` builds it", target.module, target.kernel.release)
            }
            Refusal::NoLog { commands, more, .. } => {
                let more = if *more == 0 { String::new() } else { format!(" and {more} more") };
                format!("{}{more}", commands.join(", "))
            }
            Refusal::NoName { verb } => format!("dkms {} NAME; `dkms status` shows the names", verb.name()),
            Refusal::NoPreviousLog { command } => format!("`{command}` shows the last one"),
            Refusal::NotRegistered { .. } => "`dkms status` shows what is registered".into(),
            Refusal::NoTemplate => "dkms match --templatekernel OLD -k NEW".into(),
            Refusal::VerbUnknown { word } => match nearest(word, VERBS.iter().map(|row| row.verb.name())) {
                Some(name) => format!("did you mean `dkms {name}`? `dkms --help` lists the commands"),
                None => "`dkms --help` lists the commands".into(),
            },
            Refusal::NoVerb => "`dkms --help` lists the commands".into(),
            Refusal::NeedsRoot { .. } => "run the command again with sudo".into(),
            Refusal::TreeReadOnly { .. } => "run the command again with sudo, or mount the tree writable".into(),
            Refusal::OneKernel { verb, .. } => format!("dkms {} -k KERNEL", verb.name()),
            Refusal::PathNotTaken { verb: Verb::Plan, path } => format!("dkms add {path}, then plan the version"),
            Refusal::PathNotTaken { verb, .. } => format!("dkms {} NAME/VERSION", verb.name()),
            Refusal::TwoVerbs { second, .. } => format!("a module of that name is given with -m {}", second.name()),
            Refusal::VerbDropped { instead, .. } => (*instead).into(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_word_that_is_none() {
        let hint = |word: &str| Refusal::VerbUnknown { word: word.to_owned() }.hint().unwrap();
        assert!(hint("instal").starts_with("did you mean `dkms install`?"), "{}", hint("instal"));
        assert!(hint("frobnicate").starts_with("`dkms --help`"));
    }
}
