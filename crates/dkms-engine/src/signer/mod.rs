//! Which program and which key sign for a kernel: looks and makes nothing.

pub(crate) mod kernel_trust;
mod places;
mod program;

use std::path::PathBuf;

use dkms_conf::framework::SignModules;

use crate::facts::kernel::Kernel;
use crate::record::Signature;
use crate::setup::Setup;
use crate::system::root::Root;

pub use places::Places;
pub(crate) use places::{Maker, places};

/// What signs the modules of one kernel: found once, used for all builds.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Whether and how.
    pub decision: Decision,
    /// Program, key and certificate as far as known, for people.
    pub report: KeyReport,
}

/// Whether and how modules are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are.
    Sign {
        /// The program.
        program: PathBuf,
        /// Digest, as the kernel configuration names it.
        digest: String,
        /// Private key: a path or a `pkcs11:` URI.
        key: String,
        /// Certificate.
        certificate: PathBuf,
    },
    /// They are not, on purpose.
    Leave {
        /// Why, as a fragment.
        reason: String,
    },
    /// They should be, and cannot.
    Unable {
        /// Why, as a fragment.
        reason: String,
    },
}

/// What there is to tell about keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyReport {
    /// The program that signs, if there is one.
    pub program: Option<PathBuf>,
    /// Private key.
    pub key: Option<String>,
    /// Certificate.
    pub certificate: Option<PathBuf>,
    /// The pair was made just now.
    pub generated: bool,
}

/// The signer of a kernel as an input of a build: digest and certificate; empty if nothing is signed.
pub fn identity(setup: &Setup, kernel: &Kernel) -> String {
    Signer::find(setup, kernel).identity(&setup.root)
}

impl Signer {
    /// Looks, and makes nothing.
    pub fn find(setup: &Setup, kernel: &Kernel) -> Self {
        let mut report = KeyReport::default();
        let decision = decide(setup, kernel, &mut report, &mut |places| places.present(&setup.root));
        Self { decision, report }
    }

    /// Whether modules get a signature.
    pub fn signs(&self) -> bool {
        matches!(self.decision, Decision::Sign { .. })
    }

    /// What is recorded if nothing is signed.
    pub(crate) fn unsigned(&self) -> Option<Signature> {
        match &self.decision {
            Decision::Sign { .. } => None,
            Decision::Leave { reason } => Some(Signature::Unsigned { reason: reason.clone() }),
            Decision::Unable { reason } => Some(Signature::Failed { reason: reason.clone() }),
        }
    }

    /// The signer as an input of a build: digest and certificate; empty if nothing is signed.
    pub fn identity(&self, root: &Root) -> String {
        let Decision::Sign { digest, certificate, .. } = &self.decision else { return String::new() };
        let hash = root.open_file(certificate).ok().and_then(|file| crate::fingerprint::sha256(file).ok());
        format!("{digest} {}", hash.unwrap_or_default())
    }
}

/// What the settings make of it; `ready` is asked whether key and certificate can be used, and may make them.
pub(crate) fn decide(
    setup: &Setup,
    kernel: &Kernel,
    report: &mut KeyReport,
    ready: &mut dyn FnMut(&Places) -> Result<(), String>,
) -> Decision {
    let leave = |reason: &str| Decision::Leave { reason: reason.to_owned() };
    match setup.framework.sign_modules() {
        SignModules::Never => return leave("`try_sign_modules` is false"),
        SignModules::NotInChroot if setup.in_chroot() => {
            return leave("this is the root of an image, and `try_sign_modules` is not_in_chroot");
        }
        SignModules::NotInChroot | SignModules::Always => {}
    }
    if kernel.config.path.is_none() {
        return leave("the kernel's configuration is missing");
    }
    let Some(digest) = kernel.config.text("CONFIG_MODULE_SIG_HASH") else {
        return leave("the kernel does not support module signatures");
    };
    let program = match program::find(setup, kernel) {
        Ok(program) => program,
        Err(looked_at) => {
            let last = looked_at.last().map(|path| path.display().to_string()).unwrap_or_default();
            return Decision::Unable { reason: format!("the program that signs modules is missing (`{last}`)") };
        }
    };
    report.program = Some(program.clone());
    let places = places(setup, kernel);
    report.key = Some(places.key.clone());
    report.certificate = Some(places.certificate.clone());
    match ready(&places) {
        Ok(()) => {
            Decision::Sign { program, digest: digest.to_owned(), key: places.key, certificate: places.certificate }
        }
        Err(reason) => Decision::Unable { reason },
    }
}

#[cfg(test)]
mod tests;
