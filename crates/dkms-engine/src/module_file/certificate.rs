//! One certificate: which signatures are by its key, and what it may be used for.

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, DecodePem, Encode};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};

use crate::module_file::signature::message::{SignerId, common_name, positive};

/// Purpose "code signing", RFC 5280.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// RSA, RFC 8017.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Elliptic curves, RFC 5480.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A certificate that could be read. Two are the same if all their bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// DER, whole.
    pub der: Vec<u8>,
    /// Common name of its subject; empty without one.
    pub name: String,
    /// Basic constraints say that it is an authority.
    pub is_authority: bool,
    /// What its key may be used for; `None` if it does not say.
    pub key_usage: Option<Usage>,
    /// Its purposes include code signing; `None` if it names no purposes.
    pub code_signing: Option<bool>,
    /// The kind of its key: `RSA`, `EC` or `other`.
    pub key_kind: &'static str,
    /// Bits of its RSA key; `None` for a key of another kind.
    pub rsa_bits: Option<usize>,
    /// SHA-256 of the part of it that is signed: by this a certificate can be revoked.
    pub signed_part_hash: [u8; 32],
    /// What a signature names as its signer.
    issuer: SignerId,
    subject_key: Option<SignerId>,
    /// The public key, as an RSA key if it is one.
    key: Option<RsaPublicKey>,
}

/// The uses of a key that kernels ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// `keyCertSign`.
    pub sign_certificates: bool,
    /// `digitalSignature`.
    pub digital_signature: bool,
}

impl Certificate {
    /// Reads a certificate, in DER or PEM.
    ///
    /// # Errors
    /// Why it is none, as a fragment.
    pub fn parse(content: &[u8]) -> Result<Self, String> {
        let damaged = |error: x509_cert::der::Error| format!("it is not a certificate ({error})");
        let pem = content.starts_with(b"-----BEGIN");
        let found = if pem { X509::from_pem(content) } else { X509::from_der(content) }.map_err(damaged)?;
        let tbs = &found.tbs_certificate;
        let key_info = tbs.subject_public_key_info.to_der().map_err(damaged)?;
        let key_kind = match tbs.subject_public_key_info.algorithm.oid {
            RSA => "RSA",
            EC => "EC",
            _ => "other",
        };
        let key = (key_kind == "RSA").then(|| RsaPublicKey::from_public_key_der(&key_info).ok()).flatten();
        let constraints: Option<(bool, BasicConstraints)> = tbs.get().map_err(damaged)?;
        let usage: Option<(bool, KeyUsage)> = tbs.get().map_err(damaged)?;
        let purposes: Option<(bool, ExtendedKeyUsage)> = tbs.get().map_err(damaged)?;
        let subject_key: Option<(bool, SubjectKeyIdentifier)> = tbs.get().map_err(damaged)?;
        let name = tbs.issuer.to_der().map_err(damaged)?;
        let serial = positive(tbs.serial_number.as_bytes()).to_vec();
        Ok(Self {
            der: if pem { found.to_der().map_err(damaged)? } else { content.to_vec() },
            name: common_name(&tbs.subject),
            is_authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
            key_usage: usage.map(|(_, usage)| Usage {
                sign_certificates: usage.key_cert_sign(),
                digital_signature: usage.digital_signature(),
            }),
            code_signing: purposes.map(|(_, purposes)| purposes.0.contains(&CODE_SIGNING)),
            key_kind,
            rsa_bits: key.as_ref().map(|key| rsa::traits::PublicKeyParts::size(key) * 8),
            signed_part_hash: Sha256::digest(tbs.to_der().map_err(damaged)?).into(),
            issuer: SignerId::Issuer { name, serial },
            subject_key: subject_key.map(|(_, key)| SignerId::SubjectKey(key.0.as_bytes().to_vec())),
            key,
        })
    }

    /// Whether a signature by this signer is one by this certificate's key.
    pub fn is(&self, signer: &SignerId) -> bool {
        self.issuer == *signer || self.subject_key.as_ref() == Some(signer)
    }

    /// SHA-256 of all of it, hexadecimal: the name by which it is remembered.
    pub(crate) fn sha256(&self) -> String {
        crate::fingerprint::hex(&Sha256::digest(&self.der))
    }

    /// The key, if it is an RSA key that can be used here.
    pub(crate) fn rsa_key(&self) -> Option<&RsaPublicKey> {
        self.key.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_read_in_both_forms() {
        let der = include_bytes!("../../../../tests/fixtures/signatures/ours.der");
        let found = Certificate::parse(der).unwrap();
        assert_eq!((found.name.as_str(), found.rsa_bits), ("sbvm ours", Some(2048)));
        assert!(found.is_authority && found.code_signing == Some(true) && found.key_usage.is_none());
        let pem = include_bytes!("../../../../tests/fixtures/signatures/ours.pem");
        assert_eq!(Certificate::parse(pem).unwrap(), found);
    }

    #[test]
    fn rules_are_read() {
        let authority = Certificate::parse(include_bytes!("../../../../tests/fixtures/signatures/ca.der")).unwrap();
        let usage = Usage { sign_certificates: true, digital_signature: false };
        assert_eq!((authority.key_usage, authority.code_signing), (Some(usage), None));
    }

    #[test]
    fn damage_is_told() {
        let der = include_bytes!("../../../../tests/fixtures/signatures/ours.der");
        for cut in 0..der.len() {
            assert!(Certificate::parse(&der[..cut]).is_err(), "{cut}");
        }
    }
}
