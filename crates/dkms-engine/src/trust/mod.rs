//! Will a kernel that is not running yet accept a module's signature on this machine?
//!
//! Pure: follows from the kernel's configuration and command line, the firmware and the module's bytes. Four questions, in
//! the kernel's order: does it insist; what is the signature; is its key in a ring that this kernel asks; is it revoked.
//! Each can end in "cannot tell", which is never "fine". Sources: the kernel's `kernel/module/signing.c`,
//! `security/lockdown/`, `security/integrity/platform_certs/`, `crypto/asymmetric_keys/`.

mod enrollment;
mod insist;
mod obstacle;
mod ring;
mod signature;

use crate::facts::at_boot::AtBoot;
use crate::facts::firmware::Firmware;
use crate::setup::distribution::Distribution;

pub use enrollment::{Enrollment, Need, limits};
pub use insist::Insists;
pub use obstacle::Obstacle;
pub use ring::Ring;
pub use signature::Signature;

/// All that decides for one kernel.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The kernel: whom it was made to trust, and what it will be booted with.
    pub kernel: &'a AtBoot,
    /// The firmware below it.
    pub firmware: &'a Firmware,
    /// Whose patches it has, if it has a distribution's.
    pub distribution: &'a Distribution,
}

/// What a kernel makes of a module's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// It loads the module, as far as signatures go.
    Accepted,
    /// It does not.
    Refused,
    /// Something that decides is not known.
    CannotTell,
}

/// The answer, and what decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub trust: Trust,
    /// Whether the kernel insists on signatures.
    pub insists: Insists,
    /// The signature as the kernel sees it.
    pub signature: Signature,
}

impl Circumstances<'_> {
    /// Judges a module, unpacked, with all that is appended to it.
    pub fn judge(&self, module: &[u8]) -> Answer {
        let insists = self.insists();
        if self.kernel.config.path.is_some() && !self.kernel.config.enabled("CONFIG_MODULE_SIG") {
            return self.appraised(Answer { trust: Trust::Accepted, insists, signature: Signature::NotLookedAt });
        }
        let signature = Signature::of(self, module);
        let trust = match (&signature, &insists) {
            (Signature::Good { .. } | Signature::NotLookedAt, _) => Trust::Accepted,
            (Signature::Wrong | Signature::Damaged | Signature::Revoked { .. }, _) => Trust::Refused,
            (Signature::Uncertain { fits: true, .. }, Insists::No) => Trust::Accepted,
            (Signature::Uncertain { .. }, _) => Trust::CannotTell,
            (_, Insists::No) => Trust::Accepted,
            (_, Insists::Yes { .. }) => Trust::Refused,
            (_, Insists::Unknown { .. }) => Trust::CannotTell,
        };
        self.appraised(Answer { trust, insists, signature })
    }

    /// What the kernel itself accepts, a policy of IMA may still refuse.
    fn appraised(&self, answer: Answer) -> Answer {
        match insist::appraised(self).filter(|_| answer.trust == Trust::Accepted) {
            None => answer,
            Some(reason) => {
                let signature = Signature::Uncertain { reason, fits: false };
                Answer { trust: Trust::CannotTell, signature, ..answer }
            }
        }
    }

    /// Whether the kernel refuses modules without a signature that it trusts.
    pub fn insists(&self) -> Insists {
        Insists::of(self)
    }

    /// Secure Boot as this kernel sees it.
    fn secure_boot(&self) -> Option<bool> {
        self.firmware.secure_boot()
    }

    /// Whether an option is built in: `y`, not `m`.
    fn built_in(&self, option: &str) -> bool {
        self.kernel.config.get(option) == Some("y")
    }
}

#[cfg(test)]
mod tests;
