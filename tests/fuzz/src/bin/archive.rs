//! A tarball that `dkms ldtarball` is given: judged, and unpacked into a directory of its own.
#![no_main]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

use dkms_engine::archive::unpack;
use dkms_engine::system::root::Root;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let top = directory.path();
    fs::write(top.join("archive"), bytes).expect("room for it");
    fs::create_dir(top.join("inside")).expect("a directory in it");
    let root = Root::open(top).expect("the directory");
    let inside = root.writable_within(Path::new("/inside"));
    let unpacked = within_limits(|| unpack(&inside, Path::new("/archive"), Path::new("/inside")));
    assert_eq!(fs::read_dir(top).expect("the directory").count(), 2, "nothing is beside the directory");
    let inside = top.join("inside");
    match unpacked {
        Ok(()) => judge(&inside, 0),
        Err(error) => drop(error.to_string()),
    }
});

/// Nothing lends rights, nothing is special, and each link leads to what is below the directory.
fn judge(directory: &Path, depth: usize) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
        let mode = entry.metadata().expect("an entry").mode();
        assert!(kind.is_symlink() || mode & 0o7022 == 0, "{} has mode {mode:o}", path.display());
        if kind.is_dir() {
            judge(&path, depth + 1);
        } else if kind.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            let ups = target.components().filter(|part| *part == Component::ParentDir).count();
            assert!(target.is_relative() && ups < depth.max(1), "{} leads to {}", path.display(), target.display());
        } else {
            assert!(kind.is_file() && entry.metadata().expect("an entry").nlink() == 1, "{}", path.display());
        }
    }
}
