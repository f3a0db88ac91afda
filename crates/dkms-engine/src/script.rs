//! The scripts that a module's configuration names: PRE_BUILD, POST_BUILD, POST_ADD, PRE_INSTALL, POST_INSTALL,
//! POST_REMOVE.
//!
//! One rule for all six: the first word is a file, looked for among the administrator's own files for the module and
//! then in the directory that belongs to the directive; the rest is shell text, so quotes and variables work. It runs in
//! the directory where it was found. A file that is missing or may not be executed is no error, since packages rely on
//! that; the caller learns which of the two it is.

use std::path::{Path, PathBuf};

use dkms_conf::directive::Directive;

use crate::error::Error;
use crate::layout::SHELL;
use crate::setup::Setup;
use crate::system::tool::{Tool, quoted};
use crate::target::{KernelId, ModuleId};

/// A script that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file.
    pub program: PathBuf,
    /// The directory it was found in, and runs in.
    pub directory: PathBuf,
    /// The rest of the directive, shell text as the author wrote it: it stands in the log.
    pub arguments: String,
}

/// A script that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Where it should be.
    pub path: PathBuf,
    /// There is no such file, as opposed to: it may not be executed.
    pub missing: bool,
}

impl Script {
    /// Finds the script of a directive's value; `directory` is the one that belongs to the directive.
    ///
    /// # Errors
    /// `Unusable`, which the caller reports and then goes on.
    pub fn find(setup: &Setup, module: &str, directory: &Path, value: &str) -> Result<Self, Unusable> {
        let value = value.trim_start();
        let (word, arguments) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let word = word.trim_start_matches('/');
        for directory in [setup.layout.administrator_files(module), directory.to_owned()] {
            let program = directory.join(word);
            if !word.is_empty() && setup.root.is_executable(&program) {
                return Ok(Self { program, directory, arguments: arguments.to_owned() });
            }
        }
        let path = directory.join(word);
        Err(Unusable { missing: !setup.root.exists(&path), path })
    }

    /// The command that the shell gets.
    pub fn command(&self) -> String {
        let (directory, program) = (quoted(self.directory.as_os_str()), quoted(self.program.as_os_str()));
        let blank = if self.arguments.is_empty() { "" } else { " " };
        format!("cd {directory}/ && {program}{blank}{}", self.arguments)
    }

    /// Ready to run, with the caller's environment. [`variables`] and what else the moment has are added by the caller.
    ///
    /// # Errors
    /// `ToolMissing` without a shell.
    pub fn tool(&self, setup: &Setup) -> Result<Tool, Error> {
        let tool = setup.tool(SHELL)?.inherit(&setup.environment).directory(&self.directory);
        Ok(tool.arg("-c").arg(self.command()))
    }
}

/// What scripts and make find in their environment about what they run for: nothing but the directives of the command
/// line where no kernel is at hand. So it is for POST_ADD of an `add` by itself, and for POST_REMOVE.
pub fn variables(
    module: &ModuleId,
    kernel: Option<&KernelId>,
    exported: &[(Directive, String)],
) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    if let Some(KernelId { release, arch }) = kernel {
        variables.extend([("module", module.name.as_str()), ("module_version", module.version.as_str())]);
        variables.extend([("kernelver", release.as_str()), ("arch", arch.as_str())]);
    }
    variables.extend(exported.iter().map(|(directive, value)| (directive.name(), value.as_str())));
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn script(setup: &Setup, path: &str, mode: u32) {
        testing::write(setup, path, "#!/bin/sh\n");
        setup.root.writable().set_mode(Path::new(path), mode).unwrap();
    }

    #[test]
    fn the_administrators_script_comes_first() {
        let (_directory, setup) = testing::setup();
        let source = Path::new("/usr/src/m-1");
        script(&setup, "/usr/src/m-1/tools/hook.sh", 0o755);
        let found = Script::find(&setup, "m", source, "tools/hook.sh 'a b' $kernelver ").unwrap();
        assert_eq!(found.command(), "cd /usr/src/m-1/ && /usr/src/m-1/tools/hook.sh 'a b' $kernelver ");
        script(&setup, "/etc/dkms/m/tools/hook.sh", 0o644);
        assert_eq!(Script::find(&setup, "m", source, "tools/hook.sh").unwrap().directory, source, "not executable");
        script(&setup, "/etc/dkms/m/tools/hook.sh", 0o755);
        assert_eq!(Script::find(&setup, "m", source, "tools/hook.sh").unwrap().directory, Path::new("/etc/dkms/m"));
    }

    #[test]
    fn missing_and_not_executable_are_told_apart() {
        let (_directory, setup) = testing::setup();
        script(&setup, "/s/plain", 0o644);
        let source = Path::new("/s");
        let unusable = |path: &str, missing| Err(Unusable { path: path.into(), missing });
        assert_eq!(Script::find(&setup, "m", source, "plain x"), unusable("/s/plain", false));
        assert_eq!(Script::find(&setup, "m", source, "none"), unusable("/s/none", true));
        assert_eq!(Script::find(&setup, "m", source, "/bin/sh"), unusable("/s/bin/sh", true));
        assert!(Script::find(&setup, "m", source, " ").is_err());
    }
}
