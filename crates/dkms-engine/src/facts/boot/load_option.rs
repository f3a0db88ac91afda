//! What the firmware is told to start: `Boot####`, `BootOrder`, `BootNext`.
//!
//! Source: UEFI specification 2.11, 3.1 (boot manager) and 10.3 (device paths).

use crate::facts::firmware::variables::{Variables, utf16};

const ACTIVE: u32 = 1;
/// Others than these are no operating systems: the firmware's own programs.
const CATEGORY: u32 = 0x1f00;
/// Media device path: file path. End of the path.
const FILE: (u8, u8) = (4, 4);
const END: u8 = 0x7f;

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoadOption {
    /// What the firmware's menu shows.
    pub(super) name: String,
    /// The file; `None` for a whole device, on which the firmware looks for the usual one.
    pub(super) file: Option<String>,
    /// What the program is given.
    pub(super) data: Vec<u8>,
    attributes: u32,
}

impl LoadOption {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (attributes, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let end = rest.chunks_exact(2).position(|unit| unit == [0, 0])?;
        let (name, rest) = rest.split_at_checked(2 * (end + 1))?;
        let (path, data) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        Some(Self {
            name: utf16(name),
            file: file(path),
            data: data.to_vec(),
            attributes: u32::from_le_bytes(*attributes),
        })
    }

    /// Whether the firmware starts it by itself.
    fn is_offered(&self) -> bool {
        self.attributes & ACTIVE != 0 && self.attributes & CATEGORY == 0
    }
}

/// The file that a device path ends in; it may be in several pieces.
fn file(path: &[u8]) -> Option<String> {
    let (mut rest, mut name) = (path, String::new());
    while let Some((&[kind, sub, low, high], _)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let node = rest.get(4..length)?;
        if kind == END {
            break;
        }
        if (kind, sub) == FILE {
            let joined = !name.is_empty() && !name.ends_with('\\');
            name.push_str(if joined { "\\" } else { "" });
            name.push_str(&utf16(node));
        }
        rest = &rest[length..];
    }
    (!name.is_empty()).then_some(name)
}

/// What the firmware starts next; `None` if it is told nothing.
///
/// # Errors
/// Why that cannot be told, as a fragment.
pub(super) fn next(variables: &Variables<'_>) -> Result<Option<LoadOption>, String> {
    let numbers = |name: &str| {
        let value = variables.global(name).unwrap_or_default();
        value.chunks_exact(2).map(|number| u16::from_le_bytes([number[0], number[1]])).collect::<Vec<_>>()
    };
    let option = |number: u16| LoadOption::parse(&variables.global(&format!("Boot{number:04X}"))?);
    if let Some(&number) = numbers("BootNext").first() {
        let missing = || format!("the firmware is told to start Boot{number:04X} next, which is not there");
        return option(number).map(Some).ok_or_else(missing);
    }
    let (order, current) = (numbers("BootOrder"), numbers("BootCurrent"));
    let now = order.iter().position(|number| current.first() == Some(number));
    for (at, &number) in order.iter().enumerate() {
        let Some(option) = option(number).filter(LoadOption::is_offered) else { continue };
        if option.file.is_some() || now == Some(at) {
            return Ok(Some(option));
        }
        // A network or a drive that had nothing to start this time.
        if now.is_none_or(|now| now < at) {
            return Err(format!(
                "the firmware starts `{}` first, a device, and what is on it is not known",
                option.name
            ));
        }
    }
    Ok(None)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    /// An option as efibootmgr makes it; no file: a whole device.
    pub(in crate::facts::boot) fn option(attributes: u32, name: &str, file: &str, data: &str) -> Vec<u8> {
        // A disk's partition, 42 bytes, then the file.
        let mut path = vec![4, 1, 42, 0];
        path.resize(42, 7);
        if !file.is_empty() {
            let file = units(file);
            path.extend([4, 4]);
            path.extend(u16::try_from(file.len() + 4).unwrap().to_le_bytes());
            path.extend(file);
        }
        path.extend([END, 0xff, 4, 0]);
        let mut all = attributes.to_le_bytes().to_vec();
        all.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        all.extend(units(name));
        all.extend(path);
        all.extend(if data.is_empty() { Vec::new() } else { units(data) });
        all
    }

    #[test]
    fn options_are_read_and_damage_is_none() {
        let whole = option(1, "debian", "\\EFI\\debian\\shimx64.efi", "x");
        let found = LoadOption::parse(&whole).unwrap();
        assert_eq!((found.name.as_str(), found.file.as_deref()), ("debian", Some("\\EFI\\debian\\shimx64.efi")));
        assert_eq!(utf16(&found.data), "x");
        assert!(found.is_offered());
        assert!(!LoadOption::parse(&option(0, "a", "", "")).unwrap().is_offered());
        assert!(!LoadOption::parse(&option(0x101, "a", "", "")).unwrap().is_offered());
        for length in 0..whole.len() {
            LoadOption::parse(&whole[..length]);
        }
        assert_eq!(file(&[4, 4, 0, 0, 1, 0]), None);
        assert_eq!(file(&[4, 4, 200, 0, 1, 0]), None);
    }
}
