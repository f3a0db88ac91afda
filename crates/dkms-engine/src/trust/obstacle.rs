//! Why a certificate that the firmware has does not count for a kernel.

use std::fmt;

/// What stands in the way; shown as a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The kernel leaves the services of the firmware alone, so it reads no key.
    ServicesOff,
    /// The kernel was made without loading keys of the firmware.
    KeysNotLoaded,
    /// The certificate is revoked.
    Revoked {
        /// Where that is said.
        by: &'static str,
    },
    /// Signatures by its kind of key are not verified.
    KeyUnsupported {
        /// The kind.
        kind: &'static str,
    },
    /// The kernel asks for a purpose that the certificate does not have.
    NotForCode,
    /// The kernel takes only authorities that sign certificates from its owner, and this is none.
    NotAuthority,
    /// Without Secure Boot no key of the owner is loaded.
    SecureBootOff,
    /// The kernel cannot tell that Secure Boot is on, and never loads a key of the owner.
    NeverRead,
    /// shim has told the kernel to leave `db` alone.
    DbIgnored,
    /// shim has told the kernel that keys of the owner do not vouch for modules.
    NotTrusted,
    /// The certificate would come into a ring that the kernel does not ask for modules.
    NotAsked,
}

impl Obstacle {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServicesOff => "firmware-services-off",
            Self::KeysNotLoaded | Self::NeverRead | Self::DbIgnored => "never-read",
            Self::Revoked { .. } => "revoked",
            Self::KeyUnsupported { .. } | Self::NotForCode | Self::NotAuthority => "unfit",
            Self::SecureBootOff => "secure-boot-off",
            Self::NotTrusted => "not-trusted",
            Self::NotAsked => "not-asked",
        }
    }

    /// What a person does about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::ServicesOff => "boot the kernel with efi=runtime",
            Self::KeysNotLoaded | Self::NeverRead | Self::NotAsked => "boot another kernel",
            Self::DbIgnored => "mokutil --use-db, reboot, confirm",
            Self::Revoked { .. } | Self::KeyUnsupported { .. } | Self::NotForCode | Self::NotAuthority => {
                "move both files of the pair away, then `dkms mok generate && dkms mok enroll`"
            }
            Self::SecureBootOff => "turn Secure Boot on in the settings of the firmware",
            Self::NotTrusted => "mokutil --trust-mok, reboot, confirm",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServicesOff => "the kernel does not use the services of the firmware",
            Self::KeysNotLoaded => "the kernel loads no keys of the firmware (CONFIG_LOAD_UEFI_KEYS)",
            Self::Revoked { by } => return write!(f, "its certificate is revoked in {by}"),
            Self::KeyUnsupported { kind } => return write!(f, "the kernel verifies no signatures by {kind} keys"),
            Self::NotForCode => "its certificate is not made for code signing, which this kernel asks for",
            Self::NotAuthority => {
                "its certificate is not one of an authority that signs certificates alone (keyUsage), which this kernel \
                 asks of its owner's keys"
            }
            Self::SecureBootOff => "with Secure Boot off no key of the machine's owner (MOK) is loaded",
            Self::NeverRead => {
                "this kernel never loads a key of the machine's owner (MOK): it has no CONFIG_IMA_ARCH_POLICY"
            }
            Self::DbIgnored => "shim has told the kernel not to load db (MokIgnoreDB)",
            Self::NotTrusted => "the kernel asks only for keys of an owner that is trusted (MokListTrusted)",
            Self::NotAsked => "the kernel does not ask the keys of `.platform`",
        })
    }
}
