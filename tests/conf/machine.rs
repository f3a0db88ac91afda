//! The machine as an unprivileged conf sees it: what bash is asked about the same things.

use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use dkms_conf::{FileKind, World};
use testbed::command::Cmd;

/// Answers of this machine.
#[derive(Clone)]
pub(super) struct Machine {
    cpu_count: usize,
    release: String,
    machine: String,
    directory: String,
}

impl Machine {
    pub(super) fn new() -> Result<Self> {
        let said = |program: &str, option: Option<&str>| -> Result<String> {
            Ok(Cmd::new(program).args(option).checked()?.stdout.trim().to_owned())
        };
        Ok(Self {
            cpu_count: said("nproc", None)?.parse().context("the answer of nproc")?,
            release: said("uname", Some("-r"))?,
            machine: said("uname", Some("-m"))?,
            directory: "/".into(),
        })
    }
}

impl Machine {
    /// The same with a working directory.
    pub(super) fn at(&self, directory: &Path) -> Self {
        Self { directory: directory.display().to_string(), ..self.clone() }
    }
}

fn allows(path: &str, bits: u32) -> bool {
    fs::metadata(path).is_ok_and(|metadata: Metadata| metadata.permissions().mode() & bits == bits)
}

impl World for Machine {
    fn directory(&self) -> &str {
        &self.directory
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        let kind = fs::metadata(path).ok()?.file_type();
        Some(match (kind.is_file(), kind.is_dir()) {
            (true, _) => FileKind::File,
            (_, true) => FileKind::Directory,
            _ => FileKind::Other,
        })
    }

    fn is_symlink(&self, path: &str) -> bool {
        Path::new(path).is_symlink()
    }

    fn is_readable(&self, path: &str) -> bool {
        allows(path, 0o004)
    }

    fn is_executable(&self, path: &str) -> bool {
        allows(path, 0o001)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn cpu_count(&self) -> usize {
        self.cpu_count
    }

    fn kernel_release(&self) -> String {
        self.release.clone()
    }

    fn machine(&self) -> String {
        self.machine.clone()
    }
}
