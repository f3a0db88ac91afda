//! An empty root with the usual trees, for unit tests.

use std::path::Path;

use dkms_conf::FrameworkConfig;
use dkms_conf::module_config::{ModuleConfig, Record, Scripts};

use crate::facts::kernel::{Headers, Kernel, KernelConfig};
use crate::fingerprint::Fingerprint;
use crate::layout::Layout;
use crate::module_file::compression::Compression;
use crate::record::{Attempt, BuildRecord, Failure, FailureRecord, Format, Signature};
use crate::setup::distribution::Distribution;
use crate::setup::machine::Machine;
use crate::setup::{Options, Setup};
use crate::system::cancel::Cancel;
use crate::system::environment::Environment;
use crate::system::root::Root;
use crate::target::KernelId;

/// The directory lives as long as the first value.
pub(crate) fn setup() -> (tempfile::TempDir, Setup) {
    let directory = tempfile::tempdir().unwrap();
    let setup = Setup {
        root: Root::open(directory.path()).unwrap(),
        layout: Layout::default(),
        environment: Environment::default(),
        framework: FrameworkConfig::default(),
        distribution: Distribution::parse("ID=debian\nVERSION_ID=13\n"),
        machine: Machine { release: "6.1.0-running".into(), arch: "x86_64".into(), processors: 2 },
        addon_directory: None,
        options: Options::default(),
        cancel: Cancel::default(),
    };
    (directory, setup)
}

/// Writes a file and the directories above it.
pub(crate) fn write(setup: &Setup, path: &str, content: impl AsRef<[u8]>) {
    use std::io::Write;
    let path = Path::new(path);
    setup.root.writable().create_dir_all(path.parent().unwrap()).unwrap();
    setup.root.writable().remove_file(path).unwrap();
    setup.root.writable().create_new(path, 0o644).unwrap().write_all(content.as_ref()).unwrap();
}

/// What is known of a kernel that is there with its headers.
pub(crate) fn kernel(release: &str) -> Kernel {
    Kernel {
        id: KernelId::new(release, "x86_64").unwrap(),
        directory: "/k".into(),
        present: true,
        image: true,
        source_dir: "/k/build".into(),
        gaps: Vec::new(),
        headers: Headers::Complete,
        config: KernelConfig::default(),
        compression: Compression::None,
    }
}

/// One module of a configuration, built and installed under the same name.
pub(crate) fn record(name: &str) -> Record {
    Record {
        built_name: name.into(),
        built_location: String::new(),
        dest_name: name.into(),
        dest_location: "/extra".into(),
        strip: true,
    }
}

/// A configuration of m/1 with one module `m`, with AUTOINSTALL.
pub(crate) fn module_config() -> ModuleConfig {
    ModuleConfig {
        package_name: "m".into(),
        package_version: "1".into(),
        records: vec![record("m")],
        make: Default::default(),
        patches: Vec::new(),
        scripts: Scripts::default(),
        build_depends: Vec::new(),
        build_depends_rebuild: false,
        exclusive: Default::default(),
        obsolete_by: None,
        autoinstall: true,
        no_weak_modules: false,
        exported: Vec::new(),
    }
}

/// The record of an unsigned build, which lists no objects.
pub(crate) fn build_record(fingerprint: Fingerprint, config: ModuleConfig) -> BuildRecord {
    BuildRecord {
        format: Format,
        fingerprint,
        config,
        objects: Vec::new(),
        signature: Signature::Unsigned { reason: String::new() },
        duration_ms: 0,
        peak_kib: 0,
        asked_by: String::new(),
        custom: false,
    }
}

/// The record of a build whose make ended with 2.
pub(crate) fn failure_record(fingerprint: Fingerprint, config: ModuleConfig) -> FailureRecord {
    FailureRecord {
        format: Format,
        fingerprint,
        config,
        message: "make ended with 2".into(),
        status: 2,
        first_error: None,
        advice: None,
        duration_ms: 0,
        asked_by: String::new(),
    }
}

/// An attempt that ended at a time, with a message if it failed.
pub(crate) fn attempt(ended: i64, message: Option<&str>) -> Attempt {
    let failure = message.map(|message| Failure { message: message.into(), first_error: None, advice: None });
    let (asked_by, because) = ("trigger".into(), "its source changed".into());
    Attempt { format: Format, ended, duration_ms: 1200, asked_by, because, changes: Vec::new(), failure }
}

/// Expects that a stored value of long ago is read and means what it meant, and that one of another format is not read.
pub(crate) fn stays_readable<T: serde::Serialize + serde::de::DeserializeOwned>(fixture: &str) {
    let mut stored: serde_json::Value = serde_json::from_str(fixture).unwrap();
    let value: T = serde_json::from_str(fixture).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), stored);
    let format = match stored.as_object_mut().unwrap() {
        fields if fields.contains_key("format") => fields.get_mut("format"),
        variant => variant.values_mut().next().unwrap().get_mut("format"),
    };
    *format.unwrap() = 2.into();
    assert!(serde_json::from_value::<T>(stored).is_err(), "another format is taken for this one");
}
