//! `framework.conf` and the files in `framework.conf.d`: the administrator's settings.
//!
//! The files look like shell and are parsed, never executed: comments, `NAME=value`, quotes, and variables in values.
//! A value keeps its variables until it is used, because `$kernelver` is only known then. Later files win.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Location, shortened};
use crate::framework_key::{Key, KeyKind, TABLE};
use crate::nearest::nearest;
use crate::source::Source;
use crate::template::Template;

/// Bytes of variables that are put into a setting: more than any path or command line needs, whatever mentions what.
const MAX_INSERTED: usize = 64 << 10;

/// One setting: its value, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value, with its variables.
    pub value: Template,
    /// Where.
    pub origin: Location,
}

/// All settings of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameworkConfig {
    settings: BTreeMap<Key, Setting>,
}

/// What is done with what the native evaluator of `dkms.conf` refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfShell {
    /// A contained bash evaluates it.
    #[default]
    Contained,
    /// It is an error.
    Never,
}

/// Whether the modules are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignModules {
    /// Always.
    Always,
    /// Never.
    Never,
    /// Unless this is the root of an image that is being made.
    #[default]
    NotInChroot,
}

/// What a failure means for the transaction that it happens in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is reported, and the transaction goes on.
    #[default]
    Continue,
    /// The hook fails.
    Fail,
}

/// What a kernel that a module is not meant for means for the transaction that installs it. Each implies those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnUnsupportedKernel {
    /// It is reported, and the transaction goes on.
    #[default]
    Continue,
    /// The hook that finds out afterwards fails.
    Fail,
    /// The transaction is not even begun.
    Abort,
}

impl FrameworkConfig {
    /// Reads the files in order. What cannot be understood is reported and left out; nothing is an error, because a
    /// slip in a settings file must not keep a kernel from getting its modules.
    #[must_use]
    pub fn parse(sources: &[Source]) -> (Self, Vec<Diagnostic>) {
        let mut config = Self::default();
        let mut found = Vec::new();
        for source in sources {
            config.read(source, &mut found);
        }
        (config, shortened(found))
    }

    fn read(&mut self, source: &Source, found: &mut Vec<Diagnostic>) {
        let mut offset = 0;
        for line in source.text().split_inclusive('\n') {
            let start = offset + line.len() - line.trim_start().len();
            offset += line.len();
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let place = source.location(start);
            match assignment(text) {
                Ok((name, value)) => self.assign(name, value, place, found),
                Err(why) => found.push(
                    Diagnostic::warning(format!("this line is ignored: {why}"))
                        .hint("settings are written `name=\"value\"`, one a line; the file is not run as a script")
                        .at(Some(place)),
                ),
            }
        }
    }

    fn assign(&mut self, name: &str, value: Template, place: Location, found: &mut Vec<Diagnostic>) {
        let Some(key) = Key::from_name(name) else {
            let warning = Diagnostic::warning(format!("unknown setting `{name}`")).at(Some(place));
            found.push(match nearest(name, TABLE.iter().map(|row| row.name)) {
                Some(near) => warning.hint(format!("did you mean `{near}`?")),
                None => warning.hint("the settings are listed in dkms-framework.conf(5)"),
            });
            return;
        };
        if let Err(why) = key.row().kind.check(&value.expand(&|_| None)) {
            found.push(Diagnostic::warning(format!("`{name}` {why}")).at(Some(place.clone())));
        }
        self.settings.insert(key, Setting { value, origin: place });
    }

    /// Lays a setting of the command line over those of the files.
    pub fn set(&mut self, key: Key, value: &str) {
        let origin = Location { path: "command line".to_owned(), line: 0, column: 0, text: String::new() };
        self.settings.insert(key, Setting { value: Template::literal(value), origin });
    }

    /// The setting as it was written, if it was.
    #[must_use]
    pub fn setting(&self, key: Key) -> Option<&Setting> {
        self.settings.get(&key)
    }

    /// The value of a setting for a kernel: the written one, or the default. Variables are other settings and
    /// `kernelver`; an unknown one is empty.
    #[must_use]
    pub fn value(&self, key: Key, kernelver: &str) -> String {
        self.value_within(key, kernelver, 0, &Cell::new(MAX_INSERTED))
    }

    /// A setting that mentions itself comes out empty at that place, and so does each variable when nothing is `left`.
    fn value_within(&self, key: Key, kernelver: &str, depth: usize, left: &Cell<usize>) -> String {
        let variable = |name: &str| {
            let charge = |bytes: usize| {
                let rest = left.get().checked_sub(bytes);
                left.set(rest.unwrap_or(0));
                rest
            };
            // One that is empty costs something, too.
            charge(1)?;
            let value = match name {
                "kernelver" => kernelver.to_owned(),
                _ if depth > 8 => return None,
                _ => self.value_within(Key::from_name(name)?, kernelver, depth + 1, left),
            };
            charge(value.len()).map(|_| value)
        };
        let written = self.setting(key).map(|setting| &setting.value).filter(|value| !value.is_empty());
        match written {
            Some(value) => value.expand(&variable),
            None => Template::read(key.row().default).expand(&variable),
        }
    }

    fn path(&self, key: Key) -> String {
        self.value(key, "")
    }

    fn flag(&self, key: Key) -> bool {
        // What is neither yes nor no switches on, as it always did; reading it has warned.
        KeyKind::yes_no(&self.value(key, "")).unwrap_or(true)
    }

    fn optional(&self, key: Key, kernelver: &str) -> Option<String> {
        Some(self.value(key, kernelver)).filter(|value| !value.is_empty())
    }

    fn words(&self, key: Key) -> Vec<String> {
        self.value(key, "").split_ascii_whitespace().map(str::to_owned).collect()
    }
}

/// The settings by name. Paths that were not set derive from the trees.
impl FrameworkConfig {
    /// Where dkms keeps its state.
    #[must_use]
    pub fn dkms_tree(&self) -> String {
        self.path(Key::DkmsTree)
    }

    /// Where the sources lie.
    #[must_use]
    pub fn source_tree(&self) -> String {
        self.path(Key::SourceTree)
    }

    /// Where the kernels have their modules; `None`: wherever this system has them.
    #[must_use]
    pub fn install_tree(&self) -> Option<String> {
        self.optional(Key::InstallTree, "")
    }

    /// Directory for temporary files; `None`: that of the environment.
    #[must_use]
    pub fn tmp_location(&self) -> Option<String> {
        self.optional(Key::TmpLocation, "")
    }

    /// Say more.
    #[must_use]
    pub fn verbose(&self) -> bool {
        self.flag(Key::Verbose)
    }

    /// Link modules instead of copying them.
    #[must_use]
    pub fn symlink_modules(&self) -> bool {
        self.flag(Key::SymlinkModules)
    }

    /// A new module package is built for all installed kernels.
    #[must_use]
    pub fn autoinstall_all_kernels(&self) -> bool {
        self.flag(Key::AutoinstallAllKernels)
    }

    /// Load modules for present devices after an installation for the running kernel.
    #[must_use]
    pub fn modprobe_on_install(&self) -> bool {
        self.flag(Key::ModprobeOnInstall)
    }

    /// A failing module does not make the package's configuration fail.
    #[must_use]
    pub fn continue_on_error(&self) -> bool {
        self.flag(Key::ContinueOnError)
    }

    /// Compilers at a time: `None` if not set, 0 for no limit.
    #[must_use]
    pub fn parallel_jobs(&self) -> Option<u32> {
        self.value(Key::ParallelJobs, "").parse().ok()
    }

    /// How long a program may run; `None` for ever.
    #[must_use]
    pub fn build_timeout(&self) -> Option<Duration> {
        let written = self.value(Key::BuildTimeout, "").parse();
        let seconds: u32 = written.or_else(|_| Key::BuildTimeout.row().default.parse()).unwrap_or(0);
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    /// Options for gzip.
    #[must_use]
    pub fn compress_gzip_opts(&self) -> Vec<String> {
        self.words(Key::CompressGzipOpts)
    }

    /// Options for xz.
    #[must_use]
    pub fn compress_xz_opts(&self) -> Vec<String> {
        self.words(Key::CompressXzOpts)
    }

    /// Options for zstd.
    #[must_use]
    pub fn compress_zstd_opts(&self) -> Vec<String> {
        self.words(Key::CompressZstdOpts)
    }

    /// Shell command to run once after modules were installed or removed.
    #[must_use]
    pub fn post_transaction(&self, kernelver: &str) -> Option<String> {
        self.optional(Key::PostTransaction, kernelver)
    }

    /// Program that signs; `None`: that of the kernel's headers.
    #[must_use]
    pub fn sign_file(&self, kernelver: &str) -> Option<String> {
        self.optional(Key::SignFile, kernelver)
    }

    /// Private key to sign with: a path, or a `pkcs11:` URI.
    #[must_use]
    pub fn mok_signing_key(&self, kernelver: &str) -> String {
        self.value(Key::MokSigningKey, kernelver)
    }

    /// Certificate to sign with.
    #[must_use]
    pub fn mok_certificate(&self, kernelver: &str) -> String {
        self.value(Key::MokCertificate, kernelver)
    }

    /// Shell file whose exported variables are the environment of builds.
    #[must_use]
    pub fn build_environment(&self, kernelver: &str) -> Option<String> {
        self.optional(Key::BuildEnvironment, kernelver)
    }

    /// Whether a signature that a module comes with and the kernel trusts stays.
    pub fn keeps_signatures(&self) -> bool {
        self.value(Key::Sign, "") != "local"
    }

    /// Whether modules are signed.
    #[must_use]
    pub fn sign_modules(&self) -> SignModules {
        match self.value(Key::TrySignModules, "").as_str() {
            "true" => SignModules::Always,
            "false" => SignModules::Never,
            _ => SignModules::NotInChroot,
        }
    }

    /// What is done with what only a shell can evaluate.
    #[must_use]
    pub fn conf_shell(&self) -> ConfShell {
        match self.value(Key::ConfShell, "").as_str() {
            "never" => ConfShell::Never,
            _ => ConfShell::Contained,
        }
    }

    /// What a failed module means for the transaction.
    #[must_use]
    pub fn on_failure(&self) -> OnFailure {
        match self.value(Key::OnFailure, "").as_str() {
            "fail" => OnFailure::Fail,
            _ => OnFailure::Continue,
        }
    }

    /// What a kernel that a module is not meant for means for the transaction.
    #[must_use]
    pub fn on_unsupported_kernel(&self) -> OnUnsupportedKernel {
        match self.value(Key::OnUnsupportedKernel, "").as_str() {
            "abort" => OnUnsupportedKernel::Abort,
            "fail" => OnUnsupportedKernel::Fail,
            _ => OnUnsupportedKernel::Continue,
        }
    }
}

/// `NAME=value`, blanks around the `=` allowed as people write them, a comment after it allowed.
fn assignment(line: &str) -> Result<(&str, Template), String> {
    let Some((name, value)) = line.split_once('=') else {
        return Err("it is not an assignment".to_owned());
    };
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim_start();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err("it is not an assignment".to_owned());
    }
    Ok((name, Template::parse(value.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (FrameworkConfig, Vec<Diagnostic>) {
        FrameworkConfig::parse(&[Source::new("framework.conf", text)])
    }

    #[test]
    fn defaults_derive_from_the_trees() {
        let (config, found) = parse("dkms_tree=\"/srv/dkms\"\n");
        assert!(found.is_empty());
        assert_eq!(config.dkms_tree(), "/srv/dkms");
        assert_eq!(config.mok_signing_key("6.1"), "/srv/dkms/mok.key");
        assert_eq!(config.compress_xz_opts(), ["--check=crc32", "--lzma2=dict=1MiB"]);
        assert!(config.continue_on_error() && !config.verbose());
    }

    #[test]
    fn the_kernel_is_put_in_when_a_value_is_used() {
        let (config, found) = parse(
            "sign_file=\"/lib/modules/${kernelver}/build/scripts/sign-file\"\nmok_certificate='/k/$kernelver.pub'\n",
        );
        assert!(found.is_empty());
        assert_eq!(config.sign_file("6.1").unwrap(), "/lib/modules/6.1/build/scripts/sign-file");
        assert_eq!(config.mok_certificate("6.1"), "/k/6.1.pub");
    }

    #[test]
    fn words_for_yes_and_no() {
        for (value, expected) in
            [("no", false), ("0", false), ("off", false), ("\"\"", false), ("1", true), ("TRUE", true)]
        {
            let (config, found) = parse(&format!("verbose={value}"));
            assert_eq!((config.verbose(), found.len()), (expected, 0), "{value}");
        }
        let (config, found) = parse("verbose=sometimes");
        assert!(config.verbose() && found[0].message.contains("neither"));
    }

    #[test]
    fn unknown_names_are_told_with_a_guess() {
        let (_, found) = parse("# comment\nsing_file=/x\nfoo\ncolour=1\n");
        assert_eq!(found[0].hint.as_deref(), Some("did you mean `sign_file`?"));
        assert_eq!(found[0].location.as_ref().unwrap().line, 2);
        assert!(found[1].message.contains("not an assignment"));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn nothing_is_executed() {
        let (config, found) = parse("sign_file=$(which kmodsign)\nverbose=`date`\ntmp_location=/tmp; rm -rf /\n");
        assert_eq!((config.sign_file("6.1"), config.tmp_location(), found.len()), (None, None, 3));
    }

    #[test]
    fn later_files_win() {
        let first = Source::new("a", "on_failure=continue\nconf_shell=never # safe\n");
        let (config, _) = FrameworkConfig::parse(&[first, Source::new("b", "on_failure = \"fail\"\n")]);
        assert_eq!((config.on_failure(), config.conf_shell()), (OnFailure::Fail, ConfShell::Never));
        assert_eq!(config.setting(Key::OnFailure).unwrap().origin.path, "b");
    }

    #[test]
    fn who_wants_no_such_kernel_wants_to_hear_of_one_that_came() {
        let policy = |text: &str| FrameworkConfig::parse(&[Source::new("a", text)]).0.on_unsupported_kernel();
        assert_eq!(policy(""), OnUnsupportedKernel::Continue);
        assert_eq!(policy("on_unsupported_kernel=\"fail\"\n"), OnUnsupportedKernel::Fail);
        assert_eq!(policy("on_unsupported_kernel=\"abort\"\n"), OnUnsupportedKernel::Abort);
        assert_eq!(policy("on_unsupported_kernel=panic\n"), OnUnsupportedKernel::Continue);
        assert!(OnUnsupportedKernel::Abort > OnUnsupportedKernel::Fail);
    }

    #[test]
    fn a_setting_that_mentions_itself_ends() {
        let (config, _) = parse("dkms_tree=$dkms_tree/x\n");
        assert!(config.dkms_tree().ends_with("/x"));
    }

    /// Each of these would be put in more often than can be counted.
    #[test]
    fn settings_that_mention_one_another_many_times_end() {
        for (tree, source) in [("$dkms_tree", "x"), ("$source_tree", "$dkms_tree"), ("$source_tree", "$none")] {
            let text = format!("dkms_tree={}/x\nsource_tree={}\n", tree.repeat(50_000), source.repeat(50_000));
            let (config, _) = parse(&text);
            assert!(config.dkms_tree().ends_with("/x") && config.dkms_tree().len() < 2 * MAX_INSERTED);
        }
    }

    #[test]
    fn of_many_findings_some_are_told() {
        let (_, found) = parse(&"x=1\n".repeat(100_000));
        assert!(found.len() < 30 && found.last().unwrap().message.contains("99980"), "{:?}", found.last());
        let (_, found) = parse(&format!("{}=1\n", "dkms_tree".repeat(50_000)));
        assert_eq!(found[0].hint.as_deref(), Some("the settings are listed in dkms-framework.conf(5)"));
    }
}
