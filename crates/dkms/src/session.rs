//! One run of the program: where it works, what was configured, what may be said.
//!
//! Made from a command line and the configuration files before any verb looks at anything. Command line wins over
//! framework.conf, that over the environment, that over what is built in.

use std::path::Path;

use anyhow::{Context, Result};
use dkms_conf::conf::parse_directive;
use dkms_conf::framework_key::Key;
use dkms_conf::{FrameworkConfig, Source};
use dkms_engine::cancel::Cancel;
use dkms_engine::environment::Environment;
use dkms_engine::layout::{FRAMEWORK_CONF, FRAMEWORK_CONF_D, Layout, MODULE_DIRS};
use dkms_engine::root::{Kind, Root};
use dkms_engine::setup::{Options, Setup};

use crate::arguments::Place;
use crate::command_line::CommandLine;
use crate::output::Output;
use crate::refusal::Refusal;
use crate::verb::Verb;

/// A run.
#[derive(Debug)]
pub struct Session {
    /// For the engine.
    pub setup: Setup,
    /// The administrator's settings, with those of the command line laid over them.
    pub settings: FrameworkConfig,
    /// Standard output.
    pub output: Output,
}

impl Session {
    /// Reads the configuration and lays the command line over it.
    ///
    /// # Errors
    /// An unreadable configuration directory; a value of an option that cannot be used.
    pub fn new(
        verb: Verb,
        line: &CommandLine,
        place: Place<'_>,
        environment: Environment,
        cancel: Cancel,
    ) -> Result<Self> {
        let mut settings = settings(place.root)?;
        overlay(&mut settings, line, place)?;
        let layout = layout(&settings, &environment, place.root);
        let options = options(verb, line, place, &settings, &environment)?;
        let output = Output::new(line.quiet);
        Ok(Self { setup: Setup { root: place.root.clone(), layout, environment, options, cancel }, settings, output })
    }
}

/// framework.conf and the files in framework.conf.d in the order of their names. What is odd in them is told and left
/// out: a slip there must not keep a kernel from getting its modules.
fn settings(root: &Root) -> Result<FrameworkConfig> {
    let fragments = root.list(Path::new(FRAMEWORK_CONF_D))?.into_iter();
    let fragments = fragments
        .filter(|(name, kind)| *kind != Kind::Directory && name.to_string_lossy().ends_with(".conf"))
        .map(|(name, _)| Path::new(FRAMEWORK_CONF_D).join(name));
    let mut sources = Vec::new();
    for path in std::iter::once(FRAMEWORK_CONF.into()).chain(fragments) {
        if !root.exists(&path) {
            continue;
        }
        match root.read_bounded(&path, dkms_conf::source::MAX_BYTES as u64) {
            Ok(bytes) => match Source::from_bytes(path.display().to_string(), &bytes) {
                Ok(source) => sources.push(source),
                Err(problem) => log::warn!("{problem}"),
            },
            Err(error) => log::warn!("{error}; it is left out"),
        }
    }
    let (settings, problems) = FrameworkConfig::parse(&sources);
    for problem in problems {
        let hint = problem.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        log::warn!("{problem}{hint}");
    }
    Ok(settings)
}

fn overlay(settings: &mut FrameworkConfig, line: &CommandLine, place: Place<'_>) -> Result<()> {
    for (key, option) in
        [(Key::DkmsTree, &line.dkmstree), (Key::SourceTree, &line.sourcetree), (Key::InstallTree, &line.installtree)]
    {
        if let Some(directory) = option {
            let path = place.resolve(directory)?;
            settings.set(key, path.to_str().context("a tree's name is no text")?);
        }
    }
    for (key, flag) in [
        (Key::SymlinkModules, line.symlink_modules),
        (Key::ModprobeOnInstall, line.modprobe_on_install),
        (Key::Verbose, line.verbose),
    ] {
        if flag {
            settings.set(key, "yes");
        }
    }
    if let Some(jobs) = line.jobs {
        settings.set(Key::ParallelJobs, &jobs.to_string());
    }
    Ok(())
}

fn layout(settings: &FrameworkConfig, environment: &Environment, root: &Root) -> Layout {
    let install = settings.install_tree().unwrap_or_else(|| {
        let found = MODULE_DIRS.into_iter().find(|directory| root.is_dir(Path::new(directory)));
        found.unwrap_or(MODULE_DIRS[0]).to_owned()
    });
    let temporary = settings.tmp_location().or_else(|| environment.get("TMPDIR").map(str::to_owned));
    Layout {
        tree: settings.dkms_tree().into(),
        source: settings.source_tree().into(),
        install: install.into(),
        temporary: temporary.map_or_else(|| Layout::default().temporary, Into::into),
    }
}

fn options(
    verb: Verb,
    line: &CommandLine,
    place: Place<'_>,
    settings: &FrameworkConfig,
    environment: &Environment,
) -> Result<Options> {
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
        jobs: settings.parallel_jobs().or_else(|| environment.get("parallel_jobs")?.parse().ok()),
        asked_by: verb.name().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;
    use crate::command_line::{Parsed, parse};

    fn session(files: &[(&str, &str)], variables: &[(&str, &str)], words: &[&str]) -> Result<Session> {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        for (path, text) in files {
            root.create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            root.create_new(Path::new(path), 0o644).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let Parsed::Run(line) = parse(words.iter().map(OsString::from)) else { panic!("{words:?}") };
        let environment = Environment::new(variables.iter().map(|(name, value)| (name.into(), value.into())));
        let place = Place { root: &root, working: directory.path() };
        Session::new(Verb::Build, &line, place, environment, Cancel::default())
    }

    #[test]
    fn command_line_over_files_over_environment() {
        let files = [
            ("/etc/dkms/framework.conf", "dkms_tree=/a\nsource_tree=/b\nparallel_jobs=3\n"),
            ("/etc/dkms/framework.conf.d/x.conf", "source_tree=/c\n"),
            ("/etc/dkms/framework.conf.d/x.bak", "source_tree=/d\n"),
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
