//! The trailer of a signed module.
#![no_main]

use dkms_engine::module_file::signature::strip_signature;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (object, trailer) = within_limits(|| strip_signature(bytes));
    assert!(bytes.starts_with(object));
    assert_eq!(bytes.len() - object.len(), trailer.as_ref().map_or(0, |trailer| trailer.size));
    if let Some(trailer) = trailer {
        assert!(trailer.key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')), "{}", trailer.key);
    }
});
