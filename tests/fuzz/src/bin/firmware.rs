//! Lists of certificates and hashes that the firmware and shim keep, and certificates by themselves.
#![no_main]

use dkms_engine::facts::firmware::signature_list::SignatureList;
use dkms_engine::module_file::certificate::Certificate;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = within_limits(|| SignatureList::parse(bytes));
    for certificate in &found.certificates {
        assert!(bytes.windows(certificate.der.len()).any(|part| part == certificate.der), "it is in there");
        assert!(found.has(certificate));
    }
    if let Ok(certificate) = within_limits(|| Certificate::parse(bytes)) {
        assert_eq!(Certificate::parse(&certificate.der).as_ref(), Ok(&certificate));
    }
});
