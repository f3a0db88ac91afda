//! Which program and which key sign for a kernel: looks and makes nothing.
//!
//! Settings of the administrator come first, then the distribution's habit, then a pair of our own in the dkms tree.

mod program;

use std::path::{Path, PathBuf};

use dkms_conf::framework::SignModules;
use dkms_conf::framework_key::Key;

use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::layout::{PORTAGE_CONF, SHIM_KEY_PAIR};
use crate::record::Signature;
use crate::setup::Setup;
use crate::setup::distribution::KeySource;
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
pub(crate) struct Places {
    pub(crate) key: String,
    pub(crate) certificate: PathBuf,
    /// Who makes them if they are missing.
    pub(crate) maker: Maker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// We, with openssl.
    Ourselves,
    /// Ubuntu's tool, which enrols the key too.
    ShimSigned,
    /// Not made here: they belong to a kernel's build.
    Kernel,
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

impl Places {
    /// Whether both are there; else why not, as a fragment.
    fn present(&self, root: &Root) -> Result<(), String> {
        match self.halves(root) {
            (true, true) => Ok(()),
            (false, false) => Err(format!("neither the key `{}` nor its certificate exists", self.key)),
            (key, _) => Err(self.half(key).to_string()),
        }
    }

    /// Whether there is a key, and whether there is a certificate.
    pub(crate) fn halves(&self, root: &Root) -> (bool, bool) {
        let certificate = root.is_file(&self.certificate);
        if self.key.starts_with("pkcs11:") {
            // The token is asked when it signs.
            return (true, certificate);
        }
        (root.is_file(Path::new(&self.key)), certificate)
    }

    /// The error that one of them is missing.
    pub(crate) fn half(&self, has_key: bool) -> Error {
        let (key, certificate) = (&self.key, self.certificate.display());
        let reason = if has_key {
            format!("the certificate `{certificate}` is missing while its key `{key}` is there")
        } else {
            format!("the key `{key}` is missing while its certificate `{certificate}` is there")
        };
        Error::Keys { path: self.certificate.clone(), reason }
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

/// Where key and certificate are for a kernel, or are to be.
pub(crate) fn places(setup: &Setup, kernel: &Kernel) -> Places {
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
    Some(Places { key, certificate: certificate.into(), maker: Maker::Kernel })
}
