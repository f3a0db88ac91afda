//! Which certificates shim was asked to enrol: a request that is not confirmed at the next boot is gone without a trace.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Format;
use crate::error::Error;
use crate::module_file::certificate::Certificate;
use crate::setup::Setup;
use crate::system::root::RootMut;

/// All requests, the latest last: `T/.dkms-rs/enrollments.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrollments {
    /// The format; a value of another one does not load.
    pub format: Format,
    /// One for each certificate.
    pub requests: Vec<Request>,
}

/// A certificate that shim was asked to enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// SHA-256 of its DER, hexadecimal.
    pub sha256: String,
    /// Where it was, in-root.
    pub certificate: PathBuf,
    /// Seconds since 1970.
    pub time: u64,
}

impl Enrollments {
    /// What is remembered; nothing if there is no file, or none that can be understood.
    pub fn load(setup: &Setup) -> Self {
        let path = setup.layout.enrollments();
        let there = setup.root.is_file(&path);
        there.then(|| super::load(&setup.root, &path)).flatten().unwrap_or_default()
    }

    /// The request for a certificate.
    pub fn of(&self, certificate: &Certificate) -> Option<&Request> {
        let sha256 = certificate.sha256();
        self.requests.iter().find(|request| request.sha256 == sha256)
    }

    /// Remembers a request, made now, in place of an older one for the same certificate.
    ///
    /// # Errors
    /// `Io`.
    pub fn remember(setup: &Setup, root: &RootMut, certificate: &Certificate, path: &Path) -> Result<(), Error> {
        let mut all = Self::load(setup);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        let request = Request { sha256: certificate.sha256(), certificate: path.to_owned(), time };
        all.requests.retain(|known| known.sha256 != request.sha256);
        all.requests.push(request);
        super::store(root, &setup.layout.enrollments(), &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_request_is_remembered_once() {
        let (_directory, setup) = testing::setup();
        let parse = |der: &[u8]| Certificate::parse(der).unwrap();
        let ours = parse(include_bytes!("../../../../tests/fixtures/signatures/ours.der"));
        let other = parse(include_bytes!("../../../../tests/fixtures/signatures/ca.der"));
        testing::write(&setup, "/var/lib/dkms/.dkms-rs/enrollments.json", "damaged");
        assert_eq!(Enrollments::load(&setup), Enrollments::default());
        for certificate in [&ours, &other, &ours] {
            Enrollments::remember(&setup, &setup.root.writable(), certificate, Path::new("/c")).unwrap();
        }
        let found = Enrollments::load(&setup);
        assert_eq!(found.requests.len(), 2);
        assert_eq!(found.of(&ours), found.requests.last());
        assert_eq!(found.of(&other), found.requests.first());
    }
}
