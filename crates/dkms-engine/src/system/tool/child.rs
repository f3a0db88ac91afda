//! Between fork and exec: this file, [`super::watch`] and the two calls of [`crate::system::signals`] are all our unsafe code.
//!
//! The child of a program with threads may only make plain system calls before it executes something else: no
//! allocation, no lock. Everything is therefore prepared before the fork (paths as C strings), and all calls in between
//! are rustix's, which go straight to the kernel, or raw ones. A step that fails is reported by its number through a
//! pipe, because the standard library hands over an error number only.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags};
use rustix::mount::{MountPropagationFlags, MoveMountFlags};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags};

use super::contain::{Access, Need};
use super::watch::last_errno;
use super::{Tool, watch};
use crate::error::Error;

/// Where the streams come from and go to.
pub(super) struct Streams {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// A started child: leader of its own process group, not yet waited for.
pub(super) struct Running {
    pub(super) pid: Pid,
    /// As long as this is open, the group's watcher knows that we live.
    _alive: Option<OwnedFd>,
}

/// What the child does before exec, reported by its number when it fails.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Step {
    Descriptors,
    Network,
    Mounts,
    Root,
    Bind,
    Directory,
    User,
    Parent,
}

impl Step {
    const ALL: [Step; 8] = [
        Step::Descriptors,
        Step::Network,
        Step::Mounts,
        Step::Root,
        Step::Bind,
        Step::Directory,
        Step::User,
        Step::Parent,
    ];

    /// What could not be done to the program.
    fn verb(self) -> &'static str {
        match self {
            Step::Descriptors => "hand descriptors to",
            Step::Network => "cut the network from",
            Step::Mounts => "make a mount namespace for",
            Step::Root => "enter the root of",
            Step::Bind => "bind a directory for",
            Step::Directory => "enter the working directory of",
            Step::User => "change the user of",
            Step::Parent => "tie to our own life",
        }
    }
}

/// Everything that the child needs, made before the fork.
struct Prepared {
    root: Option<OwnedFd>,
    directory: CString,
    descriptors: Vec<OwnedFd>,
    network: Option<Need>,
    namespace: Option<Need>,
    read_only: bool,
    attachments: Vec<(OwnedFd, CString)>,
    binds: Vec<(CString, CString, Access)>,
    user: Option<(u32, u32)>,
    open_files: Option<u64>,
    no_new_privileges: bool,
    parent: Pid,
    report: OwnedFd,
    /// Reading end of a pipe whose other end we alone have.
    alive: Option<OwnedFd>,
}

#[expect(clippy::disallowed_methods, reason = "this is the door that everybody else has to use")]
pub(super) fn spawn(tool: Tool, streams: Streams) -> Result<Running, Error> {
    let program = tool.program.clone();
    let flags = rustix::pipe::PipeFlags::CLOEXEC;
    let (reader, report) = rustix::pipe::pipe_with(flags).map_err(Error::os("open", "a pipe"))?;
    let mut command = std::process::Command::new(&program);
    command.args(&tool.arguments).env_clear().envs(&tool.environment);
    command.stdin(Stdio::from(streams.stdin)).stdout(Stdio::from(streams.stdout)).stderr(Stdio::from(streams.stderr));
    let (watched, alive) = if tool.leave_nothing_running {
        let (watched, alive) = rustix::pipe::pipe_with(flags).map_err(Error::os("open", "a pipe"))?;
        (Some(watched), Some(alive))
    } else {
        (None, None)
    };
    let prepared = Prepared::new(tool, report, watched)?;
    // SAFETY: `enter` only makes system calls on values made before the fork; it neither allocates nor locks.
    #[expect(unsafe_code, reason = "there is no safe way to change a child between fork and exec")]
    unsafe {
        command.pre_exec(move || prepared.enter().map_err(Into::into));
    }
    let started = command.spawn();
    drop(command);
    match started {
        Ok(child) => {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            // Dropping a `Child` leaves the process alone; `wait` reaps it by its number.
            pid.map(|pid| Running { pid, _alive: alive }).ok_or_else(|| Error::os("start", &program)(Errno::SRCH))
        }
        Err(source) => {
            let mut step = [0_u8; 1];
            let verb = match File::from(reader).read(&mut step) {
                Ok(1) => Step::ALL.get(usize::from(step[0])).map_or("start", |step| step.verb()),
                _ => "start",
            };
            Err(Error::Io { verb, path: program, source })
        }
    }
}

impl Prepared {
    fn new(tool: Tool, report: OwnedFd, alive: Option<OwnedFd>) -> Result<Self, Error> {
        let containment = tool.containment;
        let mut binds = Vec::new();
        for bind in &containment.binds {
            binds.push((c_path(&bind.from)?, c_path(&bind.to)?, bind.access));
        }
        let mut attachments = Vec::new();
        for (file_system, to) in tool.attachments {
            attachments.push((file_system, c_path(&to)?));
        }
        let root = if tool.root.is_host() { None } else { Some(tool.root.directory_handle()?) };
        let namespace =
            if binds.is_empty() && attachments.is_empty() { containment.read_only_view } else { Some(Need::Required) };
        Ok(Self {
            root,
            directory: c_path(&tool.directory)?,
            descriptors: tool.descriptors,
            network: containment.no_network,
            namespace,
            read_only: containment.read_only_view.is_some(),
            attachments,
            binds,
            user: containment.user,
            open_files: tool.open_files,
            no_new_privileges: containment.no_new_privileges,
            parent: rustix::process::getpid(),
            report,
            alive,
        })
    }

    /// Runs in the child.
    fn enter(&self) -> Result<(), Errno> {
        // A session has a process group of its own and no terminal: what asks there gets an error instead of being stopped
        // for ever as a background process. A terminal that is its standard input it may read all the same.
        rustix::process::setsid()?;
        if let Some(alive) = &self.alive {
            self.step(Step::Parent, watch::post(alive.as_fd()))?;
        }
        self.step(Step::Descriptors, self.hand_descriptors())?;
        self.step(Step::Network, self.cut_network())?;
        let inside = self.private_mounts();
        self.step(Step::Mounts, inside.map(|_| ()))?;
        if inside == Ok(false) {
            self.step(Step::Root, self.enter_root())?;
        }
        self.step(Step::Bind, self.bind())?;
        self.step(Step::Directory, rustix::process::chdir(self.directory.as_c_str()))?;
        rustix::process::umask(Mode::from_raw_mode(0o022));
        self.limit_open_files();
        self.step(Step::User, self.change_user())?;
        self.step(Step::Parent, self.die_with_parent())
    }

    fn step(&self, step: Step, result: Result<(), Errno>) -> Result<(), Errno> {
        if result.is_err() {
            let _ = rustix::io::write(&self.report, &[step as u8]);
        }
        result
    }

    /// Closes at exec whatever our own caller left open (a package manager's pipes, say) and keeps what was handed.
    fn hand_descriptors(&self) -> Result<(), Errno> {
        // SAFETY: only sets a flag on descriptors; those in use here are closed by exec in any case.
        #[expect(unsafe_code, reason = "rustix has no such call")]
        let _ = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        for file in &self.descriptors {
            rustix::io::fcntl_setfd(file, FdFlags::empty())?;
        }
        Ok(())
    }

    fn cut_network(&self) -> Result<(), Errno> {
        match self.network {
            None => Ok(()),
            Some(need) => forgive(need, unshare(UnshareFlags::NEWNET)),
        }
    }

    /// Enters a mount namespace of its own, with our root as its root. Whether it came to that.
    fn private_mounts(&self) -> Result<bool, Errno> {
        let Some(need) = self.namespace else { return Ok(false) };
        match self.leave_mounts() {
            Ok(()) => Ok(true),
            Err(error) => forgive(need, Err(error)).map(|()| false),
        }
    }

    fn leave_mounts(&self) -> Result<(), Errno> {
        // The working directory is taken along into the new namespace; a handle from before would stay in the old one,
        // where nothing can be mounted any more.
        self.go_to_root()?;
        unshare(UnshareFlags::NEWNS)?;
        let here = rustix::fs::open(c".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        // Nothing of this may reach the namespace that we came from.
        let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        match rustix::mount::mount_change(c"/", flags) {
            Err(Errno::INVAL) => {
                // Our own root is a directory somewhere in the tree (an image being built), not a mount. Entering the
                // namespace that we are in leads to its top.
                let this = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
                rustix::thread::move_into_thread_name_spaces(this.as_fd(), ThreadNameSpaceType::MOUNT)?;
                rustix::mount::mount_change(c"/", flags)?;
            }
            other => other?,
        }
        if self.read_only {
            set_read_only(c"/", true, true)?;
        }
        rustix::process::fchdir(&here)?;
        rustix::process::chroot(c".")
    }

    fn go_to_root(&self) -> Result<(), Errno> {
        match &self.root {
            Some(root) => rustix::process::fchdir(root),
            None => rustix::process::chdir(c"/"),
        }
    }

    fn enter_root(&self) -> Result<(), Errno> {
        if self.root.is_none() {
            return Ok(());
        }
        self.go_to_root()?;
        rustix::process::chroot(c".")
    }

    fn bind(&self) -> Result<(), Errno> {
        for (file_system, to) in &self.attachments {
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            rustix::mount::move_mount(file_system, c"", rustix::fs::CWD, to.as_c_str(), flags)?;
        }
        for (from, to, access) in &self.binds {
            rustix::mount::mount_bind(from.as_c_str(), to.as_c_str())?;
            match access {
                Access::Read => set_read_only(to, true, false)?,
                Access::Write if self.read_only => set_read_only(to, false, false)?,
                Access::Write => {}
            }
        }
        Ok(())
    }

    /// What the program's parent allows itself would be too much for it: `select` knows 1024 files.
    fn limit_open_files(&self) {
        if let Some(limit) = self.open_files {
            let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
            let limit = Rlimit { current: Some(limit), maximum };
            // Without it the program has more than it needs.
            let _ = rustix::process::setrlimit(Resource::Nofile, limit);
        }
    }

    fn change_user(&self) -> Result<(), Errno> {
        if let Some((uid, gid)) = self.user {
            let (uid, gid) = (rustix::process::Uid::from_raw(uid), rustix::process::Gid::from_raw(gid));
            rustix::thread::set_thread_groups(&[])?;
            rustix::thread::set_thread_res_gid(gid, gid, gid)?;
            rustix::thread::set_thread_res_uid(uid, uid, uid)?;
        }
        if self.no_new_privileges { rustix::thread::set_no_new_privs(true) } else { Ok(()) }
    }

    /// For the program itself; [`watch`] sees to its children. After the change of user, which would clear it. The signal comes when the thread that forked ends; that thread
    /// waits for the child, so only our own death ends it early.
    fn die_with_parent(&self) -> Result<(), Errno> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have died before that call.
        if rustix::process::getppid() == Some(self.parent) { Ok(()) } else { Err(Errno::SRCH) }
    }
}

fn forgive(need: Need, result: Result<(), Errno>) -> Result<(), Errno> {
    match need {
        Need::Required => result,
        Need::IfPossible => Ok(()),
    }
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: the child has one thread and shares no descriptor table; only namespaces are unshared.
    #[expect(unsafe_code, reason = "unsafe for programs that unshare descriptors, which this one does not")]
    unsafe {
        rustix::thread::unshare_unsafe(flags)
    }
}

/// `mount_setattr(2)`: makes a mount read-only or writable, with all below it if asked. Kernels before 5.12 lack it.
fn set_read_only(path: &std::ffi::CStr, read_only: bool, recursive: bool) -> Result<(), Errno> {
    let bit = libc::MOUNT_ATTR_RDONLY;
    let (attr_set, attr_clr) = if read_only { (bit, 0) } else { (0, bit) };
    let attributes = libc::mount_attr { attr_set, attr_clr, propagation: 0, userns_fd: 0 };
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes live through the call, and the size is that of the structure.
    #[expect(unsafe_code, reason = "rustix has no such call")]
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            std::ptr::from_ref(&attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// Reaps a child that has ended; gives its raw wait status and its largest resident size in KiB.
pub(super) fn reap(pid: Pid) -> Result<(i32, u64), Errno> {
    let mut status = 0;
    // SAFETY: a zeroed `rusage` is a valid one.
    #[expect(unsafe_code, reason = "wait4 alone tells how much memory a child took")]
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live values of the right type.
        #[expect(unsafe_code, reason = "rustix has no wait4")]
        let done = unsafe { libc::wait4(pid.as_raw_nonzero().get(), &mut status, 0, &mut usage) };
        match done {
            -1 => match last_errno() {
                Errno::INTR => {}
                error => return Err(error),
            },
            _ => return Ok((status, u64::try_from(usage.ru_maxrss).unwrap_or(0))),
        }
    }
}

fn c_path(path: &Path) -> Result<CString, Error> {
    CString::new(path.as_os_str().as_bytes()).map_err(|error| Error::io("use", path)(error.into()))
}
