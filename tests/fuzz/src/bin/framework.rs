//! `framework.conf`: every setting, for a kernel.
#![no_main]

use dkms_conf::framework_key::{Key, TABLE};
use dkms_conf::{FrameworkConfig, Source};
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::from_bytes("framework.conf", bytes) else { return };
    within_limits(|| {
        let (config, found) = FrameworkConfig::parse(&[source]);
        let said: usize = found.iter().map(|diagnostic| diagnostic.to_string().len()).sum();
        let held: usize = TABLE.iter().filter_map(|row| Key::from_name(row.name)).map(|key| value(&config, key)).sum();
        (said, held, config.build_timeout(), config.sign_modules(), config.compress_xz_opts())
    });
});

fn value(config: &FrameworkConfig, key: Key) -> usize {
    config.value(key, "6.12.57+deb13-amd64").len()
}
