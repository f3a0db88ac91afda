//! `dkms generate_mok`: makes the key and the certificate that sign modules, unless they are there.

use anyhow::Result;
use dkms_engine::run::Writer;
use dkms_engine::sign::keys;
use indicatif::MultiProgress;

use crate::registration;
use crate::session::Session;
use crate::watch::Watcher;

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let kernel = registration::kernel(session)?;
    let mut watcher = Watcher::new(session, progress, false);
    let mut writer = Writer::default();
    let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
    let report = keys::ensure(&session.setup, guard, &kernel)?;
    if let Some(key) = report.key {
        session.output.line(&format!("signing key: {key}"))?;
    }
    if let Some(certificate) = report.certificate {
        session.output.line(&format!("certificate: {}", certificate.display()))?;
    }
    if report.generated {
        session.output.line("both were made now; `dkms mok enroll` enrols the certificate")?;
    }
    Ok(())
}
