//! `os-release`, and what follows from it.
#![no_main]

use std::hint::black_box;
use std::path::Path;

use dkms_engine::setup::distribution::Distribution;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    within_limits(|| {
        let distribution = Distribution::parse(&text);
        assert!(distribution.id_like.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)));
        black_box((distribution.original_name(), distribution.key_source(), distribution.weak_modules()));
        black_box(distribution.sign_programs("6.12.57+deb13-amd64", Path::new("/lib/modules/6.12.57+deb13-amd64")));
        distribution.headers_package("6.12.57+deb13-amd64", None)
    });
});
