//! Of which release a kernel image is.
//!
//! An x86 image says so itself, and cannot be wrong; other images are known by the name that was given to them.

use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::system::root::Root;

/// Where the x86 boot protocol has its magic, and the place of the text with the version (Linux,
/// `Documentation/arch/x86/boot.rst`: `header`, `kernel_version`).
const MAGIC: std::ops::Range<usize> = 0x202..0x206;
const VERSION: usize = 0x20e;
/// What that place is relative to.
const SETUP: u64 = 0x200;
/// The release is at most this long (`__NEW_UTS_LEN`).
const MAX_RELEASE: usize = 64;
/// What precedes the release in the name of an image.
const PREFIXES: [&str; 5] = ["vmlinuz-", "vmlinux-", "Image-", "kernel-", "linux-"];

/// The release of an image: from its header, else from its name, its directory, or what the configuration calls its version.
pub(super) fn release(root: &Root, path: &Path, version: Option<&str>) -> Option<String> {
    of_header(root, path)
        .or_else(|| of_name(path))
        .or_else(|| version.filter(|text| is_release(text)).map(str::to_owned))
}

fn of_header(root: &Root, path: &Path) -> Option<String> {
    let file = root.open_file(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut header = [0; VERSION + 2];
    file.read_exact_at(&mut header, 0).ok()?;
    if header[MAGIC] != *b"HdrS" {
        return None;
    }
    let at = u16::from_le_bytes([header[VERSION], header[VERSION + 1]]);
    if at == 0 {
        return None;
    }
    let mut text = [0; MAX_RELEASE + 1];
    let length = file.read_at(&mut text, u64::from(at) + SETUP).ok()?;
    let text = text.get(..length)?.split(|&byte| byte == b' ' || byte == 0).next()?;
    let text = std::str::from_utf8(text).ok()?;
    is_release(text).then(|| text.to_owned())
}

/// `vmlinuz-RELEASE`, or `RELEASE/linux` as kernel-install has it.
fn of_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let named = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
    let directory = || path.parent()?.file_name()?.to_str().filter(|_| name == "linux");
    named.or_else(directory).filter(|text| is_release(text)).map(str::to_owned)
}

/// Arch has `vmlinuz-linux`.
fn is_release(text: &str) -> bool {
    text.len() <= MAX_RELEASE && text.starts_with(|letter: char| letter.is_ascii_digit()) && !text.contains(['/', ' '])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing;

    /// The beginning of an x86 image.
    pub(in crate::facts::boot) fn x86(release: &str) -> Vec<u8> {
        let mut image = vec![0; 0x300];
        image[MAGIC].copy_from_slice(b"HdrS");
        image[VERSION..VERSION + 2].copy_from_slice(&0x100_u16.to_le_bytes());
        image.extend_from_slice(format!("{release} (builder@host) #1 SMP\0").as_bytes());
        image
    }

    #[test]
    fn the_header_is_right_and_the_name_is_next() {
        let (_directory, setup) = testing::setup();
        let of = |path: &str, content: &[u8], version: Option<&str>| {
            testing::write(&setup, path, content);
            release(&setup.root, Path::new(path), version)
        };
        let arch = "6.12.1-arch1-1";
        assert_eq!(of("/boot/vmlinuz-linux", &x86(arch), None).as_deref(), Some(arch));
        assert_eq!(of("/boot/vmlinuz-6.1.old", &x86("6.1"), None).as_deref(), Some("6.1"));
        assert_eq!(
            of("/boot/vmlinuz-6.12.107+deb13-arm64", b"\x1f\x8b", None).as_deref(),
            Some("6.12.107+deb13-arm64")
        );
        assert_eq!(of("/efi/0123/6.11.2-300.fc41/linux", b"MZ", None).as_deref(), Some("6.11.2-300.fc41"));
        assert_eq!(of("/efi/EFI/a.efi", b"MZ", Some("6.9")).as_deref(), Some("6.9"));
        assert_eq!(of("/boot/vmlinuz-linux", b"", None), None);
        let mut outside = x86("6.1");
        outside[VERSION..VERSION + 2].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(of("/boot/vmlinuz-linux", &outside, None), None);
        assert_eq!(release(&setup.root, Path::new("/boot"), None), None);
    }
}
