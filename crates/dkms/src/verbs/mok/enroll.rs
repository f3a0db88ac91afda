//! `dkms mok enroll`: a person has shim asked to trust the keys that sign on this machine.

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::firmware::Firmware;
use dkms_engine::module_file::certificate::Certificate;
use dkms_engine::mok::{self, Before};
use dkms_engine::record::Enrollments;
use dkms_engine::run::Writer;
use dkms_engine::transaction::is_script;
use dkms_engine::trust::Enrollment;
use indicatif::MultiProgress;

use crate::session::Session;
use crate::watch::Watcher;

/// What a person has to know once a request is made: MokManager (shim) waits no longer, and takes the request away first.
const AFTERWARDS: &str = "\
at the next boot, choose \"Enroll MOK\" within 10 seconds and type the password again; otherwise the request is lost
a machine without a console cannot confirm it: there the certificate has to be added to db in the settings of the firmware
";

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let mut firmware = Firmware::gather(&session.setup);
    let standings = super::standings(session, &firmware)?;
    if let Some(pair) = standings.iter().find(|pair| pair.certificate.is_none()) {
        let unusable = pair.kernels.iter().find_map(|(_, enrollment)| match enrollment {
            Enrollment::Unusable { reason } => Some(reason),
            _ => None,
        });
        return Err(match unusable {
            Some(reason) => not_enrolled(&pair.path, reason, None),
            None => {
                let made = "dkms mok generate".to_owned();
                not_enrolled(&pair.path, "there is no usable pair of keys there", Some(made))
            }
        });
    }
    for pair in &standings {
        let Some(certificate) = &pair.certificate else { continue };
        enroll(session, progress, &firmware, &pair.path, certificate)?;
        firmware = Firmware::gather(&session.setup);
    }
    Ok(())
}

fn enroll(
    session: &Session,
    progress: &MultiProgress,
    firmware: &Firmware,
    path: &Path,
    certificate: &Certificate,
) -> Result<()> {
    let shown = path.display();
    match mok::before(firmware, path, certificate)? {
        Before::Enrolled(list) => {
            return Ok(session.output.line(&format!("`{shown}` is enrolled already ({list})"))?);
        }
        Before::Pending => {
            session.output.line(&format!("shim is asked already to enrol `{shown}`"))?;
        }
        Before::Due => {
            is_person(session, path)?;
            mok::ask(&session.setup, path, certificate)?;
            session.output.line(&format!("shim is asked to enrol `{shown}`"))?;
        }
    }
    session.output.write(AFTERWARDS)?;
    let (mut writer, mut watcher) = (Writer::default(), Watcher::new(session, progress, false));
    let (guard, _) = writer.guard(&session.setup, &mut watcher)?;
    Ok(Enrollments::remember(&session.setup, guard.root(), certificate, path)?)
}

/// Whether there is a person to type the password.
fn is_person(session: &Session, path: &Path) -> Result<()> {
    if is_script(&session.setup.environment) {
        return Err(not_enrolled(path, "a password is needed, and the script of a package asks for none", None));
    }
    if !io::stdin().is_terminal() {
        let advice = format!("run it on a terminal; without one: mokutil --import {} --hash-file FILE", path.display());
        return Err(not_enrolled(path, "mokutil asks for a password, and standard input is no terminal", Some(advice)));
    }
    Ok(())
}

fn not_enrolled(path: &Path, reason: &str, advice: Option<String>) -> anyhow::Error {
    Error::NotEnrolled { path: path.to_owned(), reason: reason.to_owned(), advice }.into()
}
