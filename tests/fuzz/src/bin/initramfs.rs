//! An initramfs, and the index of modules in it.
#![no_main]

use std::io::Cursor;

use dkms_engine::facts::image::{Inside, Limits, Wanted, parse};
use dkms_engine::facts::index::find;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// What an image may be in real life would fill the memory of the machine with one input.
const LIMITS: Limits = Limits { unpacked: 64 << 20, kept: 16 << 20, members: 100_000, parts: 64 };

fuzz_target!(|bytes: &[u8]| {
    within_limits(|| {
        let found = [find(Some(bytes), None, "x"), find(None, Some(bytes), "x")];
        assert!(found.into_iter().flatten().flatten().all(|path| !path.contains(':')));
        let Ok(tree) = parse(Cursor::new(bytes), &Wanted::new(["x", "a-b"]), LIMITS) else { return };
        for module in ["x", "a_b"] {
            let known = tree.copies(module).count();
            for copy in tree.copies(module) {
                assert!(copy.module == module && !copy.path.starts_with('/'), "{copy:?}");
                if let Ok(content) = tree.content(copy) {
                    assert!(content.len() as u64 <= LIMITS.kept);
                }
            }
            match tree.loaded(module, "6.1") {
                Ok(Inside::One(copy)) => assert!(tree.copies(module).any(|one| one == copy), "{copy:?}"),
                Ok(Inside::Several) => assert!(known > 1),
                Ok(Inside::Unlisted) => assert!(known > 0),
                Ok(Inside::Nothing) | Err(_) => {}
            }
        }
    });
});
