//! Where key and certificate are: settings of the administrator come first, then of the pairs that are there the one whose
//! certificate the kernel takes, then the distribution's habit, then a pair of our own in the dkms tree.

use std::path::{Path, PathBuf};

use dkms_conf::framework_key::Key;

use super::kernel_trust::KernelTrust;
use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::layout::{AKMODS_KEY_PAIR, PORTAGE_CONF, SBCTL_KEY_PAIR, SHIM_KEY_PAIR};
use crate::module_file::certificate::Certificate;
use crate::setup::Setup;
use crate::setup::distribution::KeySource;
use crate::system::root::Root;

/// No certificate is larger.
const MAX_BYTES: u64 = 64 << 10;

/// Where key and certificate are, or are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Private key: an in-root path or a `pkcs11:` URI.
    pub key: String,
    /// Certificate, in-root.
    pub certificate: PathBuf,
    /// Who makes them if they are missing.
    pub(crate) maker: Maker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// We, with openssl.
    Ourselves,
    /// Ubuntu's tool, which enrols the key too.
    ShimSigned,
    /// Not made here: they belong to a kernel's build, or to another program.
    Others,
}

impl Places {
    /// Those that count for a kernel.
    pub fn of(setup: &Setup, kernel: &Kernel) -> Self {
        places(setup, kernel)
    }

    /// Reads the certificate, in DER or PEM.
    fn certificate(&self, root: &Root) -> Result<Certificate, Error> {
        let failed = |reason: String| Error::Keys { path: self.certificate.clone(), reason };
        let content = root.read_bounded(&self.certificate, MAX_BYTES).map_err(|error| failed(error.to_string()))?;
        Certificate::parse(&content).map_err(|reason| failed(format!("`{}`: {reason}", self.certificate.display())))
    }

    /// The certificate of a pair that is there; `None` if neither half is.
    ///
    /// # Errors
    /// `Keys` if half of it is missing or the certificate cannot be used.
    pub fn found(&self, root: &Root) -> Result<Option<Certificate>, Error> {
        match self.halves(root) {
            (true, true) => self.certificate(root).map(Some),
            (false, false) => Ok(None),
            (key, _) => Err(self.half(key)),
        }
    }

    /// Whether both are there; else why not, as a fragment.
    pub(super) fn present(&self, root: &Root) -> Result<(), String> {
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
    if configured {
        return own;
    }
    match setup.distribution.key_source() {
        KeySource::Own => trusted(setup, kernel).unwrap_or(own),
        KeySource::ShimSigned => trusted(setup, kernel).unwrap_or_else(of_shim),
        KeySource::Portage => portage(setup, kernel).or_else(|| trusted(setup, kernel)).unwrap_or(own),
    }
}

/// Of the pairs that are there, in a fixed order, the first that the kernel takes under Secure Boot. `None` too where there
/// is only the one of the distribution's habit, so that nothing else need be looked at.
fn trusted(setup: &Setup, kernel: &Kernel) -> Option<Places> {
    let (key, certificate) = setup.layout.default_key_pair();
    let own = Places { key: key.to_string_lossy().into_owned(), certificate, maker: Maker::Ourselves };
    let pair = |[key, certificate]: [&str; 2]| Places {
        key: key.into(),
        certificate: certificate.into(),
        maker: Maker::Others,
    };
    let all = [own, of_shim(), pair(AKMODS_KEY_PAIR), pair(SBCTL_KEY_PAIR)];
    let habit = match setup.distribution.key_source() {
        KeySource::ShimSigned => Maker::ShimSigned,
        KeySource::Own | KeySource::Portage => Maker::Ourselves,
    };
    let there: Vec<Places> = all.into_iter().filter(|pair| pair.halves(&setup.root) == (true, true)).collect();
    if there.iter().all(|pair| pair.maker == habit) {
        return None;
    }
    let trust = KernelTrust::new(setup, kernel);
    there
        .into_iter()
        .find(|pair| pair.certificate(&setup.root).is_ok_and(|found| trust.takes_under_secure_boot(&found)))
}

fn of_shim() -> Places {
    let [key, certificate] = SHIM_KEY_PAIR;
    Places { key: key.into(), certificate: certificate.into(), maker: Maker::ShimSigned }
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
    Some(Places { key, certificate: certificate.into(), maker: Maker::Others })
}
