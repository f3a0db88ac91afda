//! `Module.symvers`, plain or compressed.
#![no_main]

use std::io::Write;
use std::path::Path;

use dkms_engine::facts::weak::symbol_versions::Versions;
use dkms_engine::system::root::Root;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let mut file = std::fs::File::create(directory.path().join("symvers")).expect("a file in it");
    file.write_all(bytes).expect("room for it");
    let root = Root::open(directory.path()).expect("the directory");
    within_limits(|| {
        let versions = Versions::read(&root, Path::new("/symvers"));
        assert_eq!(versions.lacking(&[&versions]), None, "a table has whatever is in it");
    });
});
