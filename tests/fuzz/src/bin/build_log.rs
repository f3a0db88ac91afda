//! The log of a build that failed.
#![no_main]

use dkms_engine::build::first_error::{self, Seen};
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let kernel = ["/usr/src/linux-headers-6.12".to_owned()];
    let found = within_limits(|| first_error::read(bytes, &Seen { build: "/var/lib/dkms/m/1/build", kernel: &kernel }));
    assert!(found.lines.len() <= 8 && found.lines.iter().all(|line| line.chars().count() <= 303), "{found:?}");
});
