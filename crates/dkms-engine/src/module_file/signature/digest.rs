//! Digests that a signature can be made with, and their names.

use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_384, Sha3_512};
use x509_cert::der::asn1::ObjectIdentifier;

/// A digest, as `crypto/asymmetric_keys/pkcs7_parser.c` of the kernel knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-2 of 224 bits.
    Sha224,
    /// SHA-2 of 256 bits.
    Sha256,
    /// SHA-2 of 384 bits.
    Sha384,
    /// SHA-2 of 512 bits.
    Sha512,
    /// SHA-3 of 256 bits.
    Sha3_256,
    /// SHA-3 of 384 bits.
    Sha3_384,
    /// SHA-3 of 512 bits.
    Sha3_512,
    /// SM3, which some kernels verified.
    Sm3,
    /// One that no kernel verifies.
    Unknown,
}

/// Object identifier and name of each, RFC 8017 and RFC 8702.
const KNOWN: [(Digest, &str, &str); 9] = [
    (Digest::Sha1, "1.3.14.3.2.26", "sha1"),
    (Digest::Sha224, "2.16.840.1.101.3.4.2.4", "sha224"),
    (Digest::Sha256, "2.16.840.1.101.3.4.2.1", "sha256"),
    (Digest::Sha384, "2.16.840.1.101.3.4.2.2", "sha384"),
    (Digest::Sha512, "2.16.840.1.101.3.4.2.3", "sha512"),
    (Digest::Sha3_256, "2.16.840.1.101.3.4.2.8", "sha3-256"),
    (Digest::Sha3_384, "2.16.840.1.101.3.4.2.9", "sha3-384"),
    (Digest::Sha3_512, "2.16.840.1.101.3.4.2.10", "sha3-512"),
    (Digest::Sm3, "1.2.156.10197.1.401", "sm3"),
];

impl Digest {
    pub(super) fn of(identifier: &ObjectIdentifier) -> Self {
        let is_it = |known: &&(Self, &str, &str)| ObjectIdentifier::new(known.1).as_ref() == Ok(identifier);
        KNOWN.iter().find(is_it).map_or(Self::Unknown, |known| known.0)
    }

    /// As the kernel's configuration spells it (`sha256`); empty if it is not known.
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|known| known.0 == self).map_or("", |known| known.2)
    }

    /// Verifies an RSA signature over `content`: `None` for a digest that is not computed here.
    pub(super) fn verifies(self, key: &rsa::RsaPublicKey, content: &[u8], signature: &[u8]) -> Option<bool> {
        use rsa::Pkcs1v15Sign as Padding;
        let (padding, hash) = match self {
            Self::Sha1 => (Padding::new::<Sha1>(), Sha1::digest(content).to_vec()),
            Self::Sha224 => (Padding::new::<Sha224>(), Sha224::digest(content).to_vec()),
            Self::Sha256 => (Padding::new::<Sha256>(), Sha256::digest(content).to_vec()),
            Self::Sha384 => (Padding::new::<Sha384>(), Sha384::digest(content).to_vec()),
            Self::Sha512 => (Padding::new::<Sha512>(), Sha512::digest(content).to_vec()),
            Self::Sha3_256 => (Padding::new::<Sha3_256>(), Sha3_256::digest(content).to_vec()),
            Self::Sha3_384 => (Padding::new::<Sha3_384>(), Sha3_384::digest(content).to_vec()),
            Self::Sha3_512 => (Padding::new::<Sha3_512>(), Sha3_512::digest(content).to_vec()),
            Self::Sm3 | Self::Unknown => return None,
        };
        Some(key.verify(padding, &hash, signature).is_ok())
    }
}
