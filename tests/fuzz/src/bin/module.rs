//! A module file: unpacked, its ELF header and `.modinfo`, the versions of the symbols that it needs, its signature.
#![no_main]

use std::hint::black_box;

use dkms_engine::facts::weak::symbol_versions::Versions;
use dkms_engine::module_file::compression::unpack;
use dkms_engine::module_file::info::ModuleInfo;
use dkms_engine::module_file::signature::strip_signature;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// Unpacked; what it may be in real life would fill the memory of the machine with one input.
const LARGEST: u64 = 32 << 20;

fuzz_target!(|bytes: &[u8]| {
    within_limits(|| {
        let Ok(module) = unpack(bytes.to_vec(), LARGEST) else { return };
        let (object, trailer) = strip_signature(&module);
        let needed = Versions::needed(&module);
        let Ok(info) = ModuleInfo::parse(&module) else { return };
        assert_eq!(info.signature, trailer);
        // The signature is no part of the object, unless what is left bears another one.
        if strip_signature(object).1.is_none() {
            let bare = ModuleInfo::parse(object).expect("what a signed module is");
            assert_eq!((bare.machine, &bare.fields), (info.machine, &info.fields));
            assert_eq!(Versions::needed(object), needed);
        }
        for (name, value) in &info.fields {
            assert!(!name.contains(['=', '\0']) && !value.contains('\0'), "{name:?}={value:?}");
        }
        black_box((info.kernel_release(), info.depends().count(), info.aliases().count()));
    });
});
