//! The signature that is appended to a signed module: taking it off, and reading who made it.
//!
//! ```text
//! object | PKCS#7 message | struct module_signature (12 bytes) | "~Module signature appended~\n"
//! ```
//!
//! Nothing is verified here: that is the kernel's business. What is read is what `modinfo` shows as signer, key and
//! digest; for that a walk over the message's outermost structure is enough. Layout: the kernel's
//! `include/linux/module_signature.h`, RFC 2315 for the message.

const MAGIC: &[u8] = b"~Module signature appended~\n";
/// `struct module_signature`: five bytes, three of padding, the length in network order.
const TRAILER: usize = 12;
/// `id_type` of a PKCS#7 message; the older formats have not been written since Linux 4.3.
const PKCS7: u8 = 2;

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
}

/// Separates a module from its signature. Bytes that do not end in a plausible signature come back whole.
pub fn strip_signature(module: &[u8]) -> (&[u8], Option<Trailer>) {
    let split = || {
        let signed = module.strip_suffix(MAGIC)?;
        let (rest, structure) = signed.split_at_checked(signed.len().checked_sub(TRAILER)?)?;
        let length = u32::from_be_bytes(structure[8..].try_into().ok()?);
        let (object, message) = rest.split_at_checked(rest.len().checked_sub(usize::try_from(length).ok()?)?)?;
        let mut trailer = if structure[2] == PKCS7 { pkcs7(message).unwrap_or_default() } else { Trailer::default() };
        trailer.size = module.len() - object.len();
        Some((object, trailer))
    };
    match split() {
        Some((object, trailer)) => (object, Some(trailer)),
        None => (module, None),
    }
}

const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0: u8 = 0xa0;
/// `[0] IMPLICIT` of a primitive type: the key identifier that may stand in place of issuer and number.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

const DIGESTS: [(&[u8], &str); 9] = [
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], "sha1"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], "sha256"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], "sha384"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], "sha512"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], "sha224"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x08], "sha3-256"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x09], "sha3-384"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x0a], "sha3-512"),
    (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11], "sm3"),
];

/// `SignedData` down to its first `SignerInfo`.
fn pkcs7(message: &[u8]) -> Option<Trailer> {
    let mut content_info = Der(Der(message).expect(SEQUENCE)?);
    content_info.expect(OID)?;
    let mut signed_data = Der(Der(content_info.expect(CONTEXT_0)?).expect(SEQUENCE)?);
    signed_data.expect(INTEGER)?;
    signed_data.expect(SET)?;
    signed_data.expect(SEQUENCE)?;
    // Certificates and revocation lists may stand in between.
    let signer_infos = std::iter::from_fn(|| signed_data.next()).find(|(tag, _)| *tag == SET)?.1;
    let mut signer_info = Der(Der(signer_infos).expect(SEQUENCE)?);
    signer_info.expect(INTEGER)?;
    let mut trailer = Trailer::default();
    match signer_info.next()? {
        (SEQUENCE, issuer_and_number) => {
            let mut both = Der(issuer_and_number);
            trailer.signer = common_name(both.expect(SEQUENCE)?).unwrap_or_default();
            trailer.key = hexadecimal(both.expect(INTEGER)?);
        }
        (CONTEXT_0_PRIMITIVE, identifier) => trailer.key = hexadecimal(identifier),
        _ => return None,
    }
    let algorithm = Der(signer_info.expect(SEQUENCE)?).expect(OID)?;
    let digest = DIGESTS.iter().find(|(oid, _)| *oid == algorithm);
    trailer.digest = digest.map(|(_, name)| (*name).to_owned()).unwrap_or_default();
    Some(trailer)
}

/// The common name in a distinguished name.
fn common_name(name: &[u8]) -> Option<String> {
    let mut parts = Der(name);
    while let Some((_, set)) = parts.next() {
        let mut attribute = Der(Der(set).expect(SEQUENCE)?);
        if attribute.expect(OID)? == COMMON_NAME {
            return Some(String::from_utf8_lossy(attribute.next()?.1).into_owned());
        }
    }
    None
}

fn hexadecimal(number: &[u8]) -> String {
    // The sign byte of a positive number is no part of it.
    let number = number.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(number);
    crate::fingerprint::hex(number).to_ascii_uppercase()
}

/// A sequence of DER values.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Tag and content of the next value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            // More would be longer than anything that fits into a module.
            if bytes.len() > 4 {
                return None;
            }
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut value = vec![tag];
        if content.len() < 0x80 {
            value.push(u8::try_from(content.len()).unwrap());
        } else {
            value.extend([0x82, u8::try_from(content.len() >> 8).unwrap(), u8::try_from(content.len() & 255).unwrap()]);
        }
        value.extend(content);
        value
    }

    fn message() -> Vec<u8> {
        let name = der(SET, &der(SEQUENCE, &[der(OID, COMMON_NAME), der(0x0c, b"My key")].concat()));
        let organisation = der(SET, &der(SEQUENCE, &[der(OID, &[0x55, 4, 10]), der(0x0c, b"Org")].concat()));
        let issuer = der(SEQUENCE, &[organisation, name].concat());
        let algorithm = der(SEQUENCE, &der(OID, DIGESTS[3].0));
        let signer_info = der(
            SEQUENCE,
            &[
                der(INTEGER, &[1]),
                der(SEQUENCE, &[issuer, der(INTEGER, &[0, 0xab, 0xcd])].concat()),
                algorithm.clone(),
                der(0x04, &[7; 256]),
            ]
            .concat(),
        );
        let signed_data = der(
            SEQUENCE,
            &[
                der(INTEGER, &[1]),
                der(SET, &algorithm),
                der(SEQUENCE, &der(OID, &[1, 2])),
                der(CONTEXT_0, b"certificates"),
                der(SET, &signer_info),
            ]
            .concat(),
        );
        der(SEQUENCE, &[der(OID, &[1, 3]), der(CONTEXT_0, &signed_data)].concat())
    }

    fn signed(object: &[u8], message: &[u8], length: usize) -> Vec<u8> {
        let length = u32::try_from(length).unwrap().to_be_bytes();
        [object, message, &[0, 0, PKCS7, 0, 0, 0, 0, 0], &length, MAGIC].concat()
    }

    #[test]
    fn a_signature_is_taken_off_and_read() {
        let message = message();
        let module = signed(b"object", &message, message.len());
        let (object, trailer) = strip_signature(&module);
        assert_eq!(object, b"object");
        let trailer = trailer.unwrap();
        assert_eq!((trailer.signer.as_str(), trailer.key.as_str()), ("My key", "ABCD"));
        assert_eq!((trailer.digest.as_str(), trailer.size), ("sha512", module.len() - 6));
    }

    #[test]
    fn what_is_no_signature_stays() {
        assert_eq!(strip_signature(b"object"), (&b"object"[..], None));
        assert_eq!(strip_signature(MAGIC).1, None);
        let module = signed(b"object", b"", 4000);
        assert_eq!(strip_signature(&module), (&module[..], None));
    }

    #[test]
    fn a_damaged_message_says_nothing_and_stops_nothing() {
        let message = message();
        for cut in 0..message.len() {
            let module = signed(b"o", &message[..cut], cut);
            let (object, trailer) = strip_signature(&module);
            assert_eq!(object, b"o");
            assert!(trailer.is_some());
        }
    }
}
