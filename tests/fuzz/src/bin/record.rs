//! What lies in the tree beside a build, a failure, an installation, and for the machine.
#![no_main]

use std::fmt::Debug;

use dkms_conf::{Kernel, ModuleConfig};
use dkms_engine::record::{BuildRecord, Enrollments, FailureRecord, Manifest};
use dkms_engine::verdict::Verdict;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    within_limits(|| {
        let built = read::<BuildRecord>(bytes).map(|record| record.config);
        let failed = read::<FailureRecord>(bytes).map(|record| record.config);
        for config in [built, failed].into_iter().flatten() {
            ask(&config);
        }
        drop((read::<Manifest>(bytes), read::<Verdict>(bytes), read::<Enrollments>(bytes)));
    });
});

/// What was read is what would be written.
fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    let text = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&text).expect("what was written can be read"), value);
    Some(value)
}

/// A stored configuration is asked without being checked again.
fn ask(config: &ModuleConfig) {
    let kernel = Kernel { release: "6.12.57+deb13-amd64", arch: "x86_64", option: None };
    drop(config.exclusion(kernel));
}
