//! What the firmware and shim will tell the next kernel: Secure Boot, whose keys count, what is revoked, what is asked for.
//!
//! Read from files, without any tool. Only the machine that runs can be asked: a root that is an image of another machine
//! has no firmware, and one in which the builder's `/sys` is mounted has the builder's. "Unknown" is not "off": whoever
//! judges must not promise what nobody looked at. Sources: UEFI specification 2.11; shim's MokVars.txt; the kernel's
//! `drivers/firmware/efi/libstub/secureboot.c` and `security/integrity/platform_certs/load_uefi.c`.

pub mod signature_list;
pub(in crate::facts) mod variables;

use self::signature_list::SignatureList;
use self::variables::{Access, Variables};
use crate::setup::Setup;

/// The firmware of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// Booted without EFI: there is no Secure Boot.
    Bios,
    /// Booted with EFI, and its variables can be read.
    Efi(Box<Efi>),
    /// Cannot be asked.
    Unknown {
        /// Why, as a fragment.
        reason: String,
    },
}

/// What EFI's variables say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Efi {
    /// Secure Boot is on, and the firmware is not in set-up mode.
    pub secure_boot: bool,
    /// shim was told not to validate (`mokutil --disable-validation`): the kernel takes Secure Boot for off.
    pub validation_off: bool,
    /// shim is in the boot chain.
    pub shim: bool,
    /// The firmware's own keys.
    pub db: SignatureList,
    /// What the firmware forbids.
    pub dbx: SignatureList,
    /// Keys of the machine's owner, shim's vendor's before them.
    pub mok: SignatureList,
    /// What shim forbids.
    pub mokx: SignatureList,
    /// shim has told the kernel that the owner's keys may vouch for modules.
    pub mok_trusted: bool,
    /// shim has told the kernel not to load `db`.
    pub db_ignored: bool,
    /// What shim is asked to do at the next boot; `None` if that cannot be read.
    pub pending: Option<Pending>,
}

/// Requests to shim, which a person has to confirm at the next boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Keys that are to be enrolled.
    pub enroll: SignatureList,
    /// Keys that are to go.
    pub remove: SignatureList,
    /// Validation is to be switched on or off.
    pub validation: bool,
}

impl Firmware {
    /// Looks.
    pub fn gather(setup: &Setup) -> Self {
        match Access::gather(setup) {
            Access::Bios => Self::Bios,
            Access::Efi(variables) => Self::Efi(Box::new(Efi::read(&variables))),
            Access::Unknown(reason) => Self::Unknown { reason: reason.to_owned() },
        }
    }

    /// Secure Boot as the kernel sees it; `None` if that is unknown.
    pub fn secure_boot(&self) -> Option<bool> {
        match self {
            Self::Bios => Some(false),
            // Whether shim will validate after the request, which a person has to confirm, is not foretold.
            Self::Efi(efi) if efi.secure_boot && efi.pending.as_ref().is_some_and(|pending| pending.validation) => None,
            Self::Efi(efi) => Some(efi.secure_boot && !efi.validation_off),
            Self::Unknown { .. } => None,
        }
    }
}

impl Efi {
    /// As it will be if a person confirms what shim is asked for at the next boot; `None` if that changes no key. Whether
    /// validation is then on or off is not foretold.
    pub fn confirmed(&self) -> Option<Self> {
        let pending = self.pending.as_ref()?;
        let mut after = self.clone();
        after.mok.certificates.retain(|one| !pending.remove.has(one));
        let new: Vec<_> = pending.enroll.certificates.iter().filter(|one| !after.mok.has(one)).cloned().collect();
        after.mok.certificates.extend(new);
        after.pending = Some(Pending::default());
        (after.mok != self.mok).then_some(after)
    }

    fn read(variables: &Variables<'_>) -> Self {
        let is_one = |value: Option<Vec<u8>>| value.is_some_and(|value| value.first() == Some(&1));
        let list = |value: Option<Vec<u8>>| value.map(|value| SignatureList::parse(&value)).unwrap_or_default();
        let mok = variables.of_shim("MokListRT");
        let pending = || Pending {
            enroll: list(variables.request("MokNew")),
            remove: list(variables.request("MokDel")),
            validation: variables.request("MokSB").is_some(),
        };
        Self {
            secure_boot: is_one(variables.global("SecureBoot")) && !is_one(variables.global("SetupMode")),
            validation_off: is_one(variables.of_shim("MokSBStateRT")),
            shim: variables.has_table() || mok.is_some(),
            db: list(variables.database("db")),
            dbx: list(variables.database("dbx")),
            mok: list(mok),
            mokx: list(variables.of_shim("MokListXRT")),
            mok_trusted: variables.of_shim("MokListTrustedRT").is_some(),
            db_ignored: variables.of_shim("MokIgnoreDB").is_some(),
            pending: variables.has_efi.then(pending),
        }
    }
}

#[cfg(test)]
mod tests;
