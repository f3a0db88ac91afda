//! The PKCS#7 message of an appended signature: who signed, with which digest, and whether it fits the object.
//!
//! `scripts/sign-file` of the kernel writes one signer, no certificates and no attributes, and names the signer by issuer
//! and serial number, or with `-k` by the identifier of its key. Format: RFC 5652.

use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::name::Name;

use super::digest::Digest;

/// Types of content, RFC 5652: `id-signedData` around `id-data`.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

/// Who signed, as the kernel looks for a key: byte for byte, never by a common name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignerId {
    /// DER of the issuer's name, and the serial number without a leading zero.
    Issuer {
        /// The name.
        name: Vec<u8>,
        /// The number.
        serial: Vec<u8>,
    },
    /// Identifier of the key, as its certificate has it.
    SubjectKey(Vec<u8>),
}

/// A message that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who signed.
    pub signer: SignerId,
    /// Common name of the certificate's issuer, which for a self-signed one is its own; empty if unknown.
    pub common_name: String,
    /// Digest over the object.
    pub digest: Digest,
    /// Algorithm of the key, as an object identifier.
    pub(crate) key_algorithm: ObjectIdentifier,
    /// The signature proper.
    pub(crate) signature: Vec<u8>,
    /// There are signed attributes, embedded content, or several signers, which no known program writes and the kernel
    /// accepts in no module or only if all are right.
    pub(crate) has_more: bool,
}

impl Message {
    /// Reads a message. Of several signers, which no known program writes, the first one counts.
    ///
    /// # Errors
    /// Why it is none, as a fragment.
    pub fn parse(message: &[u8]) -> Result<Self, String> {
        let damaged = |error| format!("its message cannot be read ({error})");
        let content = ContentInfo::from_der(message).map_err(damaged)?;
        let data: SignedData = content.content.decode_as().map_err(damaged)?;
        let (outer, inner) = (content.content_type, data.encap_content_info.econtent_type);
        let has_content = data.encap_content_info.econtent.is_some() || outer != SIGNED_DATA || inner != DATA;
        // With several signers a wrong one by a known key decides, and which that is is not known here.
        let has_several = data.signer_infos.0.len() > 1;
        let Some(first) = data.signer_infos.0.get(0) else { return Err("its message has no signer".into()) };
        let SignerInfo { sid, digest_alg, signed_attrs, signature_algorithm, signature, .. } = first.clone();
        let (signer, common_name) = match sid {
            SignerIdentifier::IssuerAndSerialNumber(both) => {
                let name = both.issuer.to_der().map_err(damaged)?;
                let serial = positive(both.serial_number.as_bytes()).to_vec();
                (SignerId::Issuer { name, serial }, common_name(&both.issuer))
            }
            SignerIdentifier::SubjectKeyIdentifier(key) => {
                (SignerId::SubjectKey(key.0.as_bytes().to_vec()), String::new())
            }
        };
        Ok(Self {
            signer,
            common_name,
            digest: Digest::of(&digest_alg.oid),
            key_algorithm: signature_algorithm.oid,
            signature: signature.as_bytes().to_vec(),
            has_more: has_content || has_several || signed_attrs.is_some(),
        })
    }
}

impl SignerId {
    /// Serial number or key identifier, in capital hexadecimal digits, as `modinfo` shows it.
    pub fn key(&self) -> String {
        let (Self::Issuer { serial: key, .. } | Self::SubjectKey(key)) = self;
        crate::fingerprint::hex(key).to_ascii_uppercase()
    }
}

/// The common name in a distinguished name; empty without one.
pub(crate) fn common_name(name: &Name) -> String {
    /// `id-at-commonName`, RFC 5280.
    const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    let attributes = name.0.iter().flat_map(|part| part.0.iter());
    let value =
        attributes.filter(|attribute| attribute.oid == COMMON_NAME).map(|attribute| attribute.value.value()).next();
    value.map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// A positive number without the byte that keeps it from being negative.
pub(crate) fn positive(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(number)
}
