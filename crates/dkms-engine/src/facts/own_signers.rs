//! Who signed a kernel's own modules: their keys are built into it, so they need not be taken out of its image.

use std::collections::BTreeSet;
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
    // What was built with the kernel; where nothing says it, all that is there.
    let order = root.read_to_string(&directory.join("modules.order")).unwrap_or_default();
    let own: BTreeSet<&str> = order.lines().map(|line| line.rsplit_once('.').map_or(line, |(stem, _)| stem)).collect();
    let mut walk = Walk { root, top: directory, own, left: TRIES };
    walk.first(&directory.join("kernel"), 0).into_iter().collect()
}

struct Walk<'a> {
    root: &'a Root,
    /// The kernel's module directory.
    top: &'a Path,
    /// Paths below it, without suffixes.
    own: BTreeSet<&'a str>,
    left: usize,
}

impl Walk<'_> {
    fn first(&mut self, directory: &Path, depth: usize) -> Option<SignerId> {
        for (name, kind) in self.root.list(directory).unwrap_or_default() {
            let path = directory.join(&name);
            let found = match kind {
                Kind::Directory if depth < MAX_DEPTH => self.first(&path, depth + 1),
                Kind::File if self.is_own(&path) => {
                    self.left = self.left.checked_sub(1)?;
                    signer(self.root, &path)
                }
                _ => None,
            };
            if found.is_some() || self.left == 0 {
                return found;
            }
        }
        None
    }

    fn is_own(&self, path: &Path) -> bool {
        let below = path.strip_prefix(self.top).ok().and_then(Path::to_str).unwrap_or_default();
        let file = below.rsplit('/').next().unwrap_or_default();
        let Some((name, _)) = Compression::of_file_name(file) else { return false };
        let stem = &below[..below.len() - file.len() + name.len()];
        self.own.is_empty() || self.own.contains(stem)
    }
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
        testing::write(&setup, "/lib/modules/6.1/modules.order", "kernel/a/plain.ko\n");
        assert_eq!(of_kernel(&setup.root, kernel), [], "it came later");
        testing::write(&setup, "/lib/modules/6.1/modules.order", "kernel/a/plain.ko\nkernel/b/c/own.ko\n");
        assert_eq!(of_kernel(&setup.root, kernel).len(), 1);
    }
}
