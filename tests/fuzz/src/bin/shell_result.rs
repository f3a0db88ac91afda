//! What a contained shell hands back, where the conf that it runs can write as well.
#![no_main]

use dkms_conf::{Source, shell};
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// The conf, a line `--`, and the result.
const BETWEEN: &[u8] = b"\n--\n";

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (conf, result) = at.map_or((&b""[..], bytes), |at| (&bytes[..at], &bytes[at + BETWEEN.len()..]));
    let Ok(source) = Source::from_bytes("dkms.conf", conf) else { return };
    let values = within_limits(|| shell::read_result(&source, result));
    if let Ok(Some(values)) = values {
        assert!(values.iter().count() <= result.iter().filter(|byte| **byte == 0).count(), "each value was written");
    }
});
