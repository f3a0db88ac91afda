//! The two files, made whole or not at all.

use std::path::Path;

use crate::error::Error;
use crate::setup::Setup;
use crate::signer::{Maker, Places};
use crate::system::lock::Guard;
use crate::system::staged::Staged;

/// What openssl is to make: a certificate that passes every rule that kernels are known to have. Some take only those made
/// for code signing (CONFIG_CHECK_CODESIGN_EKU), some only authorities that may sign certificates and nothing else
/// (CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX). For longer than any machine; 2048 bits are what every firmware can read.
const REQUEST: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
string_mask = utf8only
[name]
commonName = Kernel modules built on this machine (dkms)
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always, issuer
extendedKeyUsage = codeSigning
";
/// One hundred years.
const DAYS: &str = "36500";

/// Makes the pair if both halves are missing and it is ours to make. Gives whether it was made.
pub(super) fn ensure(setup: &Setup, guard: &Guard, places: &Places) -> Result<bool, Error> {
    match places.halves(&setup.root) {
        (true, true) => return Ok(false),
        (false, false) => {}
        (key, _) => return Err(places.half(key)),
    }
    match places.maker {
        Maker::Ourselves => make(setup, guard, places)?,
        Maker::ShimSigned => {
            for option in ["--new-key", "--enroll-key"] {
                let tool = setup.tool("update-secureboot-policy")?.inherit(&setup.environment);
                tool.env("SHIM_NOTRIGGER", "y").arg(option).require()?;
            }
        }
        Maker::Others => {
            let reason = format!("neither the key `{}` nor its certificate exists", places.key);
            return Err(Error::Keys { path: places.certificate.clone(), reason });
        }
    }
    Ok(true)
}

/// Both are made in a directory that only root can enter, then published; the key last, because a certificate alone is
/// harmless.
fn make(setup: &Setup, guard: &Guard, places: &Places) -> Result<(), Error> {
    let (root, key) = (guard.root(), Path::new(&places.key));
    for path in [key, &places.certificate] {
        let parent = path.parent().unwrap_or(Path::new("/"));
        if !root.is_dir(parent) && parent != setup.layout.tree {
            let reason = format!("there is no directory `{}` for it", parent.display());
            return Err(Error::Keys { path: path.to_owned(), reason });
        }
    }
    let staged = Staged::directory(root, key)?;
    let inside = |name: &str| staged.path().join(name);
    root.set_mode(staged.path(), 0o700)?;
    let request = inside("request");
    {
        use std::io::Write;
        let mut file = root.create_new(&request, 0o600)?;
        file.write_all(REQUEST.as_bytes()).map_err(Error::io("write", &request))?;
    }
    let (new_key, new_certificate) = (inside("key"), inside("certificate"));
    setup
        .tool("openssl")?
        .inherit(&setup.environment)
        .args(["req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", DAYS, "-outform", "DER"])
        .arg("-config")
        .arg(&request)
        .arg("-keyout")
        .arg(&new_key)
        .arg("-out")
        .arg(&new_certificate)
        .require()?;
    let (new_key, new_certificate) = (root.read(&new_key)?, root.read(&new_certificate)?);
    if new_key.is_empty() || new_certificate.is_empty() {
        return Err(Error::Keys { path: key.to_owned(), reason: "openssl wrote an empty file".into() });
    }
    let certificate = Staged::file(root, &places.certificate, &new_certificate, 0o644)?;
    let key = Staged::file(root, key, &new_key, 0o600)?;
    certificate.publish()?;
    key.publish()
}
