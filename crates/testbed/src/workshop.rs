//! A root of a Debian suite in which packages for others are compiled, by a user without rights.
//!
//! The compiler is this machine's, shown in the root; the crates are those of a lock file, copied beforehand, so that
//! nothing in the root asks the network. The root has a C library of its own, so what is compiled there must not be mixed
//! with what this machine compiles: its target directory is not the workspace's. It is kept, as is the place of the sources
//! and their times, and so only what changed is compiled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::layer::{self, Layer};
use crate::root::{Access, Root};
use crate::{cache, disk, host};

/// Where everything lies in the root; the home of the user who builds.
pub(crate) const PLACE: &str = "/build";

/// How long compiling may take; an idle machine needs three minutes.
const SECONDS: u32 = 3600;

/// A root that is ready to compile.
pub(crate) struct Workshop {
    root: Root,
}

/// A suite's tools with packages and the user who builds.
pub(crate) fn layer(suite: &str, name: &str, packages: &[&str]) -> Result<Layer> {
    layer::tools_of(suite)?.extend(name, &format!("1 {packages:?}"), |root| {
        root.apt_install(packages)?;
        root.must(&format!("useradd --create-home --home-dir {PLACE} builder && apt-get clean")).map(drop)
    })
}

impl Workshop {
    /// Over a layer of [`layer`], with the crates of the lock files beside the manifests.
    pub(crate) fn open(layer: &Layer, suite: &str, manifests: &[&Path]) -> Result<Workshop> {
        let work = std::path::absolute("target/package-others").context("path of the target directory")?;
        let (crates, target) = (work.join("crates"), work.join(format!("cargo-{suite}")));
        for manifest in manifests {
            vendor(manifest, &crates)?;
        }
        let root = Root::over(layer)?;
        disk::make_dirs(&target)?;
        root.bind(&toolchain()?, "/opt/rust", Access::Read)?;
        root.bind(&crates, &format!("{PLACE}/.cargo/crates"), Access::Read)?;
        root.bind(&target, &format!("{PLACE}/target"), Access::Write)?;
        disk::write(
            &root.path(&format!("{PLACE}/.cargo/config.toml")),
            format!(
                "[source.crates-io]\nreplace-with = \"copied\"\n[source.copied]\ndirectory = \"{PLACE}/.cargo/crates\"\n\
                 [net]\noffline = true\n"
            ),
        )?;
        root.must(&format!("chown builder: {PLACE}/.cargo {PLACE}/target"))?;
        Ok(Workshop { root })
    }

    /// A path below [`PLACE`], seen from outside.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.path(PLACE).join(inside)
    }

    /// A line of bash that has to succeed, run by the user who builds and who owns what was put there.
    pub(crate) fn run(&self, line: &str) -> Result<()> {
        self.root.must(&format!(
            "find {PLACE} -xdev -user root ! -path {PLACE}/.cargo/crates -exec chown builder: {{}} +"
        ))?;
        let environment = format!("HOME={PLACE} CARGO_TARGET_DIR={PLACE}/target PATH=/opt/rust/bin:$PATH");
        let line = format!("runuser -u builder -- env {environment} bash -c '{line}'");
        // On a machine that has other things to do, too, compiling takes long.
        self.root.command(SECONDS, &["bash", "-c", &line]).checked().map(drop)
    }
}

/// Copies the crates of a lock file, once: what is copied again has another time, and would be compiled again.
fn vendor(manifest: &Path, to: &Path) -> Result<()> {
    let done = to.join(format!(".{}", cache::key([disk::bytes(&manifest.with_file_name("Cargo.lock"))?])));
    if done.exists() {
        return Ok(());
    }
    Cmd::new("cargo")
        .args(["vendor", "--quiet", "--locked", "--versioned-dirs", "--no-delete", "--manifest-path"])
        .arg(manifest)
        .arg(to)
        .checked()?;
    disk::write(&done, "")
}

/// Where this machine's Rust is.
fn toolchain() -> Result<PathBuf> {
    host::need(&[("rustc", "rustc"), ("cargo", "cargo")])?;
    Ok(Cmd::new("rustc").args(["--print", "sysroot"]).checked()?.stdout.trim().into())
}
