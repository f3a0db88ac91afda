//! What a `dkms.conf` finds when it is evaluated: the variables of dkms itself.
//!
//! A field that is `None` is unset for the file, which is not the same as empty: `${parallel_jobs+-j$parallel_jobs}`
//! tells the two apart. For a package that is only just being added, module and version are empty.
//!
//! The original reads a file inside a function, so a file also sees what is local to that: the path of the file under
//! several names, and the names of all directives as `$1`. Authors use it to find what lies beside the file.

use crate::directive::Directive;
use crate::source::Source;

/// `$0` of a file that is evaluated.
pub const PROGRAM: &str = "/usr/sbin/dkms";

/// `$1` of a file that is evaluated, its only argument.
#[must_use]
pub fn arguments() -> String {
    Directive::all().map(Directive::name).collect::<Vec<_>>().join(" ")
}

/// The variables that a conf may read. What it assigns to them has no effect outside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Release of the kernel to build for.
    pub kernelver: Option<String>,
    /// Its architecture, as `uname -m` says it.
    pub arch: Option<String>,
    /// Its build directory.
    pub kernel_source_dir: Option<String>,
    /// Its configuration file.
    pub kernel_config: Option<String>,
    /// Name of the package; empty while a directory or tarball is being added.
    pub module: Option<String>,
    /// Version of the package; empty while a directory or tarball is being added.
    pub module_version: Option<String>,
    /// Where dkms keeps its state.
    pub dkms_tree: Option<String>,
    /// Where the sources lie.
    pub source_tree: Option<String>,
    /// Where the kernels have their modules.
    pub install_tree: Option<String>,
    /// Directory for temporary files.
    pub tmp_location: Option<String>,
    /// Number of jobs of one make.
    pub parallel_jobs: Option<String>,
    /// Not empty: say more.
    pub verbose: Option<String>,
    /// Not empty: modules are linked instead of copied.
    pub symlink_modules: Option<String>,
    /// Identifier and version of the distribution, such as `debian13`.
    pub running_distribution: Option<String>,
    /// What the kernel's modules end in, such as `.ko.xz`.
    pub module_suffix: Option<String>,
    /// Not empty: `--force` was given.
    pub force: Option<String>,
    /// The verb that is being carried out.
    pub action: Option<String>,
    /// The conf that a person named in place of the module's own; empty if none.
    pub conf: Option<String>,
    /// Path of the `dkms.conf`, also for the override files read after it.
    pub read_conf_file: Option<String>,
}

impl Context {
    /// Every variable that is set, with its name.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("kernelver", &self.kernelver),
            ("arch", &self.arch),
            ("kernel_source_dir", &self.kernel_source_dir),
            ("kernel_config", &self.kernel_config),
            ("module", &self.module),
            ("module_version", &self.module_version),
            ("dkms_tree", &self.dkms_tree),
            ("source_tree", &self.source_tree),
            ("install_tree", &self.install_tree),
            ("tmp_location", &self.tmp_location),
            ("parallel_jobs", &self.parallel_jobs),
            ("verbose", &self.verbose),
            ("symlink_modules", &self.symlink_modules),
            ("running_distribution", &self.running_distribution),
            ("module_suffix", &self.module_suffix),
            ("force", &self.force),
            ("action", &self.action),
            ("conf", &self.conf),
            ("read_conf_file", &self.read_conf_file),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// The same with what is local to the function of the original that reads `source`.
    pub fn variables_for<'a>(&'a self, source: &'a Source) -> impl Iterator<Item = (&'static str, &'a str)> {
        let main = self.read_conf_file.is_none().then_some(("read_conf_file", source.path()));
        let own = [("_conf_file", source.path()), ("to_source_file", source.path()), ("return_value", "0")];
        self.variables().chain(main).chain(own)
    }
}
