//! One run of the program: where it works, what was configured, what may be said.
//!
//! Made from a command line and the configuration files before any verb looks at anything. Command line wins over
//! framework.conf, that over the environment, that over what is built in.

use anyhow::{Context, Result};
use dkms_conf::conf::parse_directive;
use dkms_conf::framework_key::Key;
use dkms_engine::setup::{Options, Setup};
use dkms_engine::system::cancel::Cancel;
use dkms_engine::system::environment::Environment;
use dkms_engine::transaction::{Caller, is_script};

use crate::arguments::{Arguments, Place};
use crate::command_line::CommandLine;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::verb::Verb;

/// A run.
#[derive(Debug)]
pub struct Session {
    /// What is asked for.
    pub arguments: Arguments,
    /// For the engine.
    pub setup: Setup,
    /// Who asks for a removal.
    pub caller: Caller,
    /// Standard output.
    pub output: Output,
}

impl Session {
    /// Reads the configuration and lays the command line over it.
    ///
    /// # Errors
    /// No os-release; an unreadable configuration directory; a value of an option that cannot be used.
    pub fn new(arguments: Arguments, place: Place<'_>, environment: Environment, cancel: Cancel) -> Result<Self> {
        let line = &arguments.line;
        let settings = overlay(line, place)?;
        let mut options = options(arguments.verb, line, place)?;
        options.by_person &= !is_script(&environment);
        let setup = Setup::load(place.root.clone(), environment, &settings, options, cancel)?;
        let caller = if arguments.verb == Verb::Remove { Caller::of(&setup) } else { Caller::default() };
        Ok(Self { caller, output: Output::new(line.quiet), setup, arguments })
    }
}

/// The settings that options replace.
fn overlay(line: &CommandLine, place: Place<'_>) -> Result<Vec<(Key, String)>> {
    let mut settings = Vec::new();
    for (key, option) in
        [(Key::DkmsTree, &line.dkmstree), (Key::SourceTree, &line.sourcetree), (Key::InstallTree, &line.installtree)]
    {
        if let Some(directory) = option {
            let path = place.resolve(directory)?;
            settings.push((key, path.to_str().context("a tree's path is not UTF-8")?.to_owned()));
        }
    }
    for (key, flag) in [
        (Key::SymlinkModules, line.symlink_modules),
        (Key::ModprobeOnInstall, line.modprobe_on_install),
        (Key::Verbose, line.verbose),
    ] {
        if flag {
            settings.push((key, "yes".to_owned()));
        }
    }
    if let Some(jobs) = line.jobs {
        settings.push((Key::ParallelJobs, jobs.to_string()));
    }
    Ok(settings)
}

fn options(verb: Verb, line: &CommandLine, place: Place<'_>) -> Result<Options> {
    let path = |option: &Option<String>| option.as_deref().map(|text| place.resolve(text)).transpose();
    let mut directives = Vec::new();
    for text in &line.directive {
        let (directive, value) = parse_directive(text).map_err(|problem| Refusal::BadValue {
            option: "--directive",
            value: text.clone(),
            reason: problem.message,
        })?;
        directives.push((directive.name().to_owned(), value));
    }
    Ok(Options {
        conf: path(&line.conf)?,
        kernel_config: path(&line.config)?,
        kernel_source_dir: path(&line.kernelsourcedir)?,
        directives,
        jobs: line.jobs,
        asked_by: verb.name().to_owned(),
        by_person: matches!(verb, Verb::Install | Verb::Match),
        force: line.force || line.rpm_safe_upgrade,
        version_override: line.force_version_override,
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use dkms_engine::system::root::Root;

    use super::*;
    use crate::command_line::{Parsed, parse};

    fn session(files: &[(&str, &str)], variables: &[(&str, &str)], words: &[&str]) -> Result<Session> {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        for (path, text) in [("/etc/os-release", "ID=debian\n")].iter().chain(files) {
            root.writable().create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            root.writable().create_new(Path::new(path), 0o644).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let words = std::iter::once(&"build").chain(words).map(OsString::from);
        let Parsed::Run(line) = parse(words) else { panic!("does not parse") };
        let environment = Environment::new(variables.iter().map(|(name, value)| (name.into(), value.into())));
        let place = Place { root: &root, working: directory.path() };
        Session::new(Arguments::resolve(*line, place)?, place, environment, Cancel::default())
    }

    #[test]
    fn command_line_over_files_over_environment() {
        let files = [
            ("/etc/dkms/framework.conf", "dkms_tree=/a\nsource_tree=/b\nparallel_jobs=3\n"),
            ("/etc/dkms/framework.conf.d/x.conf", "source_tree=/c\n"),
            ("/etc/dkms/framework.conf.d/x.bak", "source_tree=/d\n"),
            ("/t/there", ""),
        ];
        let environment = [("parallel_jobs", "7"), ("TMPDIR", "/t")];
        let got = session(&files, &environment, &["--dkmstree", "/z", "-j", "5"]).unwrap().setup;
        assert_eq!(got.layout.tree, PathBuf::from("/z"));
        assert_eq!(got.layout.source, PathBuf::from("/c"));
        assert_eq!(got.layout.install, PathBuf::from("/lib/modules"));
        assert_eq!(got.layout.temporary, PathBuf::from("/t"));
        assert_eq!(got.options.jobs, Some(5));
        let jobs = |files: &[_], words: &[&str]| session(files, &environment, words).unwrap().setup.options.jobs;
        assert_eq!(jobs(&files, &[]), Some(3));
        assert_eq!(jobs(&[], &[]), Some(7));
    }

    #[test]
    fn a_system_that_has_its_modules_below_usr() {
        let got = session(&[("/usr/lib/modules/x", "")], &[], &[]).unwrap();
        assert_eq!(got.setup.layout.install, PathBuf::from("/usr/lib/modules"));
    }

    #[test]
    fn options_are_resolved() {
        let got = session(&[], &[], &["--config", "k/.config", "-c", "/x", "--directive", "MAKE=a=b"]).unwrap();
        assert_eq!(got.setup.options.kernel_config, Some("/k/.config".into()));
        assert_eq!(got.setup.options.conf, Some("/x".into()));
        assert_eq!(got.setup.options.directives, [("MAKE".to_owned(), "a=b".to_owned())]);
        for bad in ["PATH=/x", "MAKE", "make=x"] {
            let refusal = session(&[], &[], &["--directive", bad]).unwrap_err();
            assert!(refusal.is::<Refusal>(), "{bad}");
        }
    }
}
