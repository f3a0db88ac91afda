//! What is left of a kernel module when compression and signature are taken off.

use std::path::Path;

use anyhow::Result;
use testbed::cache;
use testbed::command::Cmd;
use testbed::disk;

/// Ends a signed module; before it stand the signature and a 12-byte `struct module_signature` whose last four bytes
/// are the big-endian length of the signature (include/linux/module_signature.h of the kernel).
const MAGIC: &[u8] = b"~Module signature appended~\n";

/// Whether a file name is that of a module, compressed or not.
pub(super) fn is_module(name: &str) -> bool {
    [".ko", ".ko.gz", ".ko.xz", ".ko.zst"].iter().any(|suffix| name.ends_with(suffix))
}

/// Digest of the bare object and whether it was signed.
pub(super) fn describe(path: &Path) -> Result<String> {
    let name = path.to_string_lossy();
    let tool = match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("gz") => Some("gzip"),
        Some("xz") => Some("xz"),
        Some("zst") => Some("zstd"),
        _ => None,
    };
    let bytes = match tool {
        Some(tool) => Cmd::new(tool).args(["-d", "-c", "-q"]).arg(path).bytes()?,
        None => disk::bytes(path)?,
    };
    let (bare, signed) = unsigned(&bytes);
    Ok(format!("object {} {}", &cache::digest(bare)[..16], if signed { "signed" } else { "unsigned" }))
}

fn unsigned(bytes: &[u8]) -> (&[u8], bool) {
    let bare = || {
        let rest = bytes.strip_suffix(MAGIC)?;
        let (_, length) = rest.split_last_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        rest.get(..rest.len().checked_sub(12 + length)?)
    };
    bare().map_or((bytes, false), |bare| (bare, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_taken_off() {
        let mut bytes = b"object".to_vec();
        bytes.extend(b"sig");
        bytes.extend([0; 8]);
        bytes.extend(3u32.to_be_bytes());
        bytes.extend(MAGIC);
        assert_eq!(unsigned(&bytes), (&b"object"[..], true));
        assert_eq!(unsigned(b"object"), (&b"object"[..], false));
        // A length that is larger than the file is no signature.
        assert_eq!(unsigned(MAGIC), (MAGIC, false));
    }
}
