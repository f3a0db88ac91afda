//! Real children on the running system: nothing here depends on time, but for limits that would otherwise hang.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

use super::*;

fn host() -> Root {
    Root::open(Path::new("/")).unwrap()
}

fn shell(script: &str) -> Tool {
    shell_with(&Cancel::default(), script)
}

fn shell_with(cancel: &Cancel, script: &str) -> Tool {
    Tool::new(&host(), &Environment::default(), cancel, "bash".as_ref()).unwrap().arg("-c").arg(script)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_missing_program_is_named() {
    let error = Tool::new(&host(), &Environment::default(), &Cancel::default(), "no-such-program".as_ref());
    assert!(matches!(error, Err(Error::ToolMissing { program }) if program == "no-such-program"));
}

#[test]
fn environment_input_and_directory_are_what_was_said() {
    let tool =
        shell("env | grep -v -e ^_= -e ^SHLVL= -e ^PWD=; pwd; cat; umask").env("A", "b c").directory(Path::new("/usr"));
    assert_eq!(text(&tool.require().unwrap()), "A=b c\n/usr\n0022\n");
}

#[test]
fn a_conversation_has_our_own_streams() {
    let inode = |stream: std::os::fd::BorrowedFd<'_>| rustix::fs::fstat(stream).unwrap().st_ino;
    let [input, output] = [inode(std::io::stdin().as_fd()), inode(std::io::stdout().as_fd())];
    let same = |number: u8, inode: u64| format!("[ $(stat -L -c %i /proc/$$/fd/{number}) = {inode} ]");
    let script = format!("{} && {}", same(0, input), same(1, output));
    assert_eq!(shell(&script).converse().unwrap().end, End::Status(0));
}

#[test]
fn a_failure_shows_command_status_and_words() {
    let error = shell("echo out; echo bad >&2; exit 3").require().unwrap_err().to_string();
    assert!(error.contains("/bash -c 'echo out; echo bad >&2; exit 3'` ended with status 3:\nbad"), "{error}");
    let captured = shell("kill -9 $$").capture().unwrap();
    assert_eq!((captured.finished.end, captured.finished.end.status()), (End::Signal(9), 137));
}

#[test]
fn lines_arrive_in_order_and_whole() {
    let mut lines = Vec::new();
    let finished = shell("for i in 1 2 3; do echo $i; echo e$i >&2; done; printf rest")
        .lines(&mut |line| lines.push(line.to_owned()));
    assert!(finished.unwrap().end.success());
    assert_eq!(lines, ["1", "e1", "2", "e2", "3", "e3", "rest"]);
}

#[test]
fn who_never_ceases_to_write_is_stopped_like_everybody_else() {
    let cancel = Cancel::default();
    let cell = cancel.cell();
    let result = shell_with(&cancel, "yes").lines(&mut |_| cell.store(15, Ordering::Relaxed));
    assert!(matches!(result, Err(Error::Interrupted { .. })));
    // It is in a group of its own, and goes when its output has no reader any more.
    assert!(shell("setsid yes & read -t 1000 < <(echo)").lines(&mut |_| {}).unwrap().end.success());
}

#[test]
fn a_line_without_end_is_not_kept_as_a_whole() {
    let (mut longest, mut sum) = (0, 0);
    let line = "head -c 5000000 /dev/zero | tr '\\0' x";
    let finished = shell(line).lines(&mut |line| (longest, sum) = (longest.max(line.len()), sum + line.len()));
    assert!(finished.unwrap().end.success());
    assert_eq!(sum, 5_000_000);
    assert!(longest < 2_000_000, "{longest}");
}

#[test]
fn a_log_is_appended_to() {
    let mut log = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut log, b"head\n").unwrap();
    let finished = shell("echo a; echo b >&2; exit 7").append_to(&log).unwrap();
    assert_eq!(finished.end.status(), 7);
    assert_eq!(text(&content(&mut log).unwrap()), "head\na\nb\n");
}

#[test]
fn a_child_gets_its_own_limit_on_open_files() {
    let tool = Tool { open_files: Some(77), ..shell("ulimit -S -n") };
    assert_eq!(text(&tool.require().unwrap()), "77\n");
}

#[test]
fn time_is_limited_for_grandchildren_too() {
    let tool = shell("sleep 1000 & echo $!; wait").time_limit(Duration::from_millis(200));
    let captured = tool.capture().unwrap();
    assert_eq!(captured.finished.end, End::TimeLimit(Duration::from_millis(200)));
    assert!(!alive(text(&captured.stdout).trim()));
}

#[test]
fn a_cancelled_run_ends_the_whole_group() {
    let cancel = Cancel::default();
    let mut pid = String::new();
    let cell = cancel.cell();
    let result = shell_with(&cancel, "sleep 1000 & echo $!; wait").lines(&mut |line| {
        pid = line.to_owned();
        cell.store(15, Ordering::Relaxed);
    });
    assert!(matches!(result, Err(Error::Interrupted { signal: 15 })));
    assert!(!alive(&pid));
    assert!(
        matches!(shell_with(&cancel, "true").capture(), Err(Error::Interrupted { .. })),
        "nothing is started any more"
    );
}

#[test]
fn leftovers_are_ended_when_asked() {
    let captured = shell("sleep 1000 >/dev/null 2>&1 & echo $!").leave_nothing_running().capture().unwrap();
    assert!(captured.finished.end.success() && !alive(text(&captured.stdout).trim()));
}

/// Not a test: the process that [`a_killed_parent_takes_the_whole_group_along`] kills.
#[test]
#[ignore = "run by another test"]
fn parent_to_be_killed() {
    let path = std::env::temp_dir().join(format!("dkms-rs-killed-{}", std::process::id()));
    let script = "sleep 1000 & (sleep 1000 & echo $! $$ > $1.new; mv $1.new $1; wait); wait";
    let tool = shell(script).arg("-").arg(path).env("PATH", crate::layout::DEFAULT_PATH);
    tool.leave_nothing_running().capture().unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the door itself is tested from outside")]
fn a_killed_parent_takes_the_whole_group_along() {
    let (_, inner) = module_path!().split_once("::").unwrap();
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("{inner}::parent_to_be_killed")])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = std::env::temp_dir().join(format!("dkms-rs-killed-{}", parent.id()));
    let pids = loop {
        match host().read_to_string(&path) {
            Ok(text) => break text,
            Err(_) if parent.try_wait().unwrap().is_some() => panic!("the parent ended by itself"),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    parent.kill().unwrap();
    parent.wait().unwrap();
    host().writable().remove_file(&path).unwrap();
    for pid in pids.split_whitespace() {
        assert!(!alive(pid), "{pid}");
    }
}

/// A killed process may be a zombie until init looks at it.
fn alive(pid: &str) -> bool {
    let state = || host().read_to_string(&Path::new("/proc").join(pid).join("stat")).ok();
    for _ in 0..500 {
        match state() {
            None => return false,
            Some(text) if text.contains(") Z ") || text.contains(") X ") => return false,
            Some(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    true
}

#[test]
fn a_handed_descriptor_is_the_only_one() {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let _inherited: OwnedFd = rustix::io::dup(&reader).unwrap();
    let (tool, number) =
        shell("echo value >&$N; for n in {3..300}; do [ -e /proc/$$/fd/$n ] && echo $n; done; :").hand(writer);
    let seen = text(&tool.env("N", number.to_string()).require().unwrap());
    let mut value = String::new();
    File::from(reader).read_to_string(&mut value).unwrap();
    assert_eq!((value.as_str(), seen), ("value\n", format!("{number}\n")));
}

#[test]
#[ignore = "needs root"]
fn a_bind_is_seen_by_the_child_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (private, public) = (directory.path().join("private"), directory.path().join("public"));
    let root = host();
    root.writable().create_dir_all(&private).unwrap();
    root.writable().create_dir_all(&public).unwrap();
    root.writable().create_new(&private.join("seen"), 0o644).unwrap();
    let tool = shell("ls; >made").directory(&public).bind(&private, &public, Access::Write);
    let seen = text(&tool.env("PATH", crate::layout::DEFAULT_PATH).require().unwrap());
    assert_eq!(seen, "seen\n");
    assert!(root.list(&public).unwrap().is_empty() && root.exists(&private.join("made")));
    let refused = shell(">x").directory(&public).bind(&private, &public, Access::Read).capture().unwrap();
    assert!(!refused.finished.end.success());
    let missing = shell("true").bind(&private, Path::new("/nowhere"), Access::Read).capture().unwrap_err();
    assert!(missing.to_string().starts_with("cannot bind a directory for"), "{missing}");
}

/// A root with nothing in it but a shell and what that needs.
fn small_root() -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().unwrap();
    let script =
        "for f in $(ldd /bin/bash | grep -o '/[^ ]*') /bin/bash; do cp --parents -L $f \"$1\"; done; mkdir $1/a $1/b";
    let tool = shell(script).arg("-").arg(directory.path()).env("PATH", crate::layout::DEFAULT_PATH);
    tool.require().unwrap();
    let root = Root::open(directory.path()).unwrap();
    (directory, root)
}

#[test]
#[ignore = "needs root"]
fn another_root_is_entered_and_binds_lie_in_it() {
    let (_directory, root) = small_root();
    let tool = |script: &str| {
        let tool = Tool::new(&root, &Environment::default(), &Cancel::default(), "/bin/bash".as_ref()).unwrap();
        tool.arg("-c").arg(script)
    };
    assert_eq!(
        text(&tool("echo /*; pwd").directory(Path::new("/a")).require().unwrap()),
        "/a /b /bin /lib /lib64\n/a\n"
    );
    let (a, b) = (Path::new("/a"), Path::new("/b"));
    tool("echo > /b/new").bind(a, b, Access::Write).require().unwrap();
    assert!(root.exists(Path::new("/a/new")) && root.list(b).unwrap().is_empty());
    let refused = tool("echo > /a/no").read_only_view(Need::Required).capture().unwrap();
    assert!(!refused.finished.end.success());
    tool("echo > /b/two; ! echo > /bin/no").bind(a, b, Access::Write).read_only_view(Need::Required).require().unwrap();
    assert!(root.exists(Path::new("/a/two")) && !root.exists(Path::new("/bin/no")));
}

#[test]
#[ignore = "needs root"]
fn contained_children_can_do_little() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let script = "id -u; id -G; grep NoNewPrivs /proc/self/status; >x && echo wrote; ls /sys/class/net >/dev/null; \
                  cat /proc/net/dev | tail -n +3 | cut -d: -f1";
    let tool = shell(script)
        .directory(directory.path())
        .env("PATH", crate::layout::DEFAULT_PATH)
        .as_user(65534, 65534)
        .without_new_privileges()
        .without_network(Need::Required)
        .read_only_view(Need::Required);
    let words: Vec<String> = text(&tool.capture().unwrap().stdout).split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["65534", "65534", "NoNewPrivs:", "1", "lo"]);
}

#[test]
fn endless_output_is_stopped() {
    let captured = shell("while :; do printf '%4096s' x; done").capture().unwrap();
    assert_eq!(captured.finished.end, End::OutputLimit);
}

#[test]
fn commands_are_shown_as_typed() {
    let tool = shell("it's").arg("plain/word=1");
    assert!(tool.command_line().ends_with(r"/bash -c 'it'\''s' plain/word=1"));
}
