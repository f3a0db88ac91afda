//! The request to shim: what there is to know before it is made, the making, and whether it was made.
//!
//! mokutil asks the person for a password that shim will want to hear again. How it ends says nothing: it ends with 0 where it
//! did nothing. Only what the firmware has afterwards counts.

use std::io::Write;
use std::path::Path;

use crate::error::Error;
use crate::facts::firmware::Firmware;
use crate::module_file::certificate::Certificate;
use crate::setup::Setup;

/// What is so before shim is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The firmware or shim has the certificate already, in this list.
    Enrolled(&'static str),
    /// shim is asked already.
    Pending,
    /// There is something to ask for.
    Due,
}

/// Looks whether a certificate can and need be enrolled; `path` is where it is.
///
/// # Errors
/// `NotEnrolled` where shim cannot be asked.
pub fn before(firmware: &Firmware, path: &Path, certificate: &Certificate) -> Result<Before, Error> {
    let refused = |reason: &str, advice: Option<&str>| {
        let (path, advice) = (path.to_owned(), advice.map(str::to_owned));
        Err(Error::NotEnrolled { path, reason: reason.to_owned(), advice })
    };
    let efi = match firmware {
        Firmware::Efi(efi) => efi,
        Firmware::Bios => return refused("this machine was booted without EFI, so nothing asks for keys", None),
        Firmware::Unknown { reason } => return refused(reason, Some("run it on the machine that is to boot")),
    };
    if efi.mok.has(certificate) {
        return Ok(Before::Enrolled("MokList"));
    }
    if efi.db.has(certificate) {
        return Ok(Before::Enrolled("db"));
    }
    if !efi.shim {
        let advice =
            "add the certificate to db in the settings of the firmware, or sign with a key that is there (sbctl)";
        return refused("shim, which alone could be asked, is not in the boot chain", Some(advice));
    }
    let Some(pending) = &efi.pending else {
        let advice = "mount -t efivarfs efivarfs /sys/firmware/efi/efivars";
        return refused("the variables of the firmware are not there, only shim's table", Some(advice));
    };
    Ok(if pending.enroll.has(certificate) { Before::Pending } else { Before::Due })
}

/// Has mokutil ask shim to enrol a certificate; a person types the password.
///
/// # Errors
/// `NotEnrolled` if there is no such request afterwards; `ToolMissing`, `Io`, `Interrupted`.
pub fn ask(setup: &Setup, path: &Path, certificate: &Certificate) -> Result<(), Error> {
    let tool = setup.tool("mokutil")?.inherit(&setup.environment).arg("--import");
    let is_der = setup.root.read_bounded(path, MAX_BYTES).is_ok_and(|content| content == certificate.der);
    let finished = if is_der {
        tool.arg(path).converse()?
    } else {
        // mokutil reads no PEM.
        let (directory, root) = setup.root.temporary_dir(&setup.layout.temporary, "dkms-mok-")?;
        let der = directory.join("certificate.der");
        let finished = root.create_new(&der, 0o600).and_then(|mut file| {
            file.write_all(&certificate.der).map_err(Error::io("write", &der))?;
            tool.arg(&der).converse()
        });
        root.remove_tree(&directory)?;
        finished?
    };
    if matches!(before(&Firmware::gather(setup), path, certificate)?, Before::Pending) {
        return Ok(());
    }
    Err(Error::NotEnrolled {
        path: path.to_owned(),
        reason: format!("mokutil {}, and the firmware has no request for it (MokNew)", finished.end),
        advice: Some("what mokutil said tells why; `dkms mok status` shows what is enrolled".into()),
    })
}

/// No certificate is larger.
const MAX_BYTES: u64 = 64 << 10;
