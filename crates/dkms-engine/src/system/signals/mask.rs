//! What a process asks the system about its signals: two calls that only libc has.

use std::mem::MaybeUninit;

/// Lets every signal through to this thread and those that it starts; a caller may have held some back.
pub(super) fn unblock() {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is written by the first call before the second reads it; no old set is asked for.
    #[expect(unsafe_code, reason = "rustix has no such call for programs with a C library")]
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

/// Whether this process ignores a signal.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed; a zeroed action is a valid one, should the call fail.
    #[expect(unsafe_code, reason = "rustix has no such call for programs with a C library")]
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
