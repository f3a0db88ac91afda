//! Which key signs for a kernel, and making one where there is none.
//!
//! Settings of the administrator come first, then the distribution's habit, then a pair of our own in the dkms tree.
//! A pair is made only if both halves are missing: whoever lost one half has, perhaps, enrolled the other one in the
//! firmware, and a new pair in its place would make every module unloadable without a word.

mod pair;

use std::path::{Path, PathBuf};

use dkms_conf::framework::SignModules;
use dkms_conf::framework_key::Key;

use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::layout::{FIRST_ROOT, PORTAGE_CONF, SHIM_KEY_PAIR};
use crate::record::Signature;
use crate::setup::Setup;
use crate::setup::distribution::KeySource;
use crate::system::lock::Guard;
use crate::system::root::Root;

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

/// Where key and certificate are, or are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) key: String,
    pub(super) certificate: PathBuf,
    /// Who makes them if they are missing.
    pub(super) maker: Maker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// We, with openssl.
    Ourselves,
    /// Ubuntu's tool, which enrols the key too.
    ShimSigned,
    /// Nobody: they belong to a kernel's build.
    Nobody,
}

impl Signer {
    /// Looks, and makes nothing.
    pub fn find(setup: &Setup, kernel: &Kernel) -> Self {
        let mut report = KeyReport::default();
        let decision = decide(setup, kernel, &mut report, &mut |places| pair::present(setup, places));
        Self { decision, report }
    }

    /// Looks, and makes a pair of keys where the rules say so. Once per kernel, before its builds.
    ///
    /// # Errors
    /// `Interrupted`; what else goes wrong is in the decision.
    pub fn prepare(setup: &Setup, guard: &Guard, kernel: &Kernel) -> Result<Self, Error> {
        let (mut report, mut generated) = (KeyReport::default(), false);
        let decision = decide(setup, kernel, &mut report, &mut |places| {
            pair::ensure(setup, guard, places).map(|made| generated = made).map_err(|error| error.to_string())
        });
        setup.cancel.check()?;
        report.generated = generated;
        Ok(Self { decision, report })
    }

    /// Whether modules get a signature.
    pub fn signs(&self) -> bool {
        matches!(self.decision, Decision::Sign { .. })
    }

    /// What is recorded if nothing is signed.
    pub(super) fn unsigned(&self) -> Option<Signature> {
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

/// Only the keys: what `generate_mok` does.
///
/// # Errors
/// Whatever keeps a pair from being there afterwards.
pub fn ensure(setup: &Setup, guard: &Guard, kernel: &Kernel) -> Result<KeyReport, Error> {
    let places = places(setup, kernel);
    let generated = pair::ensure(setup, guard, &places)?;
    Ok(KeyReport { program: None, key: Some(places.key), certificate: Some(places.certificate), generated })
}

fn decide(
    setup: &Setup,
    kernel: &Kernel,
    report: &mut KeyReport,
    ready: &mut dyn FnMut(&Places) -> Result<(), String>,
) -> Decision {
    let leave = |reason: &str| Decision::Leave { reason: reason.to_owned() };
    match setup.framework.sign_modules() {
        SignModules::Never => return leave("`try_sign_modules` is false"),
        SignModules::NotInChroot if in_chroot(setup) => {
            return leave("this is the root of an image, and `try_sign_modules` is not_in_chroot");
        }
        SignModules::NotInChroot | SignModules::Always => {}
    }
    if kernel.config.path.is_none() {
        return leave("the kernel's configuration is not there");
    }
    let Some(digest) = kernel.config.text("CONFIG_MODULE_SIG_HASH") else {
        return leave("the kernel has no module signatures");
    };
    let program = match super::tool::find(setup, kernel) {
        Ok(program) => program,
        Err(looked_at) => {
            let last = looked_at.last().map(|path| path.display().to_string()).unwrap_or_default();
            return Decision::Unable { reason: format!("there is no program that signs (`{last}`)") };
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

fn places(setup: &Setup, kernel: &Kernel) -> Places {
    let (framework, release) = (&setup.framework, &kernel.id.release);
    let is_set = |key| framework.setting(key).is_some_and(|setting| !setting.value.is_empty());
    let configured = is_set(Key::MokSigningKey) || is_set(Key::MokCertificate);
    let own = Places {
        key: framework.mok_signing_key(release),
        certificate: framework.mok_certificate(release).into(),
        maker: Maker::Ourselves,
    };
    match setup.distribution.key_source() {
        _ if configured => own,
        KeySource::Own => own,
        KeySource::ShimSigned => {
            let [key, certificate] = SHIM_KEY_PAIR;
            Places { key: key.into(), certificate: certificate.into(), maker: Maker::ShimSigned }
        }
        KeySource::Portage => portage(setup, kernel).unwrap_or(own),
    }
}

/// Gentoo: environment, make.conf, then the key that the kernel was made with.
fn portage(setup: &Setup, kernel: &Kernel) -> Option<Places> {
    let conf = setup.root.read_to_string(Path::new(PORTAGE_CONF)).unwrap_or_default();
    let setting = |name: &str| {
        let from_file = || {
            let value = |line: &str| line.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
            conf.lines().filter_map(value).next_back().map(|value| value.trim_matches(['"', '\'']).to_owned())
        };
        setup.environment.get(name).map(str::to_owned).or_else(from_file).filter(|value| !value.is_empty())
    };
    let of_kernel = || {
        let path = Path::new(kernel.config.text("CONFIG_MODULE_SIG_KEY").filter(|path| !path.is_empty())?);
        Some(kernel.source_dir.join(path).to_string_lossy().into_owned())
    };
    let key = setting("MODULES_SIGN_KEY").or_else(of_kernel)?;
    let certificate = setting("MODULES_SIGN_CERT").or_else(of_kernel)?;
    Some(Places { key, certificate: certificate.into(), maker: Maker::Nobody })
}

/// Whether the root is not that of the machine: an image being built, where a key would be a stranger's. Without a
/// `/proc` to ask it is taken for one; running systems have it.
pub(crate) fn in_chroot(setup: &Setup) -> bool {
    use std::os::unix::fs::MetadataExt;
    if setup.environment.get("FAKECHROOT").is_some_and(|value| value == "true") {
        return true;
    }
    // Nobody takes note: that a file comes into `/` changes no answer, and the answer is a circumstance of its own.
    let ours = setup.root.stat(Path::new("/"), true).map(|stat| (stat.st_dev, stat.st_ino));
    match std::fs::metadata(FIRST_ROOT) {
        Ok(first) => ours != Some((first.dev(), first.ino())),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests;
