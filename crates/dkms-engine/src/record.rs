//! What we remember of a build, of a failure and of an installation, as stored beside them.
//!
//! Every stored value carries a format number; unknown fields are refused, because they come from a newer program whose
//! meaning we would drop. All of it can be lost: what is missing is measured again or taken for a build of the original.

mod attempt;
mod enrollments;
mod format;

use std::path::{Path, PathBuf};

use dkms_conf::module_config::ModuleConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use attempt::{Attempt, Failure};
pub use enrollments::{Enrollments, Request};
pub use format::Format;

use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::module_file::compression::Compression;
use crate::system::root::{Meta, Root, RootMut};
use crate::system::staged::Staged;
use crate::target::ModuleId;

/// How a finished build came about: `T/M/V/K/A/.record.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildRecord {
    /// The format; a value of another one does not load.
    pub format: Format,
    /// Inputs of the build.
    pub fingerprint: Fingerprint,
    /// The configuration that counted, so that it need not be evaluated again.
    pub config: ModuleConfig,
    /// What was built, in the order of the configuration's records.
    pub objects: Vec<ObjectRecord>,
    /// How the signing went.
    pub signature: Signature,
    /// Wall time of the build in milliseconds.
    pub duration_ms: u64,
    /// Largest resident size of one of its processes in KiB, 0 if unknown.
    pub peak_kib: u64,
    /// Who asked: `autoinstall`, `install`, the name of a hook.
    pub asked_by: String,
    /// Options of a person replaced inputs (`-c`, `--directive`, `--config`, `--kernelsourcedir`): later automatic runs
    /// compare the source alone, or they would undo what was asked for.
    pub custom: bool,
}

/// One object below `T/M/V/K/A/module`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRecord {
    /// DEST_MODULE_NAME.
    pub name: String,
    /// File name with all suffixes.
    pub file: String,
    /// Its content.
    pub content: FileRecord,
}

/// A file's content and how `stat` saw it when it was last known to have that content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime: i64,
    /// Inode number.
    pub inode: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

impl FileRecord {
    /// Reads and hashes a file.
    ///
    /// # Errors
    /// `Io`.
    pub fn measure(root: &Root, path: &Path) -> Result<Self, Error> {
        let file = root.open_file(path)?;
        let sha256 = crate::fingerprint::sha256(file).map_err(Error::io("read", path))?;
        let meta = root.meta(path).ok_or_else(|| Error::Io {
            verb: "read",
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        Ok(Self { size: meta.size, mtime: meta.mtime, inode: meta.inode.1, sha256 })
    }

    /// Whether `stat` alone says that the file is untouched.
    pub fn untouched(&self, meta: &Meta) -> bool {
        self.size == meta.size && self.mtime == meta.mtime && self.inode == meta.inode.1
    }

    /// Whether the file at `path` has the recorded content; reads it only if `stat` leaves a doubt.
    pub fn holds(&self, root: &Root, path: &Path) -> bool {
        let Some(meta) = root.meta(path) else { return false };
        self.untouched(&meta)
            || (self.size == meta.size && Self::measure(root, path).is_ok_and(|now| now.sha256 == self.sha256))
    }
}

/// Whether the objects bear a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "state")]
pub enum Signature {
    /// Signed and read back.
    Signed {
        /// Common name of the certificate's subject.
        signer: String,
        /// Digest, as `sha256`.
        digest: String,
        /// Key file or PKCS#11 address.
        key: String,
    },
    /// Left unsigned on purpose: policy, or a kernel that knows no signatures.
    Unsigned {
        /// Why, as a fragment.
        reason: String,
    },
    /// Signing was meant to happen and did not.
    Failed {
        /// Why, as a fragment.
        reason: String,
    },
}

/// Why a build failed: `T/.dkms-rs/failed/M/V/K/A/record.json`. It is not tried again until its fingerprint differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRecord {
    /// The format; a value of another one does not load.
    pub format: Format,
    /// Inputs of the attempt.
    pub fingerprint: Fingerprint,
    /// The configuration that counted.
    pub config: ModuleConfig,
    /// The error as a clause about the module; whole sentences are in records of earlier versions.
    pub message: String,
    /// Exit status the command had.
    pub status: i32,
    /// The lines that say why: the first one, and for a configure script those that follow it.
    pub first_error: Option<String>,
    /// What helps, where something is known; records of earlier versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Wall time of the attempt in milliseconds.
    pub duration_ms: u64,
    /// Who asked.
    pub asked_by: String,
}

/// Which files were placed: `T/M/V/K/A/.installed.json`. What is not in it is not ours to remove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format; a value of another one does not load.
    pub format: Format,
    /// Placed files.
    pub files: Vec<PlacedFile>,
    /// Objects that were not placed, with the reason.
    pub refused: Vec<Refusal>,
    /// A person installed the module: the higher, the later. Kept through upgrades; missing where only automatic runs did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<u64>,
}

/// One placed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedFile {
    /// DEST_MODULE_NAME.
    pub name: String,
    /// In-root path.
    pub path: PathBuf,
    /// Placed as a link into the tree instead of a copy.
    pub link: bool,
    /// Its content (of the link's target, for a link).
    pub content: FileRecord,
}

impl PlacedFile {
    /// Whether a file has the name of this module, in whatever compression.
    pub fn is_called_like(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(Compression::of_file_name);
        name.is_some_and(|(name, _)| name == self.name)
    }
}

/// An object that was kept out: by the version rules, or because another module's is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// DEST_MODULE_NAME.
    pub name: String,
    /// Why, as a fragment with the path in it.
    pub reason: String,
    /// The module whose object of that name has the place; none if it is no module of ours that keeps it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ModuleId>,
}

/// Reads a stored value; `None` if there is none or it cannot be understood (it is then as good as lost).
pub fn load<T: DeserializeOwned>(root: &Root, path: &Path) -> Option<T> {
    let content = root.read(path).ok()?;
    match serde_json::from_slice(&content) {
        Ok(value) => Some(value),
        Err(error) => {
            log::warn!("ignoring damaged `{}`: {error}", path.display());
            None
        }
    }
}

/// Stores a value under a final name.
///
/// # Errors
/// `Io`.
pub fn store<T: Serialize>(root: &RootMut, path: &Path, value: &T) -> Result<(), Error> {
    Staged::file(root, path, &encode(path, value)?, 0o644)?.publish()
}

/// Writes a value into a directory that is itself still staged.
///
/// # Errors
/// `Io`.
pub fn write_unpublished<T: Serialize>(root: &RootMut, path: &Path, value: &T) -> Result<(), Error> {
    use std::io::Write;
    let content = encode(path, value)?;
    let mut file = root.create_new(path, 0o644)?;
    file.write_all(&content).map_err(Error::io("write", path))?;
    file.sync_all().map_err(Error::io("sync", path))
}

fn encode<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, Error> {
    let mut content =
        serde_json::to_vec(value).map_err(|error| Error::State { path: path.to_owned(), reason: error.to_string() })?;
    content.push(b'\n');
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn stored_values_stay_readable() {
        testing::stays_readable::<BuildRecord>(include_str!("../../../tests/fixtures/formats/build-1.json"));
        testing::stays_readable::<FailureRecord>(include_str!("../../../tests/fixtures/formats/failure-1.json"));
        testing::stays_readable::<Attempt>(include_str!("../../../tests/fixtures/formats/attempt-1.json"));
        testing::stays_readable::<Manifest>(include_str!("../../../tests/fixtures/formats/manifest-1.json"));
        testing::stays_readable::<Enrollments>(include_str!("../../../tests/fixtures/formats/enrollments-1.json"));
    }

    #[test]
    fn failures_of_versions_that_knew_no_advice_are_read() {
        let record = testing::failure_record(Fingerprint::default(), testing::module_config());
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("advice"));
        assert_eq!(serde_json::from_str::<FailureRecord>(&text).unwrap(), record);
        let advised = FailureRecord { advice: Some("reinstall".into()), ..record };
        let text = serde_json::to_string(&advised).unwrap();
        assert_eq!(serde_json::from_str::<FailureRecord>(&text).unwrap(), advised);
    }
}
