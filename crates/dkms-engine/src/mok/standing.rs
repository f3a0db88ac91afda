//! Where the pair that signs for a kernel stands with it.

use std::path::PathBuf;

use crate::error::Error;
use crate::facts::at_boot::AtBoot;
use crate::facts::boot::Boot;
use crate::facts::firmware::Firmware;
use crate::facts::kernel::Kernel;
use crate::module_file::certificate::Certificate;
use crate::record::Enrollments;
use crate::setup::Setup;
use crate::signer::Places;
use crate::target::KernelId;
use crate::trust::{Circumstances, Enrollment, Obstacle, limits};

/// One pair, and the kernels whose modules it signs.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Private key: an in-root path or a `pkcs11:` URI.
    pub key: String,
    /// Certificate, in-root.
    pub path: PathBuf,
    /// What the certificate says; `None` if there is no pair yet, or if it cannot be used.
    pub certificate: Option<Certificate>,
    /// Lists that have the certificate, as firmware and shim call them.
    pub enrolled: Vec<&'static str>,
    /// By release.
    pub kernels: Vec<(String, Enrollment)>,
    /// What rules of kernels have against the certificate, by release.
    pub limits: Vec<(String, Obstacle)>,
}

impl Standing {
    /// Looks at all pairs that sign for these kernels, in the kernels' order.
    ///
    /// # Errors
    /// `Io` for a kernel's configuration that is there and cannot be read.
    pub fn gather(setup: &Setup, firmware: &Firmware, kernels: &[KernelId]) -> Result<Vec<Self>, Error> {
        let boot = Boot::gather(setup, firmware);
        let requests = Enrollments::load(setup);
        let mut all: Vec<Self> = Vec::new();
        for id in kernels {
            let kernel = Kernel::gather(setup, id)?;
            let places = Places::of(setup, &kernel);
            let found = places.found(&setup.root);
            let certificate = found.as_ref().ok().and_then(Option::as_ref);
            let mut at_boot = AtBoot::gather(setup, &kernel.directory, &id.release)?;
            at_boot.command_line = boot.command_line(&id.release, &at_boot.config);
            let on = Circumstances { kernel: &at_boot, firmware, distribution: &setup.distribution };
            let enrollment = match &found {
                Ok(certificate) => {
                    let requested = certificate.as_ref().is_some_and(|one| requests.of(one).is_some());
                    Enrollment::of(&on, certificate.as_ref(), requested)
                }
                Err(error) => Enrollment::unusable(&on, error.to_string()),
            };
            let limits = certificate.map(|one| limits(&on, one)).unwrap_or_default();
            let known = all.iter().position(|one| one.key == places.key && one.path == places.certificate);
            let index = known.unwrap_or(all.len());
            if known.is_none() {
                all.push(Self::without_kernels(firmware, places, found.ok().flatten()));
            }
            all[index].kernels.push((id.release.clone(), enrollment));
            all[index].limits.extend(limits.into_iter().map(|limit| (id.release.clone(), limit)));
        }
        Ok(all)
    }

    fn without_kernels(firmware: &Firmware, places: Places, certificate: Option<Certificate>) -> Self {
        let enrolled = certificate.as_ref().map(|one| lists(firmware, one)).unwrap_or_default();
        let Places { key, certificate: path, .. } = places;
        Self { key, path, certificate, enrolled, kernels: Vec::new(), limits: Vec::new() }
    }
}

/// Lists in which a certificate is, and requests to shim that are about it.
fn lists(firmware: &Firmware, certificate: &Certificate) -> Vec<&'static str> {
    let Firmware::Efi(efi) = firmware else { return Vec::new() };
    let pending = efi.pending.clone().unwrap_or_default();
    let all = [
        ("MokList", &efi.mok),
        ("db", &efi.db),
        ("MokNew", &pending.enroll),
        ("MokDel", &pending.remove),
        ("MokListX", &efi.mokx),
        ("dbx", &efi.dbx),
    ];
    all.into_iter().filter(|(_, list)| list.has(certificate)).map(|(name, _)| name).collect()
}
