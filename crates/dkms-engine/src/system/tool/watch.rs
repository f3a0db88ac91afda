//! A watcher in the process group of a child: when we die, whatever way, it ends the whole group.
//!
//! The kernel can tie only a child itself to its parent's life, not the grandchildren: of a build whose dkms was killed the
//! shell would go and the compilers would stay. The watcher is a forked process that never executes anything. It waits
//! for the end of a pipe that we alone hold open; as a grandchild that belongs to init it disturbs no program that
//! waits for "all" of its children.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use rustix::io::Errno;

/// Puts a watcher into our process group. Called between fork and exec: system calls alone.
pub(super) fn post(alive: BorrowedFd<'_>) -> Result<(), Errno> {
    match fork()? {
        0 => {
            let code = match fork() {
                Ok(0) => watch(alive.as_raw_fd()),
                Ok(_) => 0,
                Err(_) => 1,
            };
            leave(code)
        }
        between => wait_for(between),
    }
}

fn watch(alive: RawFd) -> i32 {
    close_all_but(alive);
    let mut byte = 0_u8;
    loop {
        // SAFETY: one byte is read into one byte.
        #[expect(unsafe_code, reason = "the descriptor is a number here, its owner being the other process")]
        let count = unsafe { libc::read(alive, (&raw mut byte).cast(), 1) };
        if count == 0 || (count < 0 && last_errno() != Errno::INTR) {
            break;
        }
    }
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::KILL);
    0
}

/// Everything else that it has was inherited, the pipe by which our spawner waits for the program's start among it.
fn close_all_but(kept: RawFd) {
    let Ok(number) = u32::try_from(kept) else { return };
    let below = number.checked_sub(1).map_or(Ok(()), |last| close_range(0, last));
    if below.and_then(|()| close_range(number + 1, u32::MAX)).is_ok() {
        return;
    }
    // Kernels before 5.9. Limits on open files are usually 1024.
    for other in (0..65536).filter(|other| *other != kept) {
        // SAFETY: this process uses none of them any more.
        #[expect(unsafe_code, reason = "closes numbers that have no owner here")]
        unsafe {
            libc::close(other);
        }
    }
}

fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: this process uses none of them any more.
    #[expect(unsafe_code, reason = "closes numbers that have no owner here")]
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

fn fork() -> Result<libc::pid_t, Errno> {
    // SAFETY: we are the only thread of a process that was forked to execute something; both sides go on with system
    // calls alone.
    #[expect(unsafe_code, reason = "there is no safe fork")]
    let pid = unsafe { libc::fork() };
    if pid < 0 { Err(last_errno()) } else { Ok(pid) }
}

fn wait_for(child: libc::pid_t) -> Result<(), Errno> {
    let mut status = 0;
    loop {
        // SAFETY: the status is a live integer.
        #[expect(unsafe_code, reason = "a raw wait, which needs nothing but the number")]
        let done = unsafe { libc::waitpid(child, &raw mut status, 0) };
        if done == child {
            return if status == 0 { Ok(()) } else { Err(Errno::AGAIN) };
        }
        if last_errno() != Errno::INTR {
            return Err(last_errno());
        }
    }
}

fn leave(code: i32) -> ! {
    // SAFETY: ends this process at once; nothing that the other process registered may run here.
    #[expect(unsafe_code, reason = "a plain exit would run the handlers of the process that we were forked from")]
    unsafe {
        libc::_exit(code)
    }
}

pub(super) fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
