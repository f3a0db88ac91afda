//! Runs the oracle, and the evaluator on the same files, and compares.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the machine that bash looks at, and end when it is not there"
)]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use dkms_conf::context::PROGRAM;
use dkms_conf::transfer::{Inputs, Transferred, transfer};
use dkms_conf::{
    Assignments, Context, Directive, FileKind, Refusal, Shell, ShellAnswer, ShellRequest, Source, World, evaluator,
    shell,
};

/// The machine on which the tests run.
///
/// A conf is evaluated in the directory that is named.
pub(crate) struct Host(pub(crate) String);

fn said(program: &str, argument: &[&str]) -> String {
    let output = Command::new(program).args(argument).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl World for Host {
    fn directory(&self) -> &str {
        &self.0
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        let kind = std::fs::metadata(path).ok()?.file_type();
        Some(if kind.is_file() {
            FileKind::File
        } else if kind.is_dir() {
            FileKind::Directory
        } else {
            FileKind::Other
        })
    }

    fn is_symlink(&self, path: &str) -> bool {
        Path::new(path).is_symlink()
    }

    fn is_readable(&self, path: &str) -> bool {
        std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o444 != 0)
    }

    fn is_executable(&self, path: &str) -> bool {
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(path).ok()
    }

    fn cpu_count(&self) -> usize {
        said("nproc", &[]).parse().unwrap()
    }

    fn kernel_release(&self) -> String {
        said("uname", &["-r"])
    }

    fn machine(&self) -> String {
        said("uname", &["-m"])
    }
}

/// A value list as `NAME[i]=value`.
pub(crate) type Values = Vec<String>;

/// What bash says of one conf.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The values that the conf set; `None` if it ended the shell.
    pub(crate) raw: Option<Values>,
    /// The values after the hand-over.
    pub(crate) values: Values,
}

/// Seconds that no conf takes, on whatever machine.
const LONG: u32 = 300;
/// Seconds after which a generated conf is taken for an endless one.
const SHORT: u32 = 10;
/// SIGKILL: `timeout` sends it to its whole group, itself included.
const KILL: i32 = 9;

/// `bash`, with nothing but its arguments in common with the one that runs the tests; ended after so many seconds.
fn bash(dir: &Dir, seconds: u32) -> Command {
    let mut bash = Command::new("timeout");
    bash.args(["--signal=KILL", &seconds.to_string(), "bash", "--norc", "--noprofile"])
        .current_dir(dir.path())
        .stdin(Stdio::null());
    bash.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
    bash
}

/// A bash that is not contained, in a directory.
struct Bash<'a>(&'a Dir);

impl Shell for Bash<'_> {
    fn run(&self, request: &ShellRequest) -> Result<ShellAnswer, String> {
        let line = format!("exec bash --norc --noprofile -c \"$1\" \"$2\" {}>&1 >/dev/null", shell::RESULT_DESCRIPTOR);
        let output = bash(self.0, LONG).args(["-c", &line, PROGRAM, &request.script, PROGRAM]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(ShellAnswer { result: output.stdout, stderr })
    }
}

/// Runs the script for the contained shell.
pub(crate) fn shell_answer(source: &Source, context: &Context) -> Vec<u8> {
    let dir = tempfile(source.text(), context);
    let refusal = Refusal { construct: String::new(), location: source.whole(), over_budget: false };
    let request = shell::request(&refusal, source, context, &Assignments::default());
    Bash(&dir).run(&request).unwrap().result
}

/// Hands values over.
pub(crate) fn handed_over(raw: &Assignments, text: &str, context: &Context) -> Transferred {
    let dir = tempfile(text, context);
    let world = Host(dir.path().display().to_string());
    let source = Source::new("./dkms.conf", text);
    let inputs = Inputs { source: &source, context, world: &world, shell: Some(&Bash(&dir)) };
    transfer(raw, &Assignments::default(), &inputs)
}

/// Whether bash comes to an end with a conf.
pub(crate) fn ends(text: &str, context: &Context) -> bool {
    let dir = tempfile(text, context);
    let line = ". ./context; . ./dkms.conf > /dev/null 2>&1";
    let status = bash(&dir, SHORT).args(["-c", line]).status().unwrap();
    status.signal() != Some(KILL)
}

/// Asks bash.
pub(crate) fn ask(text: &str, context: &Context) -> Said {
    let dir = tempfile(text, context);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bash/oracle.bash");
    let output = bash(&dir, LONG).args([script, "1", "context", "./dkms.conf"]).output().unwrap();
    let mut said = Said { raw: None, values: Values::new() };
    let mut raw = Values::new();
    let mut done = false;
    for record in String::from_utf8(output.stdout).unwrap().split_terminator('\0') {
        match record.split_at(record.len().min(4)) {
            ("raw ", value) => raw.push(value.to_owned()),
            ("val ", value) => said.values.push(value.to_owned()),
            ("end", _) => said.raw = Some(std::mem::take(&mut raw)),
            ("done", _) => done = true,
            _ => panic!("the oracle says {record:?}"),
        }
    }
    assert!(done, "the oracle broke off: {}", String::from_utf8_lossy(&output.stderr));
    said
}

fn tempfile(text: &str, context: &Context) -> Dir {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("dkms-conf-{}-{number}", std::process::id()));
    std::fs::create_dir(&dir).unwrap();
    let quoted = |text: &str| text.replace('\'', r"'\''");
    let variables: String = context.variables().map(|(name, value)| format!("{name}='{}'\n", quoted(value))).collect();
    std::fs::write(dir.join("context"), variables).unwrap();
    std::fs::write(dir.join("dkms.conf"), text).unwrap();
    // What confs find beside themselves.
    std::fs::write(dir.join("VERSION"), "1.2.1\n").unwrap();
    std::fs::create_dir(dir.join("inner")).unwrap();
    std::fs::write(dir.join("inner/values"), "FROM=inner\n").unwrap();
    Dir(dir)
}

/// A directory that goes away with the test.
struct Dir(std::path::PathBuf);

impl Dir {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Values in the form of the oracle.
pub(crate) fn listed(values: &Assignments) -> Values {
    values.iter().map(|(directive, index, value)| format!("{directive}[{index}]={}", value.text)).collect()
}

/// The context of most tests: a kernel that is not installed.
pub(crate) fn context() -> Context {
    let some = |text: &str| Some(text.to_owned());
    Context {
        kernelver: some("6.1.0-13-amd64"),
        arch: some("x86_64"),
        kernel_source_dir: some("/lib/modules/6.1.0-13-amd64/build"),
        module: some("mod"),
        module_version: some("1.0"),
        dkms_tree: some("/var/lib/dkms"),
        source_tree: some("/usr/src"),
        install_tree: some("/lib/modules"),
        ..Context::default()
    }
}

/// Evaluates natively.
pub(crate) fn native(text: &str, context: &Context) -> Result<Assignments, Refusal> {
    let dir = tempfile(text, context);
    let host = Host(dir.path().display().to_string());
    evaluator::evaluate(&Source::new("./dkms.conf", text), context, &Assignments::default(), &host)
}

/// Evaluates natively and by bash, before and after the hand-over; they have to agree. Returns what counts.
pub(crate) fn agreed_in(text: &str, context: &Context) -> Assignments {
    let raw = native(text, context).unwrap_or_else(|refusal| panic!("refused: {refusal}\n{text}"));
    let said = ask(text, context);
    assert_eq!(Some(listed(&raw)), said.raw, "raw values of\n{text}");
    let transferred = handed_over(&raw, text, context);
    assert_eq!(transferred.errors, [], "hand-over of\n{text}");
    assert_eq!(listed(&transferred.values), said.values, "values of\n{text}");
    transferred.values
}

/// The same in the usual context.
pub(crate) fn agreed(text: &str) -> Assignments {
    agreed_in(text, &context())
}

/// One value of the agreed ones.
pub(crate) fn agreed_value(text: &str, directive: Directive) -> String {
    agreed(text).text(directive, 0).unwrap_or_default().to_owned()
}

/// Evaluates commands natively and by bash; what they write and their status have to agree.
pub(crate) fn agreed_outputs(commands: &[&str]) {
    let line = |(index, command): (usize, &&str)| format!("MAKE[{index}]=\"$({command})\"\nSTRIP[{index}]=$?\n");
    let conf: String = commands.iter().enumerate().map(line).collect();
    let raw = native(&conf, &context()).unwrap_or_else(|refusal| panic!("refused: {refusal}\n{:?}", refusal.location));
    let said = ask(&conf, &context()).raw.expect("bash comes to the end");
    assert_eq!(listed(&raw), said);
}

/// Each of the commands is left to bash.
pub(crate) fn all_refused(commands: &[&str]) {
    for command in commands {
        assert!(native(command, &context()).is_err(), "{command}");
    }
}
