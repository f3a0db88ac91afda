//! From the files on the disk to the configuration of one module for one kernel.
//!
//! Loads `dkms.conf` and the administrator's override files and has them evaluated. [`evaluate`] never starts a shell:
//! looking at what there is to do must not run anybody's code. What only bash understands comes back as such, with a
//! text that stands for its inputs, so that a record made from the same inputs can be used; [`evaluate_in_shell`] is for
//! when there is none.
//!
//! Both give the *text* of a configuration: what a fingerprint takes for it. It is freed of what only one run decides
//! (processors, verbosity, the verb), as these are no inputs of a build.

pub mod contained_shell;
mod files;
pub(crate) mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dkms_conf::framework::ConfShell;
use dkms_conf::module_config::Scripts;
use dkms_conf::placeholder::placeholder;
use dkms_conf::{
    Context, Diagnostic, Directive, Evaluated, Exclusion, ModuleConfig, Rejected, Request, Shell, ShellAnswer,
    ShellRequest, Source, Strictness,
};

pub use files::Files;

use crate::error::Error;
use crate::facts::conf::contained_shell::ContainedShell;
use crate::facts::conf::world::RootWorld;
use crate::facts::kernel::Kernel;
use crate::fingerprint::sha256;
use crate::layout::VOLATILE;
use crate::setup::Setup;
use crate::target::ModuleId;

/// What is to be configured.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The directory of the module's source, which is the working directory of the evaluation; `None` for the
    /// registered source.
    pub source: Option<&'a Path>,
    /// The file; `None` for the one that a person named, or the `dkms.conf` in the source.
    pub path: Option<&'a Path>,
    /// The module; `None` while it is being added and the file itself says what it is. There are no overrides then.
    pub module: Option<&'a ModuleId>,
    /// The kernel.
    pub kernel: &'a Kernel,
    /// How much is checked.
    pub strictness: Strictness,
}

/// A configuration that counts.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The configuration.
    pub config: ModuleConfig,
    /// It as an input of a build.
    pub text: String,
    /// Findings that are no errors.
    pub warnings: Vec<Diagnostic>,
}

/// How far one gets without a shell.
#[derive(Clone, Debug)]
pub enum Evaluation {
    /// All the way.
    Native(Box<Effective>),
    /// Something is left to bash.
    NeedsShell {
        /// Its inputs, in place of its result.
        text: String,
        /// The construct and its place.
        construct: String,
    },
}

/// Evaluates without a shell.
///
/// # Errors
/// `ConfMissing`; `Conf` with everything that is wrong, also if only bash could evaluate it and `conf_shell` is `never`.
pub fn evaluate(setup: &Setup, files: &Files, wanted: &Wanted<'_>) -> Result<Evaluation, Error> {
    let conf = Conf::load(setup, files, wanted)?;
    if setup.framework.conf_shell() == ConfShell::Never {
        return conf.effective(None).map(|effective| Evaluation::Native(Box::new(effective)));
    }
    if let Some(construct) = files.endless(&conf.path) {
        return Ok(Evaluation::NeedsShell { text: conf.shell_text(), construct });
    }
    let shell = NoShell::default();
    match conf.effective(Some(&shell)) {
        Err(_) if shell.asked.borrow().is_some() => Ok(Evaluation::NeedsShell {
            text: conf.shell_text(),
            construct: shell.asked.into_inner().unwrap_or_default(),
        }),
        other => other.map(|effective| Evaluation::Native(Box::new(effective))),
    }
}

/// Evaluates, by a contained bash where that is needed. One that ran out of time for one kernel is not tried for the
/// others that these files are for.
///
/// # Errors
/// As [`evaluate`]; `Conf` also if bash gives no answer; `Interrupted`.
pub fn evaluate_in_shell(setup: &Setup, files: &Files, wanted: &Wanted<'_>) -> Result<Effective, Error> {
    let conf = Conf::load(setup, files, wanted)?;
    if let Some(problems) = files.endless(&conf.path) {
        return Err(Error::Conf { path: conf.path, problems });
    }
    if setup.framework.conf_shell() == ConfShell::Never {
        return conf.effective(None);
    }
    let shell = ContainedShell::new(setup, setup.machine.processors, &conf.directory);
    let effective = conf.effective(Some(&shell));
    if let (Err(Error::Conf { path, problems }), true) = (&effective, shell.ran_out()) {
        files.is_endless(path, problems);
    }
    setup.cancel.check()?;
    effective
}

/// Which modules of a package are meant for a kernel.
pub fn exclusion(config: &ModuleConfig, kernel: &Kernel) -> Exclusion {
    let lookup = |name: &str| kernel.config.get(name).map(str::to_owned);
    let (release, arch) = (kernel.id.release.as_str(), kernel.id.arch.as_str());
    let option = if kernel.config.path.is_some() { Some(&lookup as _) } else { None };
    config.exclusion(dkms_conf::Kernel { release, arch, option })
}

/// Stands where a shell would: knows afterwards that one was needed.
#[derive(Default)]
struct NoShell {
    /// The construct and its place.
    asked: RefCell<Option<String>>,
}

impl Shell for NoShell {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        self.asked.borrow_mut().get_or_insert_with(|| request.because.clone());
        Err("none is started while looking".into())
    }
}

/// The files of one conf, read.
struct Conf<'a> {
    setup: &'a Setup,
    wanted: &'a Wanted<'a>,
    path: PathBuf,
    /// Of the module's source.
    directory: PathBuf,
    files: Vec<Source>,
    directives: Vec<(Directive, String)>,
    /// Findings about the files as such.
    warnings: Vec<Diagnostic>,
}

impl<'a> Conf<'a> {
    fn load(setup: &'a Setup, known: &Files, wanted: &'a Wanted<'a>) -> Result<Self, Error> {
        let directory = match (wanted.source, wanted.module) {
            (Some(source), _) => source.to_owned(),
            (None, Some(module)) => setup.layout.source_link(module),
            (None, None) => "/".into(),
        };
        let named = wanted.path.or(setup.options.conf.as_deref());
        let path = named.map_or_else(|| directory.join("dkms.conf"), Path::to_owned);
        if !known.exists(setup, &path) {
            return Err(Error::ConfMissing { path });
        }
        let mut warnings = Vec::new();
        let read = known
            .of(setup, wanted, &path, &mut warnings)
            .and_then(|files| directives(setup).map(|directives| (files, directives)));
        match read {
            Ok((files, directives)) => Ok(Self { setup, wanted, path, directory, files, directives, warnings }),
            Err(problem) => Err(Error::Conf { path, problems: rendered(&problem.into()) }),
        }
    }

    fn effective(&self, shell: Option<&dyn Shell>) -> Result<Effective, Error> {
        let rejected = |problem: Rejected| Error::Conf { path: self.path.clone(), problems: rendered(&problem) };
        let evaluated = self.run(&self.context(), self.setup.machine.processors, shell).map_err(rejected)?;
        let checked = evaluated.module_config(self.wanted.strictness).map_err(rejected)?;
        let text = if evaluated.refusals.is_empty() { self.native_text(&checked.config) } else { self.shell_text() };
        let mut warnings = self.warnings.clone();
        warnings.extend(checked.warnings);
        warnings.extend(names_differ(self.wanted.module, &checked.config));
        warnings.extend(unfilled(self.wanted.module, &checked.config));
        Ok(Effective { config: checked.config, text, warnings })
    }

    fn run(&self, context: &Context, processors: usize, shell: Option<&dyn Shell>) -> Result<Evaluated, Rejected> {
        let world = RootWorld::new(self.setup, processors, &self.directory);
        let request = Request { sources: &self.files, directives: &self.directives, context, world: &world, shell };
        dkms_conf::evaluate(&request)
    }

    /// A conf that does not look at what only this run decides has said it already; any other is evaluated again as if
    /// there were one processor.
    fn native_text(&self, config: &ModuleConfig) -> String {
        if !self.files.iter().any(|file| looks_at_the_run(file.text())) {
            return build_inputs(config);
        }
        let context = Context {
            parallel_jobs: Some("1".into()),
            verbose: Some(String::new()),
            symlink_modules: Some(String::new()),
            force: Some(String::new()),
            action: Some("build".into()),
            ..self.context()
        };
        let alone = self.run(&context, 1, None).and_then(|evaluated| evaluated.module_config(Strictness::Always));
        // One that only fails there is known by what it said for this run.
        build_inputs(alone.as_ref().map_or(config, |checked| &checked.config))
    }

    /// The texts that bash would be given, with the files that they mention.
    fn shell_text(&self) -> String {
        let mut text = String::from("shell\n");
        for file in &self.files {
            let _ = writeln!(text, "{}\n{}", file.path(), file.text());
        }
        for (directive, value) in &self.directives {
            let _ = writeln!(text, "{directive}={value}");
        }
        let is_stable = |path: &PathBuf| !VOLATILE.iter().any(|top| path.starts_with(top));
        let content = |path: &PathBuf| {
            let file = self.setup.root.is_file(path).then(|| self.setup.root.open_file(path).ok()).flatten();
            file.and_then(|file| sha256(file).ok()).unwrap_or_default()
        };
        let mut contents = BTreeMap::new();
        for path in self.files.iter().flat_map(|file| mentioned_paths(file.text())).filter(is_stable) {
            if contents.len() == MAX_MENTIONED && !contents.contains_key(&path) {
                break;
            }
            let content = contents.entry(path.clone()).or_insert_with_key(content);
            let _ = writeln!(text, "{} {content}", path.display());
        }
        text
    }

    fn context(&self) -> Context {
        let Self { setup, wanted, path, .. } = self;
        let kernel = wanted.kernel;
        // One that was named before is named to the module again.
        let named = wanted.module.and(wanted.path).or(setup.options.conf.as_deref());
        let text = |path: &Path| Some(path.display().to_string());
        let flag = |set: bool| Some(if set { "yes".to_owned() } else { String::new() });
        let jobs = setup.options.jobs.map_or_else(|| setup.machine.processors.to_string(), |jobs| jobs.to_string());
        Context {
            kernelver: Some(kernel.id.release.clone()),
            arch: Some(kernel.id.arch.clone()),
            kernel_source_dir: text(&kernel.source_dir),
            kernel_config: kernel.config.path.as_deref().map_or(Some(String::new()), text),
            module: Some(wanted.module.map(|module| module.name.clone()).unwrap_or_default()),
            module_version: Some(wanted.module.map(|module| module.version.clone()).unwrap_or_default()),
            dkms_tree: text(&setup.layout.tree),
            source_tree: text(&setup.layout.source),
            install_tree: text(&setup.layout.install),
            tmp_location: text(&setup.layout.temporary),
            parallel_jobs: Some(jobs),
            verbose: flag(setup.framework.verbose()),
            symlink_modules: flag(setup.framework.symlink_modules()),
            running_distribution: Some(setup.distribution.original_name()),
            module_suffix: Some(format!(".ko{}", kernel.compression.suffix())),
            force: Some(String::new()),
            action: Some(setup.options.asked_by.clone()),
            conf: named.map_or(Some(String::new()), text),
            read_conf_file: text(path),
        }
    }
}

fn directives(setup: &Setup) -> Result<Vec<(Directive, String)>, Diagnostic> {
    let read = |(name, value): &(String, String)| dkms_conf::conf::parse_directive(&format!("{name}={value}"));
    setup.options.directives.iter().map(read).collect()
}

fn names_differ(module: Option<&ModuleId>, config: &ModuleConfig) -> Option<Diagnostic> {
    let module = module?;
    let (name, version) = (&config.package_name, &config.package_version);
    (*name != module.name || *version != module.version)
        .then(|| Diagnostic::warning(format!("it calls itself {name}/{version}, but is registered as {module}")))
}

/// A placeholder in the name under which a module is registered: every version of it would be the same module version.
fn unfilled(module: Option<&ModuleId>, config: &ModuleConfig) -> Option<Diagnostic> {
    let (name, version) = module.map_or((&config.package_name, &config.package_version), |id| (&id.name, &id.version));
    [("PACKAGE_NAME", name), ("PACKAGE_VERSION", version)].into_iter().find_map(|(directive, text)| {
        let found = placeholder(text)?;
        let message =
            format!("`{found}` in its {directive} is a placeholder that was not replaced: upgrades would go unnoticed");
        let hint =
            format!("write the real value, then remove and add the module again: dkms remove {name}/{version} --all");
        Some(Diagnostic::warning(message).hint(hint))
    })
}

/// The configuration as text, without what has no influence on what is built.
fn build_inputs(config: &ModuleConfig) -> String {
    let scripts = Scripts {
        pre_build: config.scripts.pre_build.clone(),
        post_build: config.scripts.post_build.clone(),
        ..Scripts::default()
    };
    let inputs = ModuleConfig {
        scripts,
        build_depends_rebuild: false,
        obsolete_by: None,
        autoinstall: false,
        no_weak_modules: false,
        ..config.clone()
    };
    // Plain data: serialising it cannot fail, and if it did, all would be built again.
    serde_json::to_string(&inputs).unwrap_or_default()
}

/// Whether a conf asks for what differs from run to run; asking in vain costs a second evaluation, nothing else.
fn looks_at_the_run(text: &str) -> bool {
    const PROGRAMS: [&str; 4] = ["nproc", "NPROCESSORS", "cpuinfo", "lscpu"];
    const VARIABLES: [&str; 5] = ["parallel_jobs", "verbose", "force", "action", "symlink_modules"];
    PROGRAMS.iter().any(|word| text.contains(word))
        || VARIABLES.iter().any(|name| {
            let before = |at: usize| text[..at].ends_with(['$', '{']);
            text.match_indices(name).any(|(at, _)| before(at))
        })
}

/// More files than any conf mentions.
const MAX_MENTIONED: usize = 100;

/// Absolute paths that stand literally in a conf.
fn mentioned_paths(text: &str) -> impl Iterator<Item = PathBuf> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    // `$dkms_tree/x` is no absolute path of the text's; what stands before the slash tells.
    text.split(move |c: char| !is_part(c) && c != '$' && c != '{' && c != '}')
        .filter(|word| word.starts_with('/') && word.len() > 1 && !word.contains(['$', '{', '}']))
        .map(PathBuf::from)
}

/// All errors, the findings that may explain them (such as what bash had to say), and the advice of the first error.
fn rendered(problem: &Rejected) -> String {
    let mut text = problem.to_string();
    for warning in problem.diagnostics.iter().filter(|diagnostic| !diagnostic.is_error()) {
        let _ = write!(text, "\nwarning: {warning}");
    }
    if let Some(hint) = problem.hint() {
        let _ = write!(text, "\n\nhint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests;
