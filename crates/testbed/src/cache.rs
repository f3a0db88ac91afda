//! Where heavy things are kept between runs, and how their names are made from what they depend on.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// A place below the cache directory; deleting the directory is always safe.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from("/var/cache/dkms-rs").join(name)
}

/// A short key of everything that a cached thing depends on.
pub fn key<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.as_ref().len() as u64).to_le_bytes());
        hasher.update(part.as_ref());
    }
    hex(&hasher.finalize())[..16].to_owned()
}

/// SHA-256 of bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}
