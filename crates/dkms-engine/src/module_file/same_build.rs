//! Whether two module files are the same build, however each was stripped, signed or compressed since.
//!
//! Programs that make an initramfs take debugging information away, some of them signatures with it, so neither bytes nor sizes
//! tell. What every `strip` keeps is the note that the linker made over the whole object. A kernel's modules are linked with
//! `--build-id`; where a module's own flags leave that out, what is loaded of both is compared.

use object::elf::{self, FileClass, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader, SectionTable};
use object::{Endian as _, Endianness};

use super::info::ModuleInfo;
use super::signature::strip_all;

/// The section that the note is in.
const BUILD_ID: &[u8] = b".note.gnu.build-id";

/// What a comparison gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameBuild {
    /// The same build.
    Same,
    /// Two builds.
    Other,
    /// One of them is no module, or there is neither a note nor a hash of the sources.
    CannotTell,
}

/// Compares two unpacked modules, signatures included.
pub fn compare(one: &[u8], other: &[u8]) -> SameBuild {
    let (one, other) = (strip_all(one), strip_all(other));
    if one == other {
        return SameBuild::Same;
    }
    let (Ok(one), Ok(other)) = (Build::of(one), Build::of(other)) else { return SameBuild::CannotTell };
    match (&one.id, &other.id) {
        (Some(id), Some(other)) if id == other => SameBuild::Same,
        // Nothing that makes an image takes it away.
        (Some(_), _) | (_, Some(_)) => SameBuild::Other,
        (None, None) if one.loaded != other.loaded || one.sources != other.sources => SameBuild::Other,
        // Where a section calls another function, its bytes are the same and the relocation differs.
        (None, None) if one.sources.is_none() => SameBuild::CannotTell,
        (None, None) => SameBuild::Same,
    }
}

/// What is known of a build.
struct Build<'a> {
    id: Option<&'a [u8]>,
    /// `srcversion` of `.modinfo`.
    sources: Option<String>,
    /// Sections that a kernel loads: name, type, length, content.
    loaded: Vec<(&'a [u8], u32, u64, &'a [u8])>,
}

impl<'a> Build<'a> {
    /// From the bytes of a module without signatures.
    fn of(object: &'a [u8]) -> Result<Self, String> {
        let sources = ModuleInfo::parse(object)?.srcversion().map(str::to_owned);
        let read = match object.get(4).map(|class| FileClass(*class)) {
            Some(elf::ELFCLASS32) => sections::<FileHeader32<Endianness>>(object),
            _ => sections::<FileHeader64<Endianness>>(object),
        };
        let (id, loaded) = read.map_err(|error| error.to_string())?;
        Ok(Self { id, sources, loaded })
    }
}

type Sections<'a> = (Option<&'a [u8]>, Vec<(&'a [u8], u32, u64, &'a [u8])>);

fn sections<Elf: FileHeader<Endian = Endianness>>(object: &[u8]) -> object::Result<Sections<'_>> {
    let header = Elf::parse(object)?;
    let endian = header.endian()?;
    let table: SectionTable<'_, Elf> = header.sections(endian, object)?;
    let (mut id, mut loaded) = (None, Vec::new());
    for section in table.iter() {
        let name = table.section_name(endian, section)?;
        let content = section.data(endian, object)?;
        if name == BUILD_ID {
            id = note(endian, content).or(id);
        }
        if section.sh_flags(endian).contains(elf::SHF_ALLOC) {
            loaded.push((name, section.sh_type(endian).0, section.sh_size(endian).into(), content));
        }
    }
    Ok((id, loaded))
}

/// What a build-id note holds: three numbers (length of the name, length of the content, type), `GNU` and a NUL, the content.
fn note(endian: Endianness, section: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| Some(endian.read_u32(section.get(at..at + 4)?.try_into().ok()?));
    let is_it = word(0)? == 4 && word(8)? == elf::NT_GNU_BUILD_ID.0 && section.get(12..16)? == b"GNU\0";
    let length = usize::try_from(word(4)?).ok()?;
    section.get(16..)?.get(..length).filter(|id| is_it && !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_file::info::tests::{modinfo, sections};
    use crate::module_file::signature::tests::signed_twice;

    fn id(letter: u8) -> Vec<u8> {
        [&[4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0], &b"GNU\0"[..], &[letter; 20]].concat()
    }

    fn object(fields: &[&str], loaded: &[(&str, Vec<u8>)], rest: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let info = (".modinfo", 1, elf::SHF_ALLOC.0, modinfo(fields));
        let alloc = loaded.iter().map(|(name, content)| (*name, 1, elf::SHF_ALLOC.0, content.clone()));
        let rest = rest.iter().map(|(name, content)| (*name, 1, 0, content.clone()));
        sections(elf::EM_X86_64, &[info].into_iter().chain(alloc).chain(rest).collect::<Vec<_>>())
    }

    #[test]
    fn a_build_is_known_by_its_note() {
        let note = |letter| (".note.gnu.build-id", id(letter));
        let whole = object(&["name=x"], &[note(1), (".text", b"code".to_vec())], &[(".debug_info", b"much".to_vec())]);
        let stripped = object(&["name=x"], &[note(1), (".text", b"code".to_vec())], &[]);
        let other = object(&["name=x"], &[note(2), (".text", b"code".to_vec())], &[]);
        let none = object(&["name=x"], &[(".text", b"code".to_vec())], &[]);
        for (one, two, expected) in [
            (&whole, &whole, SameBuild::Same),
            (&whole, &stripped, SameBuild::Same),
            (&whole, &other, SameBuild::Other),
            (&stripped, &other, SameBuild::Other),
            (&whole, &none, SameBuild::Other),
        ] {
            assert_eq!(compare(one, two), expected);
            assert_eq!(compare(two, one), expected);
            assert_eq!(compare(&signed_twice(one), two), expected);
            assert_eq!(compare(&signed_twice(one), &signed_twice(two)), expected);
        }
    }

    #[test]
    fn without_a_note_by_what_is_loaded() {
        let code = |code: &str| vec![(".text", code.as_bytes().to_vec()), (".data", vec![7; 9])];
        let debug = [(".debug_info", b"much".to_vec())];
        let hashed = |sources: &str, text: &str, rest: &[_]| object(&[sources], &code(text), rest);
        assert_eq!(compare(&hashed("srcversion=A", "x", &debug), &hashed("srcversion=A", "x", &[])), SameBuild::Same);
        assert_eq!(compare(&hashed("srcversion=A", "x", &debug), &hashed("srcversion=B", "x", &[])), SameBuild::Other);
        assert_eq!(compare(&hashed("srcversion=A", "x", &debug), &hashed("srcversion=A", "y", &[])), SameBuild::Other);
        assert_eq!(compare(&hashed("name=x", "x", &debug), &hashed("name=x", "x", &[])), SameBuild::CannotTell);
        assert_eq!(compare(&hashed("name=x", "x", &debug), &hashed("name=x", "y", &[])), SameBuild::Other);
    }

    #[test]
    fn what_is_no_module_cannot_be_told() {
        let module = object(&["name=x"], &[(".note.gnu.build-id", id(1))], &[]);
        assert_eq!(compare(&module, b""), SameBuild::CannotTell);
        assert_eq!(compare(b"a", b"a"), SameBuild::Same);
        for cut in 1..module.len() {
            assert_ne!(compare(&module, &module[..cut]), SameBuild::Same, "{cut}");
        }
    }
}
