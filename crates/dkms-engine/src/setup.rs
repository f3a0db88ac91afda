//! Where a run works and what its caller decided: made once by a front door, never changed, handed to every stage.

pub mod distribution;
pub mod framework;
pub mod machine;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dkms_conf::FrameworkConfig;
use dkms_conf::framework_key::Key;

use crate::error::Error;
use crate::layout::{FIRST_ROOT, Layout, MODULE_DIRS};
use crate::setup::distribution::Distribution;
use crate::setup::machine::Machine;
use crate::system::cancel::Cancel;
use crate::system::environment::Environment;
use crate::system::root::Root;
use crate::system::tool::Tool;

/// The circumstances of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The root directory.
    pub root: Root,
    /// The trees below it.
    pub layout: Layout,
    /// The caller's environment.
    pub environment: Environment,
    /// The administrator's settings, with those of the command line laid over them.
    pub framework: FrameworkConfig,
    /// Whose rules count below the root.
    pub distribution: Distribution,
    /// What runs.
    pub machine: Machine,
    /// The directory below a kernel's module directory that all modules go to, where the administrator prescribes one.
    pub addon_directory: Option<String>,
    /// What the caller's options replace.
    pub options: Options,
    /// Whether a signal asked us to stop.
    pub cancel: Cancel,
}

impl Setup {
    /// Reads what is configured below the root and lays the command line over it: that wins over framework.conf, and
    /// that over the environment. All front doors begin with this call.
    ///
    /// # Errors
    /// `OsRelease`; `Io` if a configuration directory cannot be listed.
    pub fn load(
        root: Root,
        environment: Environment,
        command_line: &[(Key, String)],
        mut options: Options,
        cancel: Cancel,
    ) -> Result<Self, Error> {
        let mut framework = framework::load(&root)?;
        for (key, value) in command_line {
            framework.set(*key, value);
        }
        let layout = layout(&root, &environment, &framework);
        let configured = framework.parallel_jobs().or_else(|| environment.get("parallel_jobs")?.parse().ok());
        options.jobs = options.jobs.or(configured);
        Ok(Self {
            distribution: Distribution::gather(&root)?,
            machine: Machine::gather(),
            addon_directory: framework::addon_directory(&root, &environment),
            root,
            layout,
            environment,
            framework,
            options,
            cancel,
        })
    }

    /// A program of the root, which may run as long as the administrator allows.
    ///
    /// # Errors
    /// `ToolMissing`.
    pub fn tool(&self, program: impl AsRef<OsStr>) -> Result<Tool, Error> {
        let tool = Tool::new(&self.root, &self.environment, &self.cancel, program.as_ref())?;
        Ok(match self.framework.build_timeout() {
            Some(limit) => tool.time_limit(limit),
            None => tool,
        })
    }

    /// The directory below a kernel's module directory that a module goes to, given what its author wrote: the
    /// administrator's, else the distribution's, else the author's. Begins with a slash and does not end in one.
    pub fn destination(&self, written: &str) -> String {
        let imposed = self.addon_directory.as_deref().or_else(|| self.distribution.imposed_destination());
        format!("/{}", imposed.unwrap_or(written).trim_matches('/'))
    }

    /// Whether the caller's environment forbids weak links to modules of other kernels.
    pub fn no_weak_modules(&self) -> bool {
        self.environment.get("NO_WEAK_MODULES").is_some_and(|value| !value.is_empty())
    }

    /// Whether the root is not that of the machine: an image being built, where a key would be a stranger's. Without a
    /// `/proc` to ask it is taken for one; running systems have it. Who may not ask looks only, and sees the machine's root.
    #[expect(clippy::disallowed_methods, reason = "the machine's root is asked about, not this one")]
    pub fn in_chroot(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        if self.environment.get("FAKECHROOT").is_some_and(|value| value == "true") {
            return true;
        }
        // Not noted: that a file comes into `/` changes no answer, and the answer is a circumstance of its own.
        let ours = self.root.stat(Path::new("/"), true).map(|stat| (stat.st_dev, stat.st_ino));
        match std::fs::metadata(FIRST_ROOT) {
            Ok(first) => ours != Some((first.dev(), first.ino())),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => !self.root.is_host(),
            Err(_) => true,
        }
    }
}

fn layout(root: &Root, environment: &Environment, framework: &FrameworkConfig) -> Layout {
    let install = framework.install_tree().unwrap_or_else(|| {
        let found = MODULE_DIRS.into_iter().find(|directory| root.is_dir(Path::new(directory)));
        found.unwrap_or(MODULE_DIRS[0]).to_owned()
    });
    let temporary = framework.tmp_location().or_else(|| environment.temporary(root).map(str::to_owned));
    Layout {
        tree: framework.dkms_tree().into(),
        source: framework.source_tree().into(),
        install: install.into(),
        temporary: temporary.map_or_else(|| Layout::default().temporary, Into::into),
    }
}

/// Inputs that a person may replace for one run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-c`: this file in place of the module's dkms.conf; in-root.
    pub conf: Option<PathBuf>,
    /// `--config`: kernel configuration in place of the kernel's own; in-root.
    pub kernel_config: Option<PathBuf>,
    /// `--kernelsourcedir`: headers in place of the kernel's own; in-root.
    pub kernel_source_dir: Option<PathBuf>,
    /// `--directive NAME=VALUE`, in the order given.
    pub directives: Vec<(String, String)>,
    /// `-j`, or `parallel_jobs` of environment and configuration; 0 is without limit. `None`: one per processor.
    pub jobs: Option<u32>,
    /// Who asks, for the records: the verb or the hook.
    pub asked_by: String,
    /// A person asks, not a program that goes its way: what is installed by name then has the place of other modules that
    /// build the same, and keeps it.
    pub by_person: bool,
    /// Install whatever PRE_INSTALL, other packages and the versions say.
    pub force: bool,
    /// Install whatever the versions say.
    pub version_override: bool,
}

impl Options {
    /// Whether an input of a build is replaced, so that the result is not what an automatic run would build.
    pub fn replace_inputs(&self) -> bool {
        self.conf.is_some()
            || self.kernel_config.is_some()
            || self.kernel_source_dir.is_some()
            || !self.directives.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn load(setup: &Setup, variables: &[(&str, &str)], line: &[(Key, &str)], options: Options) -> Setup {
        let environment = Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let line: Vec<_> = line.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        Setup::load(setup.root.clone(), environment, &line, options, Cancel::default()).unwrap()
    }

    #[test]
    fn command_line_over_files_over_environment() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/etc/os-release", "ID=debian\n");
        testing::write(&setup, "/etc/dkms/framework.conf", "dkms_tree=/a\nsource_tree=/b\nparallel_jobs=3\n");
        setup.root.writable().create_dir_all(Path::new("/t")).unwrap();
        let environment = [("TMPDIR", "/t"), ("parallel_jobs", "7")];
        let found = load(&setup, &environment, &[(Key::DkmsTree, "/z")], Options::default());
        assert_eq!((found.layout.tree.as_path(), found.layout.source.as_path()), (Path::new("/z"), Path::new("/b")));
        assert_eq!((found.layout.temporary.as_path(), found.options.jobs), (Path::new("/t"), Some(3)));
        assert_eq!(found.framework.mok_signing_key("K"), "/z/mok.key", "derived from the tree that counts");
        let options = Options { jobs: Some(5), ..Options::default() };
        assert_eq!(load(&setup, &environment, &[], options).options.jobs, Some(5));
        testing::write(&setup, "/etc/dkms/framework.conf", "");
        assert_eq!(load(&setup, &environment, &[], Options::default()).options.jobs, Some(7));
    }

    #[test]
    fn modules_below_usr_alone() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/usr/lib/os-release", "ID=arch\n");
        assert_eq!(load(&setup, &[], &[], Options::default()).layout.install, Path::new("/lib/modules"));
        setup.root.writable().create_dir_all(Path::new("/usr/lib/modules")).unwrap();
        assert_eq!(load(&setup, &[], &[], Options::default()).layout.install, Path::new("/usr/lib/modules"));
    }

    #[test]
    fn destinations() {
        let (_directory, mut setup) = testing::setup();
        assert_eq!(setup.destination("/kernel/drivers/net/"), "/updates/dkms");
        setup.distribution = Distribution::parse("ID=void");
        assert_eq!(setup.destination("/kernel/drivers/net/"), "/kernel/drivers/net");
        setup.addon_directory = Some("/addon".into());
        assert_eq!(setup.destination("/kernel/drivers/net/"), "/addon");
    }
}
