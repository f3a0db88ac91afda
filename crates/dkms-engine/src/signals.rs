//! Ctrl-C and its relatives: they set a flag that everything that waits looks at, so that builds are stopped and swept.
//!
//! Handlers belong to the whole process, so only a program's start calls this.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cancel::Cancel;
use crate::error::Error;
use crate::layout::OWN_STATUS;

/// Makes the three signals ask for an orderly stop. One that the caller made us ignore (`nohup`) stays ignored.
///
/// # Errors
/// `Io` if the system refuses a handler.
pub fn register(cancel: &Cancel) -> Result<(), Error> {
    let status = std::fs::read(OWN_STATUS).unwrap_or_default();
    let ignored = ignored(&String::from_utf8_lossy(&status));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        if ignored & (1 << (signal - 1)) != 0 {
            continue;
        }
        let number = usize::try_from(signal).unwrap_or_default();
        signal_hook::flag::register_usize(signal, cancel.cell(), number)
            .map_err(Error::io("handle signals by", OWN_STATUS))?;
    }
    Ok(())
}

/// The mask of ignored signals in the text of `/proc/self/status`.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_found() {
        assert_eq!(ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n"), 1);
        assert_eq!(ignored(""), 0);
    }
}
