//! What a module file says about itself: compression, ELF header, the `.modinfo` section, the signature.
//!
//! Files come from anybody, so sizes are bounded and nothing is trusted; a file that is no module is an error with its
//! path. Compression is recognized by the first bytes, as the kernel's own tools do it, not by the file's name.

use std::path::Path;

use object::Endianness;
use object::elf::{self, FileClass, FileHeader32, FileHeader64, Machine};
use object::read::elf::{FileHeader, SectionHeader};

use crate::error::Error;
use crate::module_file::MAX_MODULE_BYTES;
use crate::module_file::compression::unpack;
use crate::module_file::signature::{Trailer, strip_signature};
use crate::system::root::Root;

/// A module's description of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// The processors that it is for.
    pub machine: Machine,
    /// Whether it is an ELF file of 64 bits.
    pub is_64_bit: bool,
    /// `.modinfo` in its order; a name may occur more than once.
    pub fields: Vec<(String, String)>,
    /// The appended signature.
    pub signature: Option<Trailer>,
}

impl ModuleInfo {
    /// Reads a module file, compressed or not.
    ///
    /// # Errors
    /// `Io`; `ModuleUnreadable` if it is no module.
    pub fn read(root: &Root, path: &Path) -> Result<Self, Error> {
        Self::parse(&load(root, path)?).map_err(unreadable(path))
    }

    /// From the bytes of an unpacked module, signature included.
    ///
    /// # Errors
    /// A fragment saying why it is no module.
    pub fn parse(module: &[u8]) -> Result<Self, String> {
        let (object, signature) = strip_signature(module);
        let (machine, is_64_bit, section) = match object.get(4).map(|class| FileClass(*class)) {
            _ if object.is_empty() => return Err("it is empty".into()),
            Some(elf::ELFCLASS32) => header::<FileHeader32<Endianness>>(object)?,
            Some(elf::ELFCLASS64) => header::<FileHeader64<Endianness>>(object)?,
            _ => return Err("it is not an ELF file".into()),
        };
        Ok(Self { machine, is_64_bit, fields: fields(section), signature })
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Its own version, if the author gave it one.
    pub fn version(&self) -> Option<&str> {
        self.get("version")
    }

    /// Hash over the sources, where the kernel makes one.
    pub fn srcversion(&self) -> Option<&str> {
        self.get("srcversion")
    }

    /// Name in the kernel.
    pub fn name(&self) -> Option<&str> {
        self.get("name")
    }

    /// Release of the kernel that it is built for: the first word of `vermagic`.
    pub fn kernel_release(&self) -> Option<&str> {
        self.get("vermagic")?.split(' ').next()
    }

    /// Names of the modules that it needs.
    pub fn depends(&self) -> impl Iterator<Item = &str> {
        self.get("depends").unwrap_or_default().split(',').filter(|name| !name.is_empty())
    }

    /// Patterns of the devices that it is for.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(name, _)| name == "alias").map(|(_, value)| value.as_str())
    }
}

/// The unpacked bytes of a module file, signature included.
///
/// # Errors
/// `Io`; `ModuleUnreadable` if it does not unpack or is too large.
pub fn load(root: &Root, path: &Path) -> Result<Vec<u8>, Error> {
    unpack(root.read_bounded(path, MAX_MODULE_BYTES)?, MAX_MODULE_BYTES).map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl FnOnce(String) -> Error {
    let path = path.to_owned();
    move |reason| Error::ModuleUnreadable { path, reason }
}

/// Machine, whether it has 64 bits, and the `.modinfo` section.
fn header<Elf: FileHeader<Endian = Endianness>>(object: &[u8]) -> Result<(Machine, bool, &[u8]), String> {
    let damaged = |error: object::Error| format!("it is a damaged ELF file: {error}");
    let header = Elf::parse(object).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    if header.e_type(endian) != elf::ET_REL {
        return Err("it is an ELF file, but not a relocatable one".into());
    }
    let sections = header.sections(endian, object).map_err(damaged)?;
    let (_, section) =
        sections.section_by_name(endian, b".modinfo").ok_or_else(|| "it has no .modinfo section".to_owned())?;
    let data = section.data(endian, object).map_err(damaged)?;
    Ok((header.e_machine(endian), header.is_type_64(), data))
}

/// `name=value`, each ended by a NUL, padded with more of them.
fn fields(section: &[u8]) -> Vec<(String, String)> {
    section
        .split(|byte| *byte == 0)
        .filter(|field| !field.is_empty())
        .filter_map(|field| {
            let text = String::from_utf8_lossy(field);
            text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::module_file::compression::Compression;

    /// The smallest relocatable ELF file with a `.modinfo` section.
    pub(crate) fn module(machine: Machine, fields: &[&str]) -> Vec<u8> {
        object(machine, &[(".modinfo", modinfo(fields))])
    }

    /// The content of a `.modinfo` section.
    pub(crate) fn modinfo(fields: &[&str]) -> Vec<u8> {
        fields.iter().flat_map(|field| [field.as_bytes(), b"\0"].concat()).collect()
    }

    /// The smallest relocatable ELF file with these sections.
    pub(crate) fn object(machine: Machine, contents: &[(&str, Vec<u8>)]) -> Vec<u8> {
        sections(machine, &contents.iter().map(|(name, content)| (*name, 1, 0, content.clone())).collect::<Vec<_>>())
    }

    /// The same with types and flags of the sections.
    pub(crate) fn sections(machine: Machine, sections: &[(&str, u32, u64, Vec<u8>)]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
        file[16..18].copy_from_slice(&1_u16.to_le_bytes());
        file[18..20].copy_from_slice(&machine.0.to_le_bytes());
        file[20..24].copy_from_slice(&1_u32.to_le_bytes());
        let (mut names, mut table) = (vec![0], vec![0; 64]);
        let mut put = |file: &mut Vec<u8>, kind: u32, flags: u64, name: usize, content: &[u8]| {
            let mut header = [0; 64];
            header[..4].copy_from_slice(&u32::try_from(name).unwrap().to_le_bytes());
            header[4..8].copy_from_slice(&kind.to_le_bytes());
            header[8..16].copy_from_slice(&flags.to_le_bytes());
            header[24..32].copy_from_slice(&(file.len() as u64).to_le_bytes());
            header[32..40].copy_from_slice(&(content.len() as u64).to_le_bytes());
            table.extend(header);
            file.extend(content);
        };
        for (name, kind, flags, content) in sections {
            put(&mut file, *kind, *flags, names.len(), content);
            names.extend([name.as_bytes(), b"\0"].concat());
        }
        let name = names.len();
        names.extend(b".shstrtab\0");
        put(&mut file, 3, 0, name, &names);
        let (at, count) = (file.len() as u64, u16::try_from(sections.len()).unwrap() + 2);
        file[40..48].copy_from_slice(&at.to_le_bytes());
        for (place, value) in [(52, 64), (58, 64), (60, count), (62, count - 1)] {
            file[place..place + 2].copy_from_slice(&value.to_le_bytes());
        }
        file.extend(table);
        file
    }

    fn example() -> Vec<u8> {
        module(
            elf::EM_X86_64,
            &["name=x", "vermagic=6.1-x SMP mod_unload ", "depends=a,b", "alias=p", "alias=q", "version=1.2"],
        )
    }

    #[test]
    fn reads_what_a_module_says() {
        let info = ModuleInfo::parse(&example()).unwrap();
        assert_eq!((info.machine, info.is_64_bit), (elf::EM_X86_64, true));
        assert_eq!((info.name(), info.version(), info.srcversion()), (Some("x"), Some("1.2"), None));
        assert_eq!(info.kernel_release(), Some("6.1-x"));
        assert_eq!(info.depends().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(info.aliases().collect::<Vec<_>>(), ["p", "q"]);
    }

    #[test]
    fn all_formats_unpack() {
        use std::io::Write;
        let plain = example();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&plain).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
        xz.write_all(&plain).unwrap();
        let zstd = zstd::stream::encode_all(&plain[..], 3).unwrap();
        for packed in [gzip.finish().unwrap(), xz.finish().unwrap(), zstd] {
            assert_ne!(Compression::of_content(&packed), Compression::None);
            assert_eq!(unpack(packed.clone(), MAX_MODULE_BYTES).unwrap(), plain);
            assert!(unpack(packed[..packed.len() - 9].to_vec(), MAX_MODULE_BYTES).is_err(), "cut off");
            let limit = plain.len() as u64 - 1;
            assert!(unpack(packed, limit).unwrap_err().contains("larger"));
        }
    }

    #[test]
    fn what_says_that_it_needs_all_of_the_memory_does_not_get_it() {
        use std::io::Write;
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
        xz.write_all(b"x").unwrap();
        let mut packed = xz.finish().unwrap();
        // The header of its block: length, flags, filter, length of its properties, dictionary, padding, checksum.
        let block = &mut packed[12..24];
        assert_eq!(block[..4], [2, 0, 0x21, 1]);
        block[4] = 40;
        let mut checksum = flate2::Crc::new();
        checksum.update(&block[..8]);
        block[8..].copy_from_slice(&checksum.sum().to_le_bytes());
        assert!(unpack(packed, MAX_MODULE_BYTES).unwrap_err().contains("memory"));
    }

    #[test]
    fn what_is_no_module_is_refused_in_words() {
        for (bytes, reason) in
            [(&b""[..], "empty"), (b"#!/bin/sh\n", "not an ELF file"), (b"\x7fELF\x02\x01\x01\0\0", "damaged")]
        {
            assert!(ModuleInfo::parse(bytes).unwrap_err().contains(reason), "{reason}");
        }
        let mut program = example();
        program[16] = 2;
        assert!(ModuleInfo::parse(&program).unwrap_err().contains("relocatable"));
        let whole = example();
        for cut in 1..whole.len() {
            let _ = ModuleInfo::parse(&whole[..cut]);
        }
    }
}
