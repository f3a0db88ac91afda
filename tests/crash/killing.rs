//! Runs the command of a scenario, kills it at a moment, looks, runs it again, and compares.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use testbed::command::Cmd;
use testbed::layer::Layer;
use testbed::root::Root;

use super::scenario::{KERNEL, Scenario, WORDS};

/// Everything that changes the disk, and the start of a child. A killed `write` leaves a file that is too short.
pub(crate) const STEPS: &str = "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,symlink,symlinkat,link,linkat,fsync,\
                     fdatasync,syncfs,fchmod,fchmodat,ftruncate,write,copy_file_range,sendfile,clone,clone3,vfork,mount";

/// What a shell says of a command that was killed.
const KILLED: i32 = 128 + 9;

/// What dkms says of a build that failed, and of several modules of which one failed.
const FAILED: [i32; 2] = [10, 11];

/// Before the how-manieth call of one kind dkms dies. strace counts each kind by itself, and each thread by itself.
pub(crate) struct Moment {
    pub(crate) call: String,
    pub(crate) nth: usize,
}

/// A scenario with its start and what its end has to look like.
pub(super) struct Killing<'a> {
    scenario: &'a Scenario,
    start: Layer,
    moments: Vec<Moment>,
    killed: AtomicUsize,
    undisturbed: Vec<String>,
}

impl<'a> Killing<'a> {
    /// Makes the start, and runs the command undisturbed to count its steps and to see its end.
    pub(super) fn prepare(sources: &Layer, scenario: &'a Scenario) -> Result<Killing<'a>> {
        let line = format!("set -e; K={KERNEL}\n{}", scenario.start);
        let start = sources.extend(&format!("crash-{}", scenario.name), &line, |root| root.must(&line).map(drop))?;
        let mut killing =
            Killing { scenario, start, moments: Vec::new(), killed: AtomicUsize::new(0), undisturbed: Vec::new() };
        let root = Root::over(&killing.start)?;
        killing.again(&root)?;
        killing.undisturbed = killing.look(&root)?;
        let root = Root::over(&killing.start)?;
        root.must(&killing.traced(&format!("trace={STEPS}")))?;
        killing.moments = moments(&root, "/tmp/trace")?;
        Ok(killing)
    }

    pub(super) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// How many runs were really cut off.
    pub(super) fn killed(&self) -> usize {
        self.killed.load(Ordering::Relaxed)
    }

    /// Kills at one moment; what is wrong afterwards.
    pub(super) fn kill(&self, moment: &Moment) -> Result<Vec<String>> {
        let root = Root::over(&self.start)?;
        let killed = root.bash(&self.traced(&format!("inject={}:signal=KILL:when={}", moment.call, moment.nth)))?;
        // Threads share the work differently from run to run, so the last moments of a kind may not come. Who mounts is a
        // child on the way to its program: dkms has lost a build then, and has to say so.
        let child_died = moment.call == "mount" && FAILED.contains(&killed.code);
        ensure!(
            killed.code == KILLED || killed.code == 0 || child_died,
            "the run ended with {}\n{}",
            killed.code,
            killed.tail()
        );
        self.killed.fetch_add(usize::from(killed.code == KILLED), Ordering::Relaxed);
        let mut complaints = Vec::new();
        let promise = root.bash(&format!("K={KERNEL}\n{WORDS}\n{}", self.scenario.promise))?;
        if promise.code != 0 {
            complaints.push(format!("after the kill the promise is broken: {}", self.scenario.promise));
        }
        // The first process of a root reaps nobody, so the dead stay in the table.
        let alive = root.must(
            "sleep 0.2; ps -e -o stat=,comm= | awk '$1 !~ /^Z/ && $2 !~ /^(cat|timeout|bash|sleep|ps|awk)$/ { print $2 }'",
        )?;
        let alive = alive.stdout;
        if !alive.is_empty() {
            complaints.push(format!("alive after the kill: {}", alive.replace('\n', " ")));
        }
        let status = root.bash("dkms status")?;
        if status.code != 0 {
            complaints.push(format!("`dkms status` after the kill ended with {}\n{}", status.code, status.tail()));
        }
        self.again(&root).unwrap_or_else(|error| complaints.push(format!("{error:#}")));
        complaints.extend(difference(&self.undisturbed, &self.look(&root)?));
        Ok(complaints)
    }

    /// The command, until it has nothing to do.
    fn again(&self, root: &Root) -> Result<()> {
        for _ in 0..2 {
            let output = root.bash(&format!("K={KERNEL}; {}", self.scenario.command))?;
            let ends = self.scenario.ends;
            ensure!(ends.contains(&output.code), "run again it ended with {}\n{}", output.code, output.tail());
        }
        Ok(())
    }

    fn traced(&self, expression: &str) -> String {
        format!(
            "K={KERNEL}; strace -f --detach-on=execve -qq -o /tmp/trace -e trace={STEPS} -e {expression} {}",
            self.scenario.command
        )
    }

    /// All that differs from the start: paths, kinds, modes, link targets; then what modprobe would see.
    fn look(&self, root: &Root) -> Result<Vec<String>> {
        let changes = Cmd::new("find")
            .arg(root.changes())
            .args(["-mindepth", "1", "(", "-path", "*/tmp", "-prune", "-o", "-printf", "%P %y %m %l\\n", ")"])
            .checked()?;
        // What is kept of attempts, for `dkms log` and `dkms explain`, is written last and may be lost; nothing follows from it.
        let counts = |line: &&str| !line.contains("/.dkms-rs/attempts") || line.contains(".dkms-rs-staged-");
        let mut lines: Vec<String> = changes.stdout.lines().filter(counts).map(str::to_owned).collect();
        lines.sort();
        let seen = root.must(&format!("dkms status && {{ cat /lib/modules/{KERNEL}/modules.dep || true; }}"))?;
        lines.extend(seen.stdout.lines().map(str::to_owned));
        Ok(lines)
    }
}

/// Every call in a trace of the thread that makes most of its kind, in the order in which the kinds first come.
pub(crate) fn moments(root: &Root, trace: &str) -> Result<Vec<Moment>> {
    let line = format!("grep -v resumed {trace} | sed -nE 's/^([0-9]+) +([a-z0-9_]+)\\(.*/\\1 \\2/p'");
    let trace = root.must(&line)?.stdout;
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let mut calls: Vec<&str> = Vec::new();
    for (thread, call) in trace.lines().filter_map(|line| line.split_once(' ')) {
        *counts.entry((thread, call)).or_default() += 1;
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    let most = |call: &str| counts.iter().filter(|((_, of), _)| *of == call).map(|(_, n)| *n).max().unwrap_or(0);
    let of_kind =
        |call: &&str| (1..=most(call)).map(|nth| Moment { call: (*call).to_owned(), nth }).collect::<Vec<_>>();
    Ok(calls.iter().flat_map(of_kind).collect())
}

fn difference(wanted: &[String], found: &[String]) -> Vec<String> {
    let missing = wanted.iter().filter(|line| !found.contains(line)).map(|line| format!("missing: {line}"));
    let left = found.iter().filter(|line| !wanted.contains(line)).map(|line| format!("left: {line}"));
    missing.chain(left).collect()
}
