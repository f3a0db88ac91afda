//! The third question: is the key of a signature in a ring that this kernel asks?

use dkms_conf::version::compare;

use super::signature::revoked_by;
use super::{Circumstances, Obstacle};
use crate::facts::firmware::signature_list::SignatureList;
use crate::facts::firmware::{Efi, Firmware};
use crate::module_file::certificate::Certificate;
use crate::module_file::signature::message::SignerId;

/// A ring of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Built into the kernel: whoever signed its own modules.
    Builtin,
    /// `.machine`: keys of the machine's owner.
    Machine,
    /// `.platform`: keys of the firmware, and those of the owner that `.machine` does not take.
    Platform,
}

impl Ring {
    /// What the kernel calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Builtin => ".builtin_trusted_keys",
            Self::Machine => ".machine",
            Self::Platform => ".platform",
        }
    }
}

/// Where a key is.
pub(super) enum Found<'a> {
    /// In a ring that is asked; the certificate, unless the key is built in.
    Known(Ring, Option<&'a Certificate>),
    /// In none; what the machine has of it, and why that does not count, as a fragment.
    Nowhere(Option<String>),
    /// Cannot be told; the certificate, if there is one.
    Uncertain(String, Option<&'a Certificate>),
}

/// Looks for a signer's key in all rings that this kernel asks.
pub(super) fn find<'a>(on: &Circumstances<'a>, signer: &SignerId) -> Found<'a> {
    if on.kernel.own_signers.contains(signer) {
        return Found::Known(Ring::Builtin, None);
    }
    let efi = match on.firmware {
        Firmware::Bios => return Found::Nowhere(None),
        Firmware::Unknown { reason } => return Found::Uncertain(reason.clone(), None),
        Firmware::Efi(efi) => efi,
    };
    let of = |list: &'a SignatureList| list.certificates.iter().find(|one| one.is(signer));
    let mut reason = None;
    for (certificate, by_owner) in [(of(&efi.mok), true), (of(&efi.db), false)] {
        let Some(certificate) = certificate else { continue };
        match asked(on, efi, certificate, by_owner) {
            Ok(Some(ring)) => return Found::Known(ring, Some(certificate)),
            Ok(None) => {
                return Found::Uncertain(
                    "whether it asks the keys of `.platform` is not known".into(),
                    Some(certificate),
                );
            }
            Err(why) => reason = reason.or(Some(why.to_string())),
        }
    }
    Found::Nowhere(reason)
}

/// The ring that a certificate comes into and that is asked; `None` if it is not known whether that is asked; else why the
/// certificate does not count. `by_owner`: as one of the machine's owner (MOK), else as one in `db`.
pub(super) fn asked(
    on: &Circumstances<'_>,
    efi: &Efi,
    certificate: &Certificate,
    by_owner: bool,
) -> Result<Option<Ring>, Obstacle> {
    if !services(on) {
        return Err(Obstacle::ServicesOff);
    }
    if !on.kernel.config.enabled("CONFIG_LOAD_UEFI_KEYS") {
        return Err(Obstacle::KeysNotLoaded);
    }
    let hash = &certificate.signed_part_hash;
    if let Some((by, _)) = revoked_by(on).into_iter().find(|(_, list)| list.certificate_hashes.contains(hash)) {
        return Err(Obstacle::Revoked { by });
    }
    if !verifies(on, certificate) {
        return Err(Obstacle::KeyUnsupported { kind: certificate.key_kind });
    }
    if !fits_code(on, certificate) {
        return Err(Obstacle::NotForCode);
    }
    let mut why = Obstacle::NotAsked;
    if by_owner {
        loads_mok(on)?;
        match machine(on, efi, certificate) {
            Ok(()) => return Ok(Some(Ring::Machine)),
            Err(obstacle) => why = obstacle,
        }
    } else if efi.db_ignored {
        return Err(Obstacle::DbIgnored);
    }
    match asks_platform(on) {
        Some(true) => Ok(Some(Ring::Platform)),
        Some(false) => Err(why),
        None => Ok(None),
    }
}

/// Whether the kernel verifies signatures by a key of this kind.
pub(super) fn verifies(on: &Circumstances<'_>, certificate: &Certificate) -> bool {
    certificate.key_kind != "EC" || on.built_in("CONFIG_CRYPTO_ECDSA")
}

/// Whether a certificate has the purpose that some kernels ask for.
pub(super) fn fits_code(on: &Circumstances<'_>, certificate: &Certificate) -> bool {
    !on.built_in("CONFIG_CHECK_CODESIGN_EKU") || certificate.code_signing == Some(true)
}

/// Whether a certificate is what some kernels take into `.machine` alone: one of an authority that signs certificates.
pub(super) fn fits_machine(on: &Circumstances<'_>, certificate: &Certificate) -> bool {
    if !on.built_in("CONFIG_INTEGRITY_CA_MACHINE_KEYRING") {
        return true;
    }
    let usage = certificate.key_usage.filter(|usage| usage.sign_certificates && certificate.is_authority);
    let max = on.built_in("CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX");
    usage.is_some_and(|usage| !max || !usage.digital_signature)
}

/// Whether the firmware's services are in use: a kernel for real-time work leaves them off unless it is told otherwise.
fn services(on: &Circumstances<'_>) -> bool {
    let off = on.built_in("CONFIG_EFI_DISABLE_RUNTIME");
    let Some(line) = &on.kernel.command_line else { return !off };
    let words = line.values("efi").flatten().flat_map(|value| value.split(','));
    let last = words.filter(|word| matches!(*word, "runtime" | "noruntime")).last();
    match last {
        _ if line.has("noefi") => false,
        Some(word) => word == "runtime",
        None => !off,
    }
}

/// Whether keys of the owner are loaded at all.
fn loads_mok(on: &Circumstances<'_>) -> Result<(), Obstacle> {
    // Linux 5.18 (92ad19559ea9) began to load them under Secure Boot only.
    if compare(&on.kernel.release, "5.18").is_lt() {
        return Ok(());
    }
    if on.secure_boot() != Some(true) {
        return Err(Obstacle::SecureBootOff);
    }
    // Before 31a6a07eefeb (7.1) only IMA could tell that Secure Boot is on.
    let can_tell = ["CONFIG_HAVE_ARCH_GET_SECUREBOOT", "CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT"];
    if can_tell.iter().any(|option| on.kernel.config.enabled(option)) { Ok(()) } else { Err(Obstacle::NeverRead) }
}

/// Whether a certificate of the owner is taken into `.machine`, and that is asked.
fn machine(on: &Circumstances<'_>, efi: &Efi, certificate: &Certificate) -> Result<(), Obstacle> {
    let asked = ["CONFIG_INTEGRITY_MACHINE_KEYRING", "CONFIG_SECONDARY_TRUSTED_KEYRING"];
    match () {
        () if !asked.iter().all(|option| on.built_in(option)) => Err(Obstacle::NotAsked),
        () if !fits_machine(on, certificate) => Err(Obstacle::NotAuthority),
        () if !efi.mok_trusted => Err(Obstacle::NotTrusted),
        () => Ok(()),
    }
}

/// Whether a kernel asks `.platform` for modules: a patch of most distributions, which no option shows. Those that have
/// it have the one that ties lockdown to Secure Boot, too.
fn asks_platform(on: &Circumstances<'_>) -> Option<bool> {
    if !on.kernel.config.enabled("CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT") {
        return Some(false);
    }
    on.distribution.modules_by_platform_keys()
}
