//! Why a kernel does not count a certificate, and what mends it: enrolled, asked for, lost, revoked and so on.
//!
//! Pure, as the rest of the oracle: what would happen if the certificate were enrolled follows from the same function that
//! says what happens to those that are. Source: shim's MokVars.txt and what real boots did.

use super::{Circumstances, Insists, Obstacle, Ring, ring, signature};
use crate::facts::firmware::{Efi, Firmware};
use crate::module_file::certificate::Certificate;

/// Where a certificate stands with a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enrollment {
    /// The kernel loads modules whatever their signature.
    NotNeeded,
    /// In a ring that the kernel asks.
    Counted {
        /// The ring.
        ring: Ring,
    },
    /// There is no certificate yet, and the kernel insists on one.
    NoPair,
    /// The pair that is there cannot be used.
    Unusable {
        /// Why, as a fragment.
        reason: String,
    },
    /// Not enrolled.
    Absent,
    /// shim is asked to enrol it, and a person has to confirm.
    Pending,
    /// shim was asked to enrol it, and now it neither has it nor is asked any more.
    Lost,
    /// It counts, and shim is asked to remove it.
    GoingAway,
    /// Not in the firmware's db, and without shim nothing else is looked at.
    NoShim,
    /// It does not count, or would not if it were enrolled.
    Hindered {
        /// What stands in the way.
        obstacle: Obstacle,
        /// What makes the kernel insist.
        because: &'static str,
    },
    /// Something that decides is not known.
    CannotTell {
        /// What, as a fragment.
        reason: String,
    },
}

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// It cannot be told.
    Unknown,
    /// Something: without it the kernel refuses what the pair signs.
    Something,
}

impl Enrollment {
    /// Judges a certificate; `None` if there is none yet. `requested`: we remember that shim was asked to enrol it.
    pub fn of(on: &Circumstances<'_>, certificate: Option<&Certificate>, requested: bool) -> Self {
        let insists = on.insists();
        let Some(certificate) = certificate else { return without(insists) };
        if on.kernel.own_signers.iter().any(|signer| certificate.is(signer)) {
            return Self::Counted { ring: Ring::Builtin };
        }
        let because = match (on.firmware, &insists) {
            (Firmware::Efi(efi), _) => return Self::by_firmware(on, efi, insists, certificate, requested),
            (_, Insists::No) => return Self::NotNeeded,
            (Firmware::Unknown { reason }, _) | (Firmware::Bios, Insists::Unknown { reason }) => {
                return Self::CannotTell { reason: reason.clone() };
            }
            (Firmware::Bios, Insists::Yes { because, .. }) => because,
        };
        Self::Hindered { obstacle: Obstacle::SecureBootOff, because }
    }

    fn by_firmware(
        on: &Circumstances<'_>,
        efi: &Efi,
        insists: Insists,
        certificate: &Certificate,
        requested: bool,
    ) -> Self {
        // Refused even where nothing insists: the key is known, and wrong.
        if let Some(by) = signature::revoked_certificate(on, certificate) {
            return Self::Hindered { obstacle: Obstacle::Revoked { by }, because: "CONFIG_SYSTEM_REVOCATION_LIST" };
        }
        let places = [(efi.db.has(certificate), false), (efi.mok.has(certificate), true)];
        let found = places.map(|(has, by_owner)| has.then(|| ring::asked(on, efi, certificate, by_owner)));
        let going = efi.pending.as_ref().is_some_and(|pending| pending.remove.has(certificate));
        match (found[0], found[1], &insists) {
            (Some(Ok(Some(ring))), _, _) => return Self::Counted { ring },
            (_, Some(Ok(Some(_))), Insists::Yes { .. } | Insists::Unknown { .. }) if going => return Self::GoingAway,
            (_, Some(Ok(Some(ring))), _) => return Self::Counted { ring },
            _ => {}
        }
        let because = match insists {
            Insists::No => return Self::NotNeeded,
            Insists::Unknown { reason } => return Self::CannotTell { reason },
            Insists::Yes { because, .. } => because,
        };
        let hindered = |obstacle| Self::Hindered { obstacle, because };
        match (found[0], found[1]) {
            (Some(Ok(None)), _) | (_, Some(Ok(None))) => return Self::platform_unknown(),
            (_, Some(Err(obstacle))) => return hindered(obstacle),
            _ => {}
        }
        match ring::asked(on, efi, certificate, true) {
            // Only a person's turn of a switch, which comes after the enrolment.
            Ok(_) | Err(Obstacle::NotTrusted) => {}
            Err(obstacle) if efi.shim || obstacle == Obstacle::SecureBootOff => return hindered(obstacle),
            Err(_) => {}
        }
        if !efi.shim {
            return ring::asked(on, efi, certificate, false).map_or_else(hindered, |_| Self::NoShim);
        }
        match &efi.pending {
            Some(pending) if pending.enroll.has(certificate) => Self::Pending,
            Some(_) if requested => Self::Lost,
            None if requested => Self::CannotTell { reason: "requests to shim cannot be read; mount efivarfs".into() },
            _ => Self::Absent,
        }
    }

    /// Where the pair that is there cannot be used, which matters only to a kernel that insists.
    pub fn unusable(on: &Circumstances<'_>, reason: String) -> Self {
        if on.insists() == Insists::No { Self::NotNeeded } else { Self::Unusable { reason } }
    }

    fn platform_unknown() -> Self {
        Self::CannotTell { reason: "whether the kernel asks the keys of `.platform` is not known".into() }
    }

    /// What is left to do.
    pub fn need(&self) -> Need {
        match self {
            Self::NotNeeded | Self::Counted { .. } => Need::Nothing,
            Self::CannotTell { .. } => Need::Unknown,
            _ => Need::Something,
        }
    }

    /// A word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotNeeded => "not-needed",
            Self::Counted { .. } => "counted",
            Self::NoPair => "no-pair",
            Self::Unusable { .. } => "unusable",
            Self::Absent => "absent",
            Self::Pending => "pending",
            Self::Lost => "lost",
            Self::GoingAway => "going-away",
            Self::NoShim => "no-shim",
            Self::Hindered { obstacle, .. } => obstacle.name(),
            Self::CannotTell { .. } => "unknown",
        }
    }

    /// Why, as a fragment.
    pub fn reason(&self) -> String {
        match self {
            Self::NotNeeded => "loads any module; one that it does not trust taints it (E)".into(),
            Self::Counted { ring } => format!("trusted, by the keys of `{}`", ring.name()),
            Self::NoPair => "there is no key pair yet, and the kernel refuses modules without a signature".into(),
            Self::Absent => "not enrolled".into(),
            Self::Pending => {
                "the request to enrol it waits for the next boot; unconfirmed within 10 s it is lost".into()
            }
            Self::Lost => "enrolling it was asked for, and lost: the request was not confirmed at the boot".into(),
            Self::GoingAway => "trusted, until the request to remove it is confirmed at the next boot".into(),
            Self::NoShim => "not in db, and without shim in the boot chain no other key is looked at".into(),
            Self::Hindered { obstacle: Obstacle::SecureBootOff, because } => {
                format!("{}, and {because} makes the kernel insist", Obstacle::SecureBootOff)
            }
            Self::Hindered { obstacle, .. } => obstacle.to_string(),
            Self::Unusable { reason } | Self::CannotTell { reason } => reason.clone(),
        }
    }

    /// What a person does about it: a command where there is one.
    pub fn mend(&self) -> Option<String> {
        Some(match self {
            Self::NotNeeded | Self::Counted { .. } | Self::CannotTell { .. } => return None,
            Self::NoPair => "dkms mok generate".into(),
            Self::Unusable { .. } => "restore the file, or move the pair away and run `dkms mok generate`".into(),
            Self::Absent | Self::Lost => "dkms mok enroll".into(),
            Self::Pending => "reboot, choose \"Enroll MOK\" within 10 s, type the password".into(),
            Self::GoingAway => "mokutil --revoke-delete".into(),
            Self::NoShim => {
                "add the certificate to db in the settings of the firmware, or sign with a key that is there (sbctl)"
                    .into()
            }
            // Words of the command line are not in capitals.
            Self::Hindered { obstacle: Obstacle::SecureBootOff, because } if !because.starts_with("CONFIG_") => {
                format!("take {because} off the kernel's command line")
            }
            Self::Hindered { obstacle, .. } => obstacle.mend().into(),
        })
    }
}

/// What the rules of a kernel have against a certificate, wherever it is enrolled: a pair is never replaced, its limits are
/// told.
pub fn limits(on: &Circumstances<'_>, certificate: &Certificate) -> Vec<Obstacle> {
    let kind = Obstacle::KeyUnsupported { kind: certificate.key_kind };
    let rules = [
        (ring::verifies(on, certificate), kind),
        (ring::fits_code(on, certificate), Obstacle::NotForCode),
        (ring::fits_machine(on, certificate), Obstacle::NotAuthority),
    ];
    let known = on.kernel.config.path.is_some();
    rules.into_iter().filter(|(fits, _)| known && !fits).map(|(_, obstacle)| obstacle).collect()
}

/// Where there is no pair yet.
fn without(insists: Insists) -> Enrollment {
    match insists {
        Insists::No => Enrollment::NotNeeded,
        Insists::Yes { .. } => Enrollment::NoPair,
        Insists::Unknown { reason } => Enrollment::CannotTell { reason },
    }
}
