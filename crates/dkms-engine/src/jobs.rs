//! How much may run at once: one pool of job tokens for all builds and all compilers of a run.
//!
//! The pool is a GNU make jobserver: ours, or the one that our caller's `make` handed us. Each running build holds one
//! token, which is the one that its `make` takes for granted; the other tokens lie in a pipe from which every `make` helps
//! itself. So two tokens mean two compilers, whether one module is built or twenty wait. Protocol: "POSIX Jobserver" in
//! the manual of GNU make.
//!
//! The other thing that builds share is the directory `T/M/V/build`, under which all builds of one module version
//! believe to be: [`Jobs::in_turn`] and [`Jobs::mount_point`] keep them from taking it away from each other.

mod address;
mod server;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::layout::SHELL;
use crate::setup::Setup;
use crate::system::cancel::Cancel;
use crate::system::root::RootMut;
use crate::system::tool::Tool;
use crate::system::tool::contain::Access;
use crate::target::ModuleId;
pub(crate) use address::Address;
use server::Server;

/// How often a build that waits for a token looks into the pipe, which wakes no waiter.
const LOOK: Duration = Duration::from_millis(20);

/// The tokens and directories that the builds of a run share.
#[derive(Debug)]
pub struct Jobs {
    root: RootMut,
    limit: usize,
    processors: usize,
    server: Option<Server>,
    pool: Mutex<Pool>,
    changed: Condvar,
    turns: Mutex<BTreeMap<ModuleId, Arc<Mutex<()>>>>,
    mount_points: Mutex<BTreeMap<PathBuf, usize>>,
    mounts: OnceLock<Mounts>,
}

/// What mounts of their own builds can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mounts {
    /// None.
    Refused,
    /// Those that show a directory elsewhere.
    Writable,
    /// Also those that keep a directory from being changed (Linux 5.12).
    ReadOnlyToo,
}

#[derive(Debug, Default)]
struct Pool {
    /// Tokens that are not in use and not in the pipe; `None` is the one that our caller's make lent us implicitly.
    hand: Vec<Option<u8>>,
    waiting: usize,
    running: usize,
}

/// The right to run one build; goes back when dropped.
#[derive(Debug)]
pub struct Token<'a> {
    jobs: &'a Jobs,
    byte: Option<u8>,
}

/// A directory that builds have mounts on; removed by the last one that lets go of it, if it is empty.
#[derive(Debug)]
pub(crate) struct MountPoint<'a> {
    jobs: &'a Jobs,
    path: PathBuf,
    stop: PathBuf,
}

impl Jobs {
    /// The pool of a run: the caller's jobserver, or one of our own with as many tokens as the options or the processors
    /// (those that the scheduler and the cgroup's quota leave us) say.
    ///
    /// # Errors
    /// `Io` if no pipe can be had.
    pub fn new(setup: &Setup, root: &RootMut) -> Result<Self, Error> {
        let inherited = setup.environment.get("MAKEFLAGS").and_then(Server::inherited);
        let limit = match setup.options.jobs {
            Some(number) => usize::try_from(number).unwrap_or(usize::MAX),
            None => setup.machine.processors,
        };
        let (server, hand) = match inherited {
            Some(server) => (Some(server), vec![None]),
            None if limit == 0 => (None, Vec::new()),
            None => (Some(Server::new(limit)?), Vec::new()),
        };
        Ok(Self {
            root: root.clone(),
            limit,
            processors: setup.machine.processors,
            server,
            pool: Mutex::new(Pool { hand, ..Pool::default() }),
            changed: Condvar::new(),
            turns: Mutex::default(),
            mount_points: Mutex::default(),
            mounts: OnceLock::new(),
        })
    }

    /// The root, which builds write to under the lock of the run that they belong to.
    pub(crate) fn root(&self) -> &RootMut {
        &self.root
    }

    /// How many threads can have something to do: more would only wait for tokens.
    pub fn workers(&self) -> usize {
        if self.limit == 0 { self.processors * 2 } else { self.limit }
    }

    /// Waits for a token; `waiting` is called once if there is none at hand.
    ///
    /// # Errors
    /// `Interrupted`; `Io` if the pipe is gone.
    pub fn token(&self, cancel: &Cancel, waiting: &mut dyn FnMut()) -> Result<Token<'_>, Error> {
        let mut is_reported = false;
        let mut pool = lock(&self.pool);
        pool.waiting += 1;
        let byte = loop {
            let found = match (cancel.check(), &self.server) {
                (Err(error), _) => Err(error),
                (Ok(()), None) => Ok(Some(None)),
                (Ok(()), Some(server)) => match pool.hand.pop() {
                    Some(byte) => Ok(Some(byte)),
                    None => server.take().map(|byte| byte.map(Some)),
                },
            };
            match found {
                Err(error) => break Err(error),
                Ok(Some(byte)) => break Ok(byte),
                Ok(None) => {
                    if !std::mem::replace(&mut is_reported, true) {
                        waiting();
                    }
                    pool = self.changed.wait_timeout(pool, LOOK).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        };
        pool.waiting -= 1;
        pool.running += usize::from(byte.is_ok());
        Ok(Token { jobs: self, byte: byte? })
    }

    /// Where a `make` with this environment finds the pool; [`makeflags`] tells it. `None` if there is no limit.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn address(
        &self,
        setup: &Setup,
        environment: &BTreeMap<OsString, OsString>,
    ) -> Result<Option<Address>, Error> {
        let Some(server) = &self.server else { return Ok(None) };
        let (path, (read, write)) = (server.path(), server.descriptors()?);
        if address::is_understood(setup, environment, &path, &read) {
            return Ok(Some(Address::Named(path)));
        }
        Ok(Some(Address::Descriptors(read, write)))
    }

    /// Does something while no other thread does it for the same module version.
    pub(crate) fn in_turn<T>(&self, module: &ModuleId, act: impl FnOnce() -> T) -> T {
        let turn = Arc::clone(lock(&self.turns).entry(module.clone()).or_default());
        let _mine = lock(&turn);
        act()
    }

    /// Makes sure that a directory is there to mount on and stays there. With the last user it goes, and parents of it
    /// below `stop` too, as far as they are empty.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn mount_point(&self, path: &Path, stop: &Path) -> Result<MountPoint<'_>, Error> {
        let mut points = lock(&self.mount_points);
        self.root.create_dir_all(path)?;
        *points.entry(path.to_owned()).or_default() += 1;
        Ok(MountPoint { jobs: self, path: path.to_owned(), stop: stop.to_owned() })
    }

    /// Removes a directory that builds of a module version share, with all in it, unless a build is mounted on it: removing
    /// a mount point takes the mount away from those who see it. A build that was moved there is waited for.
    ///
    /// # Errors
    /// `Io`.
    pub fn clear_unless_mounted(&self, module: &ModuleId, path: &Path) -> Result<(), Error> {
        self.in_turn(module, || {
            let points = lock(&self.mount_points);
            if points.contains_key(path) { Ok(()) } else { self.root.remove_tree(path) }
        })
    }

    /// What mount namespace builds can have; tried once.
    pub(crate) fn mounts(&self, setup: &Setup) -> Mounts {
        *self.mounts.get_or_init(|| {
            let tree = &setup.layout.tree;
            let works = |accesses: &[Access]| {
                let shell = setup.tool(SHELL).map(|shell| shell.arg("-c").arg(":"));
                let bound = |tool: Tool| accesses.iter().fold(tool, |tool, access| tool.bind(tree, tree, *access));
                shell.map(bound).and_then(Tool::capture).is_ok_and(|captured| captured.finished.end.success())
            };
            if works(&[Access::Read, Access::Write]) {
                return Mounts::ReadOnlyToo;
            }
            if works(&[Access::Write]) {
                log::info!("read-only mounts are refused here: builds can change the kernel's headers");
                return Mounts::Writable;
            }
            log::info!("mount namespaces are refused here: builds of one module version take turns");
            Mounts::Refused
        })
    }

    /// For tests of what happens where namespaces are not to be had.
    #[cfg(test)]
    pub(crate) fn refuse_private_mounts(&self) {
        self.mounts.set(Mounts::Refused).unwrap();
    }

    fn give_back(&self, byte: Option<u8>) {
        let Some(server) = &self.server else { return };
        let mut pool = lock(&self.pool);
        pool.running = pool.running.saturating_sub(1);
        if pool.waiting > 0 || byte.is_none() || !server.give(byte.unwrap_or(b'+')) {
            // Straight to the next build: the running ones would snatch it out of the pipe for ever.
            pool.hand.push(byte);
        }
        if pool.running == 0 && pool.waiting == 0 {
            // A make that was killed took its tokens with it.
            if !server.is_inherited() {
                pool.hand.clear();
                server.refill();
            }
        }
        drop(pool);
        self.changed.notify_one();
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        self.jobs.give_back(self.byte);
    }
}

impl Drop for MountPoint<'_> {
    fn drop(&mut self) {
        let mut points = lock(&self.jobs.mount_points);
        let users = points.entry(self.path.clone()).or_default();
        *users = users.saturating_sub(1);
        if *users == 0 {
            points.remove(&self.path);
            // Not empty: the log of an earlier failure lies there.
            self.jobs.root.remove_empty_parents(&self.path, &self.stop);
        }
    }
}

/// `MAKEFLAGS` for a child: the caller's own, with the jobserver's words exchanged for ours (or taken out, since its
/// descriptors are closed in the child). `None` if nothing is left.
pub(crate) fn makeflags(inherited: Option<&OsStr>, ours: Option<&str>) -> Option<OsString> {
    let inherited = inherited.map(|flags| flags.to_string_lossy().into_owned()).unwrap_or_default();
    let (options, variables) = match inherited.split_once(" -- ") {
        Some((options, variables)) => (options, format!(" -- {variables}")),
        None => (inherited.as_str(), String::new()),
    };
    let is_kept = |word: &&str| !word.starts_with("-j") && !word.starts_with("--jobserver");
    let words: Vec<&str> = options.split_whitespace().filter(is_kept).chain(ours).collect();
    // The first word is a group of letters unless it begins with a dash or a blank.
    let group = inherited.starts_with(|c: char| c.is_ascii_alphanumeric());
    let joined = format!("{}{}{variables}", if group { "" } else { " " }, words.join(" "));
    (!joined.trim().is_empty()).then(|| joined.into())
}

/// Nothing of ours is left half-changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
