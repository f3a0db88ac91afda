//! The signature that is appended to a signed module: taking it off, reading who made it, and whether it fits.
//!
//! ```text
//! object | PKCS#7 message | struct module_signature (12 bytes) | "~Module signature appended~\n"
//! ```
//!
//! A kernel looks at the last one only; what lies before it, an older signature included, is content. Layout: the kernel's
//! `include/uapi/linux/module_signature.h`; what a kernel makes of each fault: `kernel/module_signature.c`.

pub mod digest;
pub mod message;

use message::{Message, SignerId};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::module_file::certificate::Certificate;

const MAGIC: &[u8] = b"~Module signature appended~\n";
/// `struct module_signature`: five bytes, three of padding, the length in network order.
const STRUCTURE: usize = 12;
/// `id_type` of a PKCS#7 message; the older formats have not been written since Linux 4.3.
const PKCS7: u8 = 2;
/// Algorithms of an RSA key: alone, and together with SHA-2 of each length; RFC 8017.
const RSA: [&str; 5] = [
    "1.2.840.113549.1.1.1",
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.14",
];

/// What is at the end of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended<'a> {
    /// No signature: the kernel's ENODATA.
    Nothing,
    /// One that no kernel can take apart: EBADMSG.
    Damaged,
    /// A signature of another kind: ENOPKG.
    Unsupported {
        /// What is before it.
        object: &'a [u8],
    },
    /// A message.
    Message {
        /// What was signed.
        object: &'a [u8],
        /// The message.
        message: &'a [u8],
    },
}

impl<'a> Appended<'a> {
    /// Looks at the end of a module, as `mod_check_sig` of the kernel does.
    pub fn of(module: &'a [u8]) -> Self {
        let Some(signed) = module.strip_suffix(MAGIC) else { return Self::Nothing };
        let split = || {
            let (rest, structure) = signed.split_at_checked(signed.len().checked_sub(STRUCTURE)?)?;
            let length = u32::from_be_bytes(structure[8..].try_into().ok()?);
            let (object, message) = rest.split_at_checked(rest.len().checked_sub(usize::try_from(length).ok()?)?)?;
            Some((object, structure, message))
        };
        match split() {
            None => Self::Damaged,
            Some((object, structure, _)) if structure[2] != PKCS7 => Self::Unsupported { object },
            Some((_, structure, _)) if structure[..8] != [0, 0, PKCS7, 0, 0, 0, 0, 0] => Self::Damaged,
            Some((object, _, message)) => Self::Message { object, message },
        }
    }
}

/// What an appended signature says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailer {
    /// Common name of the certificate's issuer, which for a self-signed one is its own; empty if unknown.
    pub signer: String,
    /// Serial number or key identifier, upper-case hexadecimal; empty if unknown.
    pub key: String,
    /// Digest as the kernel configuration spells it (`sha256`); empty if unknown.
    pub digest: String,
    /// Bytes of message, structure and magic together.
    pub size: usize,
    /// Who signed; `None` if the message cannot be read.
    pub id: Option<SignerId>,
}

/// Separates a module from its last signature. Bytes that do not end in a plausible signature come back whole.
pub fn strip_signature(module: &[u8]) -> (&[u8], Option<Trailer>) {
    let (object, message) = match Appended::of(module) {
        Appended::Nothing | Appended::Damaged => return (module, None),
        Appended::Unsupported { object } => (object, None),
        Appended::Message { object, message } => (object, Message::parse(message).ok()),
    };
    let size = module.len() - object.len();
    let trailer = match message {
        None => Trailer { size, ..Trailer::default() },
        Some(message) => Trailer {
            signer: message.common_name,
            key: message.signer.key(),
            digest: message.digest.name().to_owned(),
            size,
            id: Some(message.signer),
        },
    };
    (object, Some(trailer))
}

/// A module without any of its signatures.
pub fn strip_all(module: &[u8]) -> &[u8] {
    let mut object = module;
    while let (rest, Some(_)) = strip_signature(object) {
        object = rest;
    }
    object
}

/// Whether a signature fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The key made it, over this object.
    Good,
    /// The object or the signature was changed afterwards, or there is more in the message than a module's may have.
    Wrong,
    /// Cannot be computed here: another kind of key, or another digest.
    NotComputed,
}

impl Message {
    /// Whether this is a signature over an object by the key of a certificate.
    pub fn fits(&self, object: &[u8], certificate: &Certificate) -> Fit {
        if self.has_more {
            return Fit::Wrong;
        }
        let is_rsa = RSA.iter().any(|one| ObjectIdentifier::new(one) == Ok(self.key_algorithm));
        let Some(key) = certificate.rsa_key().filter(|_| is_rsa) else { return Fit::NotComputed };
        match self.digest.verifies(key, object, &self.signature) {
            None => Fit::NotComputed,
            Some(true) => Fit::Good,
            Some(false) => Fit::Wrong,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::digest::Digest;
    use super::*;

    /// Made with openssl over the bytes "object\n", as `scripts/sign-file` does it.
    const MESSAGE: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/sha512.p7s");
    const BY_KEY: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/by-key.p7s");
    const WITH_ATTRIBUTES: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/attributes.p7s");
    const OURS: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/ours.der");
    const FOREIGN: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/ca.der");

    fn signed(object: &[u8], message: &[u8], length: usize) -> Vec<u8> {
        let length = u32::try_from(length).unwrap().to_be_bytes();
        [object, message, &[0, 0, PKCS7, 0, 0, 0, 0, 0], &length, MAGIC].concat()
    }

    /// With two signatures, neither of which fits.
    pub(crate) fn signed_twice(object: &[u8]) -> Vec<u8> {
        signed(&signed(object, BY_KEY, BY_KEY.len()), MESSAGE, MESSAGE.len())
    }

    #[test]
    fn a_signature_is_taken_off_and_read() {
        let module = signed(b"object\n", MESSAGE, MESSAGE.len());
        let (object, trailer) = strip_signature(&module);
        assert_eq!(object, b"object\n");
        let trailer = trailer.unwrap();
        assert_eq!((trailer.signer.as_str(), trailer.digest.as_str()), ("sbvm ours", "sha512"));
        assert_eq!((trailer.key.len(), trailer.size), (40, module.len() - 7));
        let certificate = Certificate::parse(OURS).unwrap();
        assert!(certificate.is(&trailer.id.unwrap()));
    }

    #[test]
    fn a_signer_is_known_by_issuer_and_number_or_by_its_key() {
        let (ours, foreign) = (Certificate::parse(OURS).unwrap(), Certificate::parse(FOREIGN).unwrap());
        for message in [MESSAGE, BY_KEY] {
            let message = Message::parse(message).unwrap();
            assert!(ours.is(&message.signer) && !foreign.is(&message.signer));
        }
    }

    #[test]
    fn whether_it_fits() {
        let ours = Certificate::parse(OURS).unwrap();
        let message = Message::parse(MESSAGE).unwrap();
        assert_eq!(message.fits(b"object\n", &ours), Fit::Good);
        assert_eq!(message.fits(b"Object\n", &ours), Fit::Wrong);
        assert_eq!(Message { digest: Digest::Sha256, ..message.clone() }.fits(b"object\n", &ours), Fit::Wrong);
        assert_eq!(Message { digest: Digest::Sm3, ..message }.fits(b"object\n", &ours), Fit::NotComputed);
        assert_eq!(Message::parse(WITH_ATTRIBUTES).unwrap().fits(b"object\n", &ours), Fit::Wrong);
    }

    #[test]
    fn what_is_no_signature_stays() {
        assert_eq!(strip_signature(b"object"), (&b"object"[..], None));
        assert_eq!(strip_signature(MAGIC), (MAGIC, None));
        let module = signed(b"object", b"", 4000);
        assert_eq!(strip_signature(&module), (&module[..], None));
        assert_eq!(Appended::of(&module), Appended::Damaged);
    }

    #[test]
    fn fields_that_the_kernel_wants_to_be_zero() {
        let module = signed(b"o", MESSAGE, MESSAGE.len());
        let at = |field: usize| module.len() - MAGIC.len() - STRUCTURE + field;
        let changed = |field: usize| {
            let mut module = module.clone();
            module[at(field)] = 7;
            module
        };
        assert!(matches!(Appended::of(&changed(2)), Appended::Unsupported { object: b"o" }));
        for field in [0, 1, 3, 4, 5, 6, 7] {
            assert_eq!(Appended::of(&changed(field)), Appended::Damaged);
        }
    }

    #[test]
    fn all_signatures_are_taken_off() {
        let once = signed(b"object\n", MESSAGE, MESSAGE.len());
        let twice = signed(&once, BY_KEY, BY_KEY.len());
        assert_eq!(strip_signature(&twice).0, once);
        assert_eq!(strip_all(&twice), b"object\n");
    }

    #[test]
    fn a_damaged_message_says_nothing_and_stops_nothing() {
        for cut in 0..MESSAGE.len() {
            let module = signed(b"o", &MESSAGE[..cut], cut);
            let (object, trailer) = strip_signature(&module);
            assert_eq!(object, b"o");
            assert!(trailer.unwrap().id.is_none());
        }
    }
}
