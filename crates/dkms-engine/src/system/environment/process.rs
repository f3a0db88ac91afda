//! What a process inherits besides variables, put in order: a hook does its work whatever called it.
//!
//! Signals are of interest only where a disposition of the caller breaks us. Ignored SIGCHLD: the kernel reaps children
//! before we can ask how they ended. SIGXFSZ by default: a limit on the size of files kills us instead of being an error
//! with a path. A handler that only takes note mends both, and `exec` gives children the default. Soft limits are raised as
//! far as hard ones allow: what is soft is a proposal of the caller's shell, what is hard is meant.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGCHLD, SIGXFSZ};

/// What a running build needs is a dozen; hundreds of builds may run at once.
const OPEN_FILES: u64 = 4096;
/// What programs that call `select` can bear; the usual soft limit.
const OPEN_FILES_OF_CHILDREN: u64 = 1024;
/// The usual stack of a program's first thread, in bytes. Not more: without a limit the kernel lays out memory differently.
const STACK: u64 = 8 << 20;

/// Puts the state of this process in order; gives the limit on open files for children. Nothing in here is an error: what
/// cannot be mended is reported by what it makes impossible.
pub(super) fn put_in_order() -> Option<u64> {
    // Directories and logs that children make are for everybody to read; what is secret says so itself.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    for signal in [SIGCHLD, SIGXFSZ] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))) {
            log::debug!("signal {signal} stays as the caller left it: {error}");
        }
    }
    for resource in [Resource::Fsize, Resource::Cpu, Resource::As, Resource::Data, Resource::Nproc] {
        raise(resource, None);
    }
    raise(Resource::Stack, Some(STACK));
    let inherited = getrlimit(Resource::Nofile).current;
    raise(Resource::Nofile, Some(OPEN_FILES));
    let raised = getrlimit(Resource::Nofile).current;
    children(inherited, raised)
}

/// Raises a soft limit to what is wanted (`None`: all that can be had), as far as the hard limit allows.
fn raise(resource: Resource, wanted: Option<u64>) {
    let Rlimit { current, maximum } = getrlimit(resource);
    let target = least(wanted, maximum);
    if least(current, target) != target {
        let raised = Rlimit { current: target, maximum };
        if let Err(error) = setrlimit(resource, raised) {
            log::debug!("the limit {resource:?} stays as the caller left it: {error}");
        }
    }
}

/// The lower of two limits; `None` is no limit.
fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (limit, None) | (None, limit) => limit,
    }
}

/// What children are to have of open files: the caller's limit, but not less than is usual.
fn children(inherited: Option<u64>, ours: Option<u64>) -> Option<u64> {
    let usual = least(Some(OPEN_FILES_OF_CHILDREN), ours)?;
    inherited.map(|inherited| inherited.max(usual)).filter(|limit| Some(*limit) != ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_children() {
        for (inherited, ours, expected) in [
            (Some(16), Some(4096), Some(1024)),
            (Some(16), Some(512), None),
            (Some(2048), Some(4096), Some(2048)),
            (Some(65536), Some(65536), None),
            (None, None, None),
        ] {
            assert_eq!(children(inherited, ours), expected, "{inherited:?} {ours:?}");
        }
    }

    #[test]
    fn no_limit_is_the_highest() {
        assert_eq!(least(None, Some(1)), Some(1));
        assert_eq!(least(Some(2), Some(1)), Some(1));
        assert_eq!(least(None, None), None);
    }
}
