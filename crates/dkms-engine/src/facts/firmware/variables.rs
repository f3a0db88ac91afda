//! Where variables of the firmware are: efivarfs, and the table that shim leaves in memory.

use std::path::Path;

use crate::layout::{EFI, EFI_VARIABLES, FIRMWARE, MOK_VARIABLES};
use crate::setup::Setup;
use crate::system::root::Root;

/// Vendor of the variables that the UEFI specification itself defines.
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Vendor of `db` and `dbx`.
const IMAGE_SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// Vendor of shim's variables.
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
/// Vendor of the variables in which boot loaders and the running system talk to each other.
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Attribute: it stays when the machine is switched off.
const NON_VOLATILE: u32 = 1;
/// A variable is larger nowhere; the largest known `dbx` has 25 kB.
const MAX_BYTES: u64 = 4 << 20;

/// Parts of a variable of shim's that are looked for.
const MAX_PARTS: u32 = 100;

/// Whether they can be read.
pub(in crate::facts) enum Access<'a> {
    /// Booted without EFI: there are none.
    Bios,
    /// They can be read.
    Efi(Variables<'a>),
    /// Cannot be told, and why, as a fragment.
    Unknown(&'static str),
}

impl<'a> Access<'a> {
    /// Only the machine that runs can be asked: a root that is an image of another machine has no firmware, and one in
    /// which the builder's `/sys` is mounted has the builder's.
    pub(in crate::facts) fn gather(setup: &'a Setup) -> Self {
        let root = &setup.root;
        if setup.in_chroot() && root.is_sysfs(Path::new(FIRMWARE)) {
            return Self::Unknown("this is the root of an image, and the firmware is that of another machine");
        }
        // These have a secure boot of their own, which is not read here.
        if ["ppc64", "s390"].iter().any(|arch| setup.machine.arch.starts_with(arch)) {
            return Self::Unknown("the secure boot of this kind of machine is not read");
        }
        if !root.is_dir(Path::new(EFI)) {
            let others = root.list(Path::new(FIRMWARE)).is_ok_and(|entries| !entries.is_empty());
            return if others { Self::Bios } else { Self::Unknown("there is no `/sys/firmware` to read it from") };
        }
        let variables = Variables::of(root);
        if !variables.has_efi && !variables.has_table {
            return Self::Unknown("the variables of EFI are not there; mount efivarfs, or boot with efi=runtime");
        }
        // A firmware that does not know Secure Boot has no such variable; one that cannot be read says nothing.
        let is_there = root.exists(&Path::new(EFI_VARIABLES).join(format!("SecureBoot-{GLOBAL}")));
        if variables.global("SecureBoot").is_none() && (is_there || !variables.has_efi) {
            return Self::Unknown("whether Secure Boot is on cannot be read; mount efivarfs");
        }
        Self::Efi(variables)
    }
}

/// What can be read of them.
pub(in crate::facts) struct Variables<'a> {
    root: &'a Root,
    /// efivarfs has something.
    pub(super) has_efi: bool,
    /// shim has left a table.
    has_table: bool,
}

impl<'a> Variables<'a> {
    fn of(root: &'a Root) -> Self {
        let has = |directory: &str| root.list(Path::new(directory)).is_ok_and(|entries| !entries.is_empty());
        Self { root, has_efi: has(EFI_VARIABLES), has_table: has(MOK_VARIABLES) }
    }

    /// One of the specification's own variables, as it is now.
    pub(in crate::facts) fn global(&self, name: &str) -> Option<Vec<u8>> {
        self.efi(name, GLOBAL).map(|(_, value)| value).or_else(|| self.table(name))
    }

    /// `db` or `dbx`, as they are now.
    pub(super) fn database(&self, name: &str) -> Option<Vec<u8>> {
        self.efi(name, IMAGE_SECURITY).map(|(_, value)| value).or_else(|| self.table(name))
    }

    /// What shim has told the kernel: out of its table, which has it whole, else the variable, unless that stays when the
    /// machine is switched off: then it is not shim's.
    pub(super) fn of_shim(&self, name: &str) -> Option<Vec<u8>> {
        let by_shim = |(attributes, value): (u32, Vec<u8>)| (attributes & NON_VOLATILE == 0).then_some(value);
        let variable = |name: &str| self.efi(name, SHIM).and_then(by_shim);
        self.table(name).or_else(|| {
            // What is larger than a variable may be goes on in others, with numbers.
            let more = (1..MAX_PARTS).map_while(|part| variable(&format!("{name}{part}"))).flatten();
            Some(variable(name)?.into_iter().chain(more).collect())
        })
    }

    /// Whether shim has left its table.
    pub(super) fn has_table(&self) -> bool {
        self.has_table
    }

    /// What a boot loader and the system tell each other: text in UTF-16 with a NUL at its end.
    pub(in crate::facts) fn loader(&self, name: &str) -> Option<String> {
        let (_, value) = self.efi(name, LOADER)?;
        Some(utf16(&value)).filter(|text| !text.is_empty())
    }

    /// What shim is asked to do at the next boot.
    pub(super) fn request(&self, name: &str) -> Option<Vec<u8>> {
        self.efi(name, SHIM).map(|(_, value)| value)
    }

    /// Attributes and value; in a file the attributes are four bytes before it.
    fn efi(&self, name: &str, vendor: &str) -> Option<(u32, Vec<u8>)> {
        let path = Path::new(EFI_VARIABLES).join(format!("{name}-{vendor}"));
        let content = self.root.read_bounded(&path, MAX_BYTES).ok()?;
        let (attributes, value) = content.split_first_chunk::<4>()?;
        Some((u32::from_le_bytes(*attributes), value.to_vec()))
    }

    fn table(&self, name: &str) -> Option<Vec<u8>> {
        self.root.read_bounded(&Path::new(MOK_VARIABLES).join(name), MAX_BYTES).ok()
    }
}

/// Text in UTF-16, little-endian, up to its NUL.
pub(in crate::facts) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units.take_while(|&unit| unit != 0)).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
}
