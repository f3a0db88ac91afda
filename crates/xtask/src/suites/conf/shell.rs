//! A bash without rights: another user, no network, an empty environment, an empty working directory, a time limit.

use anyhow::Result;
use dkms_conf::shell::RESULT_DESCRIPTOR;
use dkms_conf::{Shell, ShellAnswer, ShellRequest};

use crate::command::Cmd;
use crate::{cache, disk};

/// `bash --norc --noprofile`, contained; arguments follow.
pub(super) fn bash() -> Result<Cmd> {
    let empty = cache::path("conf/empty");
    disk::make_dirs(&empty)?;
    Ok(Cmd::new("timeout")
        .clean_env()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .cwd(&empty)
        .args(["--kill-after=1", "60", "unshare", "--net"])
        .args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"])
        .args(["bash", "--norc", "--noprofile"]))
}

/// Evaluates what the native evaluator refuses.
pub(super) struct ContainedShell;

impl Shell for ContainedShell {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        let line = format!("exec bash --norc --noprofile -c \"$1\" {RESULT_DESCRIPTOR}>&1 >/dev/null");
        let run = || bash()?.args(["-c", &line, "bash", &request.script]).output();
        let output = run().map_err(|error| format!("{error:#}"))?;
        Ok(ShellAnswer { result: output.stdout.into_bytes(), stderr: output.stderr })
    }
}
