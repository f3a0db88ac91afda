//! A bash without rights: another user, no network, an empty environment, a time limit.

use std::path::Path;

use anyhow::Result;
use dkms_conf::context::PROGRAM;
use dkms_conf::shell::RESULT_DESCRIPTOR;
use dkms_conf::{Shell, ShellAnswer, ShellRequest};
use testbed::command::Cmd;

/// `bash --norc --noprofile`, contained; arguments follow.
pub(super) fn bash(directory: &Path) -> Cmd {
    Cmd::new("timeout")
        .clean_env()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .cwd(directory)
        .args(["--kill-after=1", "60", "unshare", "--net"])
        .args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"])
        .args(["bash", "--norc", "--noprofile"])
}

/// Evaluates what the native evaluator refuses, in a directory.
pub(super) struct ContainedShell<'a>(pub(super) &'a Path);

impl Shell for ContainedShell<'_> {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        let line = format!("exec bash --norc --noprofile -c \"$1\" \"$2\" {RESULT_DESCRIPTOR}>&1 >/dev/null");
        let run = bash(self.0).args(["-c", &line, PROGRAM, &request.script, PROGRAM]).output();
        let output = run.map_err(|error| format!("{error:#}"))?;
        Ok(ShellAnswer { result: output.stdout.into_bytes(), stderr: output.stderr })
    }
}
