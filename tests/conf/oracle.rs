//! Asks bash what a file means, by the original's own mechanism.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use testbed::{cache, disk};

use super::files::ConfFile;
use super::kernels::KernelContext;
use super::shell;

/// The same script that the property tests of `dkms-conf` ask.
const SCRIPT: &str = include_str!("../../crates/dkms-conf/tests/bash/oracle.bash");

/// What bash says in one context, values as `NAME[i]=value`.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The values that the conf set; `None` if it ended the shell.
    pub(super) raw: Option<Vec<String>>,
    /// The values after the hand-over.
    pub(super) values: Vec<String>,
}

/// Puts the script where bash can read it; once, before anything is asked.
pub(super) fn prepare() -> Result<PathBuf> {
    let script = cache::path("conf/oracle.bash");
    disk::write(&script, SCRIPT)?;
    Ok(script)
}

/// One bash answers for all contexts, in their order.
pub(super) fn ask(script: &Path, file: &ConfFile, contexts: &[KernelContext]) -> Result<Vec<Said>> {
    let mut command = shell::bash(file.directory()).arg(script).arg(contexts.len().to_string());
    for context in contexts {
        command = command.arg(&context.file);
    }
    let output = command.arg(&file.path).output()?;
    let mut all = Vec::new();
    let mut said = Said::default();
    let mut raw = Vec::new();
    for record in output.stdout.split_terminator('\0') {
        match record.split_once(' ').unwrap_or((record, "")) {
            ("raw", value) => raw.push(value.to_owned()),
            ("val", value) => said.values.push(value.to_owned()),
            ("end", _) => said.raw = Some(std::mem::take(&mut raw)),
            ("done", _) => {
                all.push(std::mem::take(&mut said));
                raw.clear();
            }
            _ => bail!("bash says {record:?} about {}", file.path.display()),
        }
    }
    if all.len() != contexts.len() {
        bail!("bash broke off in {}\n{}", file.path.display(), output.tail());
    }
    Ok(all)
}
