//! `EFI_SIGNATURE_LIST`: how the firmware and shim keep certificates and hashes.
//!
//! Repeated to the end: type (16 bytes), size of the list, size of a header, size of an entry (u32 each, little-endian),
//! header, entries of owner (16 bytes) and data. UEFI specification 2.11, 32.4.1.

use crate::module_file::certificate::Certificate;

/// Types as they lie in the file.
const X509: [u8; 16] = 0xa159_c0a5_e494_a74a_87b5_ab15_5c2b_f072_u128.to_be_bytes();
const SHA256: [u8; 16] = 0x2616_c4c1_4c50_9240_aca9_41f9_3693_4328_u128.to_be_bytes();
const TBS_SHA256: [u8; 16] = 0x92a4_d23b_c096_7940_b420_fcf9_8ef1_03ed_u128.to_be_bytes();
/// Type and three sizes.
const HEADER: usize = 28;
/// GUID of an entry's owner.
const OWNER: usize = 16;

/// Certificates and hashes that belong together: the allowed or the forbidden ones of firmware or shim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureList {
    /// Certificates that can be read; a kernel leaves out the others, too.
    pub certificates: Vec<Certificate>,
    /// SHA-256 of whole files.
    pub hashes: Vec<[u8; 32]>,
    /// SHA-256 of the part of certificates that is signed.
    pub certificate_hashes: Vec<[u8; 32]>,
}

impl SignatureList {
    /// Reads lists until one does not add up, where a kernel stops, too (`parse_efi_signature_list`).
    pub fn parse(bytes: &[u8]) -> Self {
        let mut all = Self::default();
        let mut rest = bytes;
        while let Some(list) = List::first(rest) {
            for data in list.entries.chunks_exact(list.entry_size).map(|entry| &entry[OWNER..]) {
                all.add(list.kind, data);
            }
            rest = list.behind;
        }
        all
    }

    fn add(&mut self, kind: [u8; 16], data: &[u8]) {
        // A hash may have the time of its revocation behind it.
        let hash = data.first_chunk::<32>().copied();
        match kind {
            X509 => self.certificates.extend(Certificate::parse(data).ok()),
            SHA256 => self.hashes.extend(hash),
            TBS_SHA256 => self.certificate_hashes.extend(hash),
            _ => {}
        }
    }

    /// Whether this very certificate is in it, all bytes of it.
    pub fn has(&self, certificate: &Certificate) -> bool {
        self.certificates.iter().any(|one| one.der == certificate.der)
    }
}

/// One list, taken off the beginning of several.
struct List<'a> {
    kind: [u8; 16],
    entries: &'a [u8],
    entry_size: usize,
    /// What comes after it.
    behind: &'a [u8],
}

impl<'a> List<'a> {
    /// `None` if it does not add up.
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let kind = *bytes.first_chunk::<16>()?;
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(bytes)).ok()
        };
        let (list, header, entry_size) = (number(16)?, number(20)?, number(24)?);
        let (whole, behind) = bytes.split_at_checked(list)?;
        let entries = whole.get(HEADER.checked_add(header)?..)?;
        let adds_up = entry_size > OWNER && entries.len() >= entry_size && entries.len() % entry_size == 0;
        adds_up.then_some(Self { kind, entries, entry_size, behind })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const OURS: &[u8] = include_bytes!("../../../../../tests/fixtures/signatures/ours.der");

    /// A list with one entry.
    pub(crate) fn list(kind: [u8; 16], data: &[u8]) -> Vec<u8> {
        let entry = u32::try_from(OWNER + data.len()).unwrap();
        let size = u32::try_from(HEADER).unwrap() + entry;
        [&kind[..], &size.to_le_bytes(), &[0; 4], &entry.to_le_bytes(), &[9; OWNER], data].concat()
    }

    pub(crate) fn certificate(der: &[u8]) -> Vec<u8> {
        list(X509, der)
    }

    #[test]
    fn lists_are_read_to_the_end() {
        let lists = [certificate(OURS), list(SHA256, &[5; 32]), list([1; 16], b"other"), list(TBS_SHA256, &[6; 48])];
        let found = SignatureList::parse(&lists.concat());
        assert_eq!(found.certificates[0].name, "sbvm ours");
        assert_eq!((found.hashes, found.certificate_hashes), (vec![[5; 32]], vec![[6; 32]]));
    }

    #[test]
    fn what_does_not_add_up_ends_them() {
        let mut bad = list(SHA256, &[5; 32]);
        bad[24] = 0;
        let lists = [certificate(OURS), bad, list(SHA256, &[7; 32])].concat();
        let found = SignatureList::parse(&lists);
        assert_eq!((found.certificates.len(), found.hashes.len()), (1, 0));
        let empty = [&X509[..], &28_u32.to_le_bytes(), &[0; 4], &44_u32.to_le_bytes()].concat();
        assert_eq!(SignatureList::parse(&[empty, certificate(OURS)].concat()), SignatureList::default());
        let whole = certificate(OURS);
        for cut in 0..whole.len() {
            assert_eq!(SignatureList::parse(&whole[..cut]), SignatureList::default());
        }
    }
}
