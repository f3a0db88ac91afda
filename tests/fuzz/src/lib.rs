//! What one input may cost a parser, whatever the machine does beside it: seconds of the processor and bytes held at once.
//!
//! libFuzzer's own limits are by the clock and for the whole process. They stay as a net, for what never ends and for what
//! libraries in C take.

mod held;

use rustix::time::{ClockId, clock_gettime};

/// Seconds for an input of at most 1 MiB. Programs built for this are several times slower than what ships.
const SECONDS: f64 = 5.0;
/// Bytes besides the input.
const BYTES: usize = 256 << 20;

/// Runs one parser on one input.
///
/// # Panics
/// If it takes more than it may.
pub fn within_limits<T>(parse: impl FnOnce() -> T) -> T {
    let start = seconds();
    let mark = held::mark();
    let result = parse();
    let bytes = held::most_since(mark);
    assert!(bytes <= BYTES, "it held {} MiB, and may hold {} MiB", bytes >> 20, BYTES >> 20);
    let taken = seconds() - start;
    assert!(taken <= SECONDS, "it took {taken:.1} s of the processor, and may take {SECONDS:.1} s");
    result
}

/// What this thread has taken of the processor.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
