//! The bash that evaluates what the native evaluator of `dkms.conf` refuses, contained.
//!
//! A conf is code of whoever wrote the package. It gets an unprivileged user who can gain nothing by executing
//! something, an environment with a search path and nothing else, no network, a view of the file system in which
//! nothing can be written, a time limit, and bounds on memory and output. Its values come back over a descriptor of
//! their own, so that nothing that it prints can be taken for one. Where the system refuses namespaces (some
//! containers) user, environment and limits remain. A caller without rights runs it as himself.
//!
//! What is said over the descriptor is `dkms_conf`'s business.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dkms_conf::context::PROGRAM;
use dkms_conf::shell::{MAX_RESULT_BYTES, RESULT_DESCRIPTOR};
use dkms_conf::{Shell, ShellAnswer, ShellRequest, World};
use rustix::fs::MemfdFlags;

use crate::error::Error;
use crate::facts::world::RootWorld;
use crate::layout::{DEFAULT_PATH, SHELL};
use crate::setup::Setup;
use crate::tool::contain::Need;
use crate::tool::{End, Tool};

/// The slowest known conf takes 50 ms, most of them for reading a kernel configuration.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Nobody: a user who owns nothing.
const NOBODY: u32 = 65534;
/// In KiB, for `ulimit`: address space, and the size of any file that is written (the result is one).
const LIMITS: &str = "ulimit -c 0 -v 2097152 -f 16384\n";
/// More of what a conf complains about is of no use.
const MAX_COMPLAINT_BYTES: usize = 4096;

/// A contained bash below the root of a run.
#[derive(Debug)]
pub struct ContainedShell<'a> {
    setup: &'a Setup,
    processors: usize,
    directory: PathBuf,
}

impl<'a> ContainedShell<'a> {
    /// One in which `nproc` prints this number and that begins in this directory, the module's source.
    pub fn new(setup: &'a Setup, processors: usize, directory: &Path) -> Self {
        Self { setup, processors, directory: directory.to_owned() }
    }

    fn answer(&self, request: &ShellRequest) -> Result<Result<ShellAnswer, String>, Error> {
        let os = Error::os("open", SHELL);
        let mut result = File::from(rustix::fs::memfd_create(c"values", MemfdFlags::CLOEXEC).map_err(os)?);
        let handed = result.try_clone().map_err(Error::io("open", SHELL))?;
        let (tool, number) = Tool::new(self.setup, SHELL)?.hand(handed.into());
        let redirect = if number == RESULT_DESCRIPTOR {
            String::new()
        } else {
            format!("exec {RESULT_DESCRIPTOR}>&{number} {number}>&-\n")
        };
        let script = format!("{LIMITS}{redirect}{}", request.script);
        let mut tool = tool
            .args(["--norc", "--noprofile", "-c", script.as_str(), PROGRAM])
            .directory(if self.setup.root.is_dir(&self.directory) { &self.directory } else { Path::new("/") })
            .env("PATH", DEFAULT_PATH)
            .env("LC_ALL", "C")
            .env("OMP_NUM_THREADS", self.processors.to_string())
            .time_limit(TIME_LIMIT)
            .leave_nothing_running()
            .without_new_privileges()
            .without_network(Need::IfPossible)
            .read_only_view(Need::IfPossible);
        if rustix::process::geteuid().is_root() {
            tool = tool.as_user(NOBODY, NOBODY);
        }
        let captured = tool.capture()?;
        match captured.finished.end {
            // As for the original, the status that a conf leaves says nothing.
            End::Status(_) => {}
            end => return Ok(Err(format!("bash {end}"))),
        }
        let mut values = Vec::new();
        let limit = MAX_RESULT_BYTES as u64;
        result.rewind().and_then(|()| result.take(limit).read_to_end(&mut values)).map_err(Error::io("read", SHELL))?;
        let complaint = &captured.stderr[..captured.stderr.len().min(MAX_COMPLAINT_BYTES)];
        Ok(Ok(ShellAnswer { result: values, stderr: String::from_utf8_lossy(complaint).into_owned() }))
    }
}

impl Shell for ContainedShell<'_> {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        // bash would complain, go on, and find nothing set: a message about something else.
        let nobody_can = RootWorld::new(self.setup, self.processors, &self.directory).is_readable(&request.path);
        if rustix::process::geteuid().is_root() && !nobody_can {
            let path = Path::new(&request.path).display();
            return Err(format!("the unprivileged user that evaluates it cannot read `{path}`; try chmod -R o+rX"));
        }
        let is_open = self.setup.root.meta(Path::new("/")).is_some_and(|meta| meta.mode & 1 != 0);
        if rustix::process::geteuid().is_root() && !is_open {
            let path = self.setup.root.host_path().display();
            return Err(format!("the unprivileged user that evaluates it cannot enter `{path}`: chmod 755 {path}"));
        }
        self.answer(request).unwrap_or_else(|error| Err(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use dkms_conf::{Assignments, Context, Directive, Source, shell};

    use super::*;
    use crate::root::Root;
    use crate::testing;

    /// Evaluates a conf with the bash of this machine; the scratch directory is the only place it could write to.
    fn evaluate(text: &str) -> (Result<ShellAnswer, String>, Option<Assignments>) {
        let (_directory, mut setup) = testing::setup();
        setup.root = Root::open(Path::new("/")).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(scratch.path(), mode).unwrap();
        let path = scratch.path().join("dkms.conf");
        let text = text.replace("SCRATCH", &scratch.path().display().to_string());
        std::io::Write::write_all(&mut setup.root.create_new(&path, 0o644).unwrap(), text.as_bytes()).unwrap();
        let source = Source::new(path.display().to_string(), text);
        let context = Context { kernelver: Some("6.1".into()), ..Context::default() };
        let request = shell::request(&source, &context, &Assignments::default());
        let answer = ContainedShell::new(&setup, 5, scratch.path()).run(&request);
        let left: Vec<_> = setup.root.list(scratch.path()).unwrap();
        assert_eq!(left.len(), 1, "it wrote: {left:?}");
        let values = answer.as_ref().ok().and_then(|answer| shell::read_result(&source, &answer.result).unwrap());
        (answer, values)
    }

    fn value(text: &str) -> String {
        let (answer, values) = evaluate(&format!("{text}\nPRE_BUILD=\"$X\""));
        let Some(values) = values else { panic!("{answer:?}") };
        values.text(Directive::PreBuild, 0).unwrap_or_default().to_owned()
    }

    #[test]
    fn it_sees_its_variables_and_the_processors_it_is_told() {
        assert_eq!(value("X=\"$kernelver $(nproc) ${BASH_SOURCE##*/}\""), "6.1 5 dkms.conf");
    }

    #[test]
    fn it_is_nobody_without_network_or_anything_to_write() {
        let uid = if rustix::process::geteuid().is_root() { "65534" } else { "" };
        if !uid.is_empty() {
            assert_eq!(value("X=$(id -u)"), uid);
        }
        assert_eq!(value("X=$(grep -c NoNewPrivs:.1 /proc/self/status)"), "1");
        assert_eq!(value("X=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')"), "lo");
        assert_eq!(
            value("X=$(env | cut -d= -f1 | grep -vx -e _ -e SHLVL -e PWD | sort | tr '\\n' ' ')"),
            "LC_ALL OMP_NUM_THREADS PATH "
        );
        assert_eq!(value("echo x >SCRATCH/written; X=$?"), "1");
    }

    #[test]
    fn what_it_prints_is_no_value_and_what_ends_it_leaves_none() {
        assert_eq!(value("echo 'MAKE[0]=evil'; X=fine"), "fine");
        let (answer, values) = evaluate("MAKE=x\nexit 3");
        assert!(answer.is_ok() && values.is_none());
        let (answer, _) = evaluate("echo oh >&2");
        assert_eq!(answer.unwrap().stderr.trim(), "oh");
    }

    #[test]
    fn a_file_that_nobody_can_read_is_named() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (directory, setup) = testing::setup();
        let set_mode = |mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(directory.path(), mode).unwrap();
        };
        set_mode(0o700);
        testing::write(&setup, "/open.conf", "");
        let request = ShellRequest { path: "/open.conf".into(), script: String::new() };
        let problem = ContainedShell::new(&setup, 1, Path::new("/nowhere")).run(&request).unwrap_err();
        assert!(problem.contains("cannot enter"), "{problem}");
        set_mode(0o755);
        testing::write(&setup, "/secret.conf", "");
        setup.root.set_mode(Path::new("/secret.conf"), 0o600).unwrap();
        let request = ShellRequest { path: "/secret.conf".into(), script: String::new() };
        let problem = ContainedShell::new(&setup, 1, Path::new("/nowhere")).run(&request).unwrap_err();
        assert!(problem.contains("cannot read `/secret.conf`"), "{problem}");
    }
}
