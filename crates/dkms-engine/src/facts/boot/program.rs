//! A program for EFI: its sections, read one by one, because the image of a kernel with its initial file system is large.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use object::LittleEndian;
use object::pe::{ImageDosHeader, ImageNtHeaders64};
use object::read::pe::ImageNtHeaders;

use crate::system::root::Root;

/// Headers of all sections are within.
const HEADERS: usize = 64 << 10;
/// No section that is read here is larger.
const MAX_SECTION: u64 = 1 << 20;

/// A program for EFI.
pub(super) struct Program {
    file: File,
    headers: Vec<u8>,
    /// Name, place and bytes of each, in the order of the file.
    sections: Vec<(String, u64, u64)>,
}

impl Program {
    /// Opens one; `None` if it is none, or cannot be read.
    pub(super) fn open(root: &Root, path: &Path) -> Option<Self> {
        let file = root.open_file(path).ok()?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        let mut headers = vec![0; HEADERS.min(usize::try_from(size).ok()?)];
        file.read_exact_at(&mut headers, 0).ok()?;
        let sections = sections(&headers)?;
        Some(Self { file, headers, sections })
    }

    /// Names of its sections, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, ..)| name.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|found| found == name)
    }

    /// The first of that name.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.read_nth(self.names().position(|found| found == name)?)
    }

    /// One section's bytes; `None` if they are too many.
    pub(super) fn read_nth(&self, nth: usize) -> Option<Vec<u8>> {
        let (_, at, size) = self.sections.get(nth)?;
        let mut content = vec![0; usize::try_from(*size).ok().filter(|_| *size <= MAX_SECTION)?];
        self.file.read_exact_at(&mut content, *at).ok()?;
        Some(content)
    }

    /// Whether it is a kernel itself, which starts as a program: an image for x86 or, behind its first instructions, ARM's.
    pub(super) fn is_kernel(&self) -> bool {
        self.headers.get(0x202..0x206) == Some(b"HdrS") || self.headers.get(56..60) == Some(b"ARM\x64")
    }
}

fn sections(headers: &[u8]) -> Option<Vec<(String, u64, u64)>> {
    let mut at = u64::from(ImageDosHeader::parse(headers).ok()?.nt_headers_offset());
    let (found, _) = ImageNtHeaders64::parse(headers, &mut at).ok()?;
    let table = found.sections(headers, at).ok()?;
    let section = |section: &object::pe::ImageSectionHeader| {
        let name = section.name.split(|&byte| byte == 0).next().unwrap_or_default();
        let (size, room) = (section.virtual_size.get(LittleEndian), section.size_of_raw_data.get(LittleEndian));
        let place = section.pointer_to_raw_data.get(LittleEndian);
        (String::from_utf8_lossy(name).into_owned(), u64::from(place), u64::from(size.min(room)))
    };
    Some(table.iter().map(section).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing;

    /// A program with these sections.
    pub(in crate::facts::boot) fn program(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let count = u16::try_from(sections.len()).unwrap();
        let mut file = vec![0; 0x80];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c..0x40].copy_from_slice(&0x80_u32.to_le_bytes());
        file.extend_from_slice(b"PE\0\0");
        file.extend_from_slice(&0x8664_u16.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        file.extend_from_slice(&[0; 12]);
        file.extend_from_slice(&112_u16.to_le_bytes());
        file.extend_from_slice(&[0; 2]);
        file.extend_from_slice(&0x20b_u16.to_le_bytes());
        file.extend_from_slice(&[0; 110]);
        let mut at = u32::try_from(file.len() + 40 * sections.len()).unwrap();
        for (name, content) in sections {
            let size = u32::try_from(content.len()).unwrap();
            let mut header = [0; 40];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[8..12].copy_from_slice(&size.to_le_bytes());
            header[16..20].copy_from_slice(&size.to_le_bytes());
            header[20..24].copy_from_slice(&at.to_le_bytes());
            file.extend_from_slice(&header);
            at += size;
        }
        sections.iter().for_each(|(_, content)| file.extend_from_slice(content));
        file
    }

    #[test]
    fn sections_are_read_and_damage_is_no_program() {
        let (_directory, setup) = testing::setup();
        let whole = program(&[(".osrel", b"ID=a\n"), (".linux", b"kernel")]);
        let open = |content: &[u8]| {
            testing::write(&setup, "/a.efi", content);
            Program::open(&setup.root, Path::new("/a.efi"))
        };
        let found = open(&whole).unwrap();
        assert_eq!(found.names().collect::<Vec<_>>(), [".osrel", ".linux"]);
        assert_eq!(found.read(".linux").as_deref(), Some(&b"kernel"[..]));
        assert!(found.read(".initrd").is_none() && !found.is_kernel());
        for length in 0..whole.len() {
            if let Some(cut) = open(&whole[..length]) {
                assert_eq!(cut.read(".linux"), None, "{length}");
            }
        }
    }
}
