//! The files of this tree that packages are made of, and the key that a finished package is found again by.

use std::path::Path;

use anyhow::Result;

use crate::command::Cmd;
use crate::{cache, disk, host};

/// What an archive of this tree, and the directory in it, is called.
pub const RELEASE: &str = concat!("dkms-rs-", env!("CARGO_PKG_VERSION"));

/// Names of files, relative to the top of the tree.
#[derive(Debug)]
pub struct Checkout {
    files: Vec<String>,
}

impl Checkout {
    /// Everything but tests and developer tasks; also what is not committed yet, so that a test sees what its writer sees.
    pub fn of_packages() -> Result<Checkout> {
        host::need(&[("git", "git")])?;
        let listed = Cmd::new("git").args(["ls-files", "-co", "--exclude-standard"]).checked()?;
        let files = listed.stdout.lines().filter(|name| Path::new(name).is_file() && wanted(name));
        Ok(Checkout { files: files.map(str::to_owned).collect() })
    }

    /// Their names, relative to the top.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Of names and contents.
    pub fn key(&self) -> Result<String> {
        let mut parts = Vec::new();
        for name in &self.files {
            parts.push(name.as_bytes().to_vec());
            parts.push(disk::bytes(Path::new(name))?);
        }
        Ok(cache::key(&parts))
    }

    /// An archive with everything below one directory, as released sources are.
    pub fn archive(&self, directory: &str, to: &Path) -> Result<()> {
        Cmd::new("tar")
            .args(["--create", "--gzip", "--owner=0", "--group=0", "--mode=u=rwX,go=rX"])
            .arg(format!("--transform=s,^,{directory}/,"))
            .arg("--file")
            .arg(to)
            .args(&self.files)
            .checked()
            .map(drop)
    }
}

fn wanted(name: &str) -> bool {
    let left_out = ["tests/", ".ci/", ".github/", "crates/xtask/src/", "crates/testbed/src/"];
    // Every member of the workspace has to have a manifest and a file to compile, compiled or not.
    let members = ["tests/Cargo.toml", "tests/lib.rs", "crates/xtask/src/main.rs", "crates/testbed/src/lib.rs"];
    members.contains(&name) || !left_out.iter().any(|place| name.starts_with(place))
}
