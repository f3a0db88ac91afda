//! Who signed a kernel's own modules: their keys are built into it, so they need not be taken out of its image.

use std::path::Path;

use crate::module_file::compression::{self, Compression};
use crate::module_file::signature::message::SignerId;
use crate::module_file::signature::strip_signature;
use crate::system::root::{Kind, Root};

/// Modules of a kernel are larger nowhere.
const MAX_BYTES: u64 = 64 << 20;
/// Deeper than any kernel's own tree.
const MAX_DEPTH: usize = 12;
/// Modules that are looked at before a kernel is taken for one whose modules are not signed.
const TRIES: usize = 8;

/// The signer of the first of a kernel's own modules that is signed; `directory` is the kernel's. Empty if there is none.
pub fn of_kernel(root: &Root, directory: &Path) -> Vec<SignerId> {
    let mut left = TRIES;
    first(root, &directory.join("kernel"), 0, &mut left).into_iter().collect()
}

fn first(root: &Root, directory: &Path, depth: usize, left: &mut usize) -> Option<SignerId> {
    let entries = root.list(directory).unwrap_or_default();
    for (name, kind) in entries {
        let path = directory.join(&name);
        let found = match kind {
            Kind::Directory if depth < MAX_DEPTH => first(root, &path, depth + 1, left),
            Kind::File if name.to_str().and_then(Compression::of_file_name).is_some() => {
                *left = left.checked_sub(1)?;
                signer(root, &path)
            }
            _ => None,
        };
        if found.is_some() || *left == 0 {
            return found;
        }
    }
    None
}

fn signer(root: &Root, path: &Path) -> Option<SignerId> {
    let module = compression::unpack(root.read_bounded(path, MAX_BYTES).ok()?, MAX_BYTES).ok()?;
    strip_signature(&module).1?.id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_file::certificate::Certificate;
    use crate::testing;

    #[test]
    fn one_signed_module_is_enough_and_others_modules_do_not_count() {
        let (_directory, setup) = testing::setup();
        let certificate = Certificate::parse(include_bytes!("../../../../tests/fixtures/signatures/ours.der")).unwrap();
        let message = include_bytes!("../../../../tests/fixtures/signatures/sha512.p7s");
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let signed =
            [b"o", &message[..], &[0, 0, 2, 0, 0, 0, 0, 0], &length, b"~Module signature appended~\n"].concat();
        let kernel = Path::new("/lib/modules/6.1");
        testing::write(&setup, "/lib/modules/6.1/updates/dkms/m.ko", &signed);
        testing::write(&setup, "/lib/modules/6.1/kernel/a/plain.ko", "plain");
        assert_eq!(of_kernel(&setup.root, kernel), []);
        testing::write(&setup, "/lib/modules/6.1/kernel/b/c/own.ko", &signed);
        assert!(certificate.is(&of_kernel(&setup.root, kernel)[0]));
    }
}
