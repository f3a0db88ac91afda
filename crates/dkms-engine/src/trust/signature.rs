//! The second and the fourth question: what is the signature, and is it revoked?

use sha2::{Digest as _, Sha256};

use super::ring::{self, Found};
use super::{Circumstances, Ring};
use crate::facts::firmware::Firmware;
use crate::facts::firmware::signature_list::SignatureList;
use crate::module_file::certificate::Certificate;
use crate::module_file::signature::digest::Digest;
use crate::module_file::signature::message::{Message, SignerId};
use crate::module_file::signature::{Appended, Fit};

/// A module's last signature, as a kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The kernel was made without signatures of modules.
    NotLookedAt,
    /// There is none.
    Missing,
    /// Its key is in no ring that is asked.
    UnknownKey {
        /// What the machine has of it, and why that does not count.
        reason: Option<String>,
    },
    /// Its kind, its digest or the kind of its key cannot be verified by this kernel.
    Unsupported {
        /// What, as a fragment.
        what: String,
    },
    /// The key is known, and the signature or the module was changed afterwards; or the message has what none may have.
    Wrong,
    /// Nothing that a kernel can take apart.
    Damaged,
    /// Signature, file or certificate is revoked.
    Revoked {
        /// Where that is said.
        by: &'static str,
    },
    /// Good. By a key that is built in, the content was not verified: the key itself is in the kernel's image.
    Good {
        /// The ring that has the key.
        ring: Ring,
    },
    /// Cannot be told.
    Uncertain {
        /// What is not known, as a fragment.
        reason: String,
        /// It was verified with the certificate that it names, so a kernel that knows the key has nothing against it.
        fits: bool,
    },
}

impl Signature {
    pub(super) fn of(on: &Circumstances<'_>, module: &[u8]) -> Self {
        if let Some(revoked) = revoked_file(on, module) {
            return revoked;
        }
        let (object, message) = match Appended::of(module) {
            Appended::Nothing => return Self::Missing,
            Appended::Damaged => return Self::Damaged,
            Appended::Unsupported { .. } => return Self::Unsupported { what: "its kind of signature".into() },
            Appended::Message { object, message } => (object, message),
        };
        let Ok(message) = Message::parse(message) else { return Self::Damaged };
        // Before any key is looked for: what a module's message must not have. Signatures by ML-DSA may.
        if message.has_more {
            let waived = on.built_in("CONFIG_PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA");
            let reason = "whether it accepts the attributes of the signature is not known".into();
            return if waived { Self::Uncertain { reason, fits: false } } else { Self::Wrong };
        }
        if let Some(unsupported) = unsupported(on, message.digest) {
            return unsupported;
        }
        if let Some(by) = revoked(on, &message.signer) {
            return Self::Revoked { by };
        }
        let (known, certificate) = match ring::find(on, &message.signer) {
            Found::Nowhere(reason) => return Self::UnknownKey { reason },
            // The key itself is in the kernel's image, where nothing here looks for it.
            Found::Known(ring, None) => return Self::Good { ring },
            Found::Known(ring, Some(certificate)) => (Ok(ring), Some(certificate)),
            Found::Uncertain(reason, certificate) => (Err(reason), certificate),
        };
        let fit = certificate.map_or(Fit::NotComputed, |certificate| message.fits(object, certificate));
        match (known, fit) {
            (Ok(ring), Fit::Good) => Self::Good { ring },
            (Ok(_), Fit::Wrong) => Self::Wrong,
            (Ok(_), Fit::NotComputed) => {
                Self::Uncertain { reason: "signatures by its kind of key are not computed".into(), fits: false }
            }
            (Err(reason), fit) => Self::Uncertain { reason, fits: fit == Fit::Good },
        }
    }
}

/// A digest has to be built in: a module of it cannot be loaded from within the loading of another one. The one that the
/// kernel's own modules are signed with always is.
fn unsupported(on: &Circumstances<'_>, digest: Digest) -> Option<Signature> {
    let option = match digest {
        Digest::Sha1 => "CONFIG_CRYPTO_SHA1",
        Digest::Sha224 | Digest::Sha256 => "CONFIG_CRYPTO_SHA256",
        Digest::Sha384 | Digest::Sha512 => "CONFIG_CRYPTO_SHA512",
        Digest::Sha3_256 | Digest::Sha3_384 | Digest::Sha3_512 => "CONFIG_CRYPTO_SHA3",
        Digest::Sm3 | Digest::Unknown => {
            let reason = "whether it verifies the signature's digest is not known".into();
            return Some(Signature::Uncertain { reason, fits: false });
        }
    };
    let own = on.kernel.config.text("CONFIG_MODULE_SIG_HASH") == Some(digest.name());
    (on.kernel.config.path.is_some() && !own && !on.built_in(option))
        .then(|| Signature::Unsupported { what: format!("the digest {}", digest.name()) })
}

/// What counts of what is revoked: shim's list only under Secure Boot.
pub(super) fn revoked_by<'a>(on: &Circumstances<'a>) -> Vec<(&'static str, &'a SignatureList)> {
    let Firmware::Efi(efi) = on.firmware else { return Vec::new() };
    let mut lists = vec![("dbx", &efi.dbx)];
    if on.secure_boot() == Some(true) {
        lists.push(("MokListX", &efi.mokx));
    }
    lists
}

/// A certificate is looked for only where the kernel was made so: CONFIG_SYSTEM_REVOCATION_LIST, 5.13.
fn revoked(on: &Circumstances<'_>, signer: &SignerId) -> Option<&'static str> {
    listed(on, |list| list.certificates.iter().any(|one| one.is(signer)))
}

/// The same for a certificate of which all bytes are known.
pub(super) fn revoked_certificate(on: &Circumstances<'_>, certificate: &Certificate) -> Option<&'static str> {
    listed(on, |list| list.has(certificate))
}

fn listed(on: &Circumstances<'_>, has: impl Fn(&SignatureList) -> bool) -> Option<&'static str> {
    if !on.built_in("CONFIG_SYSTEM_REVOCATION_LIST") {
        return None;
    }
    revoked_by(on).into_iter().find(|(_, list)| has(list)).map(|(name, _)| name)
}

/// The hash of the file, signature included: a patch that Debian has; whether others have it is not known.
fn revoked_file(on: &Circumstances<'_>, module: &[u8]) -> Option<Signature> {
    let lists = revoked_by(on);
    if lists.iter().all(|(_, list)| list.hashes.is_empty()) {
        return None;
    }
    let hash: [u8; 32] = Sha256::digest(module).into();
    let by = lists.into_iter().find(|(_, list)| list.hashes.contains(&hash)).map(|(name, _)| name)?;
    let patched = on.kernel.config.enabled("CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT");
    match on.distribution.checks_hashes_of_modules() {
        _ if !patched => None,
        Some(true) => Some(Signature::Revoked { by }),
        Some(false) => None,
        None => Some(Signature::Uncertain {
            reason: format!("whether it looks for the module in {by} is not known"),
            fits: false,
        }),
    }
}
