//! Where variables of the firmware are: efivarfs, and the table that shim leaves in memory.

use std::path::Path;

use crate::layout::{EFI_VARIABLES, MOK_VARIABLES};
use crate::system::root::Root;

/// Vendor of the variables that the UEFI specification itself defines.
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Vendor of `db` and `dbx`.
const IMAGE_SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// Vendor of shim's variables.
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
/// Attribute: it stays when the machine is switched off.
const NON_VOLATILE: u32 = 1;
/// A variable is larger nowhere; the largest known `dbx` has 25 kB.
const MAX_BYTES: u64 = 4 << 20;

/// What can be read of them.
pub(super) struct Variables<'a> {
    root: &'a Root,
    /// efivarfs has something.
    pub(super) has_efi: bool,
    /// shim has left a table.
    pub(super) has_table: bool,
}

impl<'a> Variables<'a> {
    pub(super) fn of(root: &'a Root) -> Self {
        let has = |directory: &str| root.list(Path::new(directory)).is_ok_and(|entries| !entries.is_empty());
        Self { root, has_efi: has(EFI_VARIABLES), has_table: has(MOK_VARIABLES) }
    }

    /// One of the specification's own variables, as it is now.
    pub(super) fn global(&self, name: &str) -> Option<Vec<u8>> {
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
        self.table(name).or_else(|| self.efi(name, SHIM).and_then(by_shim))
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
