//! "Stop now", as a value: a signal handler of the program sets it, everything that waits looks at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;

/// Holds the number of the signal that asked us to stop; 0 while none did.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicUsize>);

impl Cancel {
    /// The cell for `signal_hook::flag::register_usize`.
    pub fn cell(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// The signal that asked us to stop.
    pub fn signal(&self) -> Option<i32> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// `Interrupted` once a signal came.
    ///
    /// # Errors
    /// `Interrupted`.
    pub fn check(&self) -> Result<(), Error> {
        self.signal().map_or(Ok(()), |signal| Err(Error::Interrupted { signal }))
    }
}
