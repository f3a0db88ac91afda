//! Ctrl-C and its relatives: they set a flag that everything that waits looks at, so that builds are stopped and swept.
//!
//! Handlers belong to the whole process, so only a program's start calls this.

mod mask;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::system::cancel::Cancel;

/// Makes the three signals ask for an orderly stop. One that the caller made us ignore (`nohup`) stays ignored; one that the
/// caller held back (a mask outlives `exec`) is let through, now that it ends nothing at once.
pub fn register(cancel: &Cancel) {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if mask::is_ignored(signal) {
            continue;
        }
        let number = usize::try_from(signal).unwrap_or_default();
        if let Err(error) = signal_hook::flag::register_usize(signal, cancel.cell(), number) {
            log::warn!("cannot handle signal {signal}, which would end this run at once: {error}");
        }
    }
    mask::unblock();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_seen() {
        // Rust's own start ignores SIGPIPE; nothing in a test run touches SIGTTOU.
        assert!(mask::is_ignored(libc::SIGPIPE));
        assert!(!mask::is_ignored(libc::SIGTTOU));
    }

    #[test]
    fn a_signal_that_was_held_back_is_let_through() {
        mask::unblock();
        let root = crate::system::root::Root::open(std::path::Path::new("/")).unwrap();
        let status = root.read_to_string(std::path::Path::new("/proc/thread-self/status")).unwrap();
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        assert_eq!(u64::from_str_radix(blocked.trim(), 16).unwrap(), 0);
    }
}
