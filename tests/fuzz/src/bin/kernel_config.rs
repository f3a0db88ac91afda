//! The configuration of a kernel.
#![no_main]

use dkms_engine::facts::kernel::KernelConfig;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("CONFIG_X=")).map(str::to_owned);
    let config = KernelConfig::new("/boot/config".into(), text);
    within_limits(|| {
        assert_eq!(config.get("CONFIG_X").map(str::to_owned), line, "the first line that sets it");
        (config.enabled("CONFIG_MODULE_SIG"), config.text("CONFIG_MODULE_SIG_HASH").map(str::len))
    });
});
