//! `cargo xtask package rpm`: our package for rpm, made by rpmbuild from `packaging/rpm`.
//!
//! A tree of which the package exists already is not built again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::{Checkout, RELEASE};
use crate::command::Cmd;
use crate::workshop::{self, PLACE, Workshop};
use crate::{cache, disk};

const SPEC: &str = "packaging/rpm/dkms.spec";

/// rpmbuild of Debian: it knows neither where dnf's plugins are nor what is installed, and asks for nothing on its own.
const OPTIONS: &str = "--nodeps --define \"_topdir /build/top\" --define \"_sourcedir /build\" --define \"_rpmdir /build\" \
     --define \"_rpmfilename made.rpm\" --define \"_build_id_links none\" --define \"_unitdir /usr/lib/systemd/system\" \
     --define \"_presetdir /usr/lib/systemd/system-preset\" \
     --define \"dnf4_plugins /usr/lib/python3/dist-packages/dnf-plugins\"";

/// Whose programs are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// Compiled by the spec, as it is released.
    Released,
    /// A debug build of this machine, for quick rounds of work.
    Quick,
}

/// The package of the tree as it is, for a suite's C library. Its tests are those of suite `unit`.
pub fn package(suite: &str, programs: Programs) -> Result<PathBuf> {
    let checkout = Checkout::of_packages()?;
    let dir = PathBuf::from("target/package-others")
        .join(format!("rpm-{suite}-{}", cache::key([format!("{programs:?}"), checkout.key()?])));
    let kept = dir.join("dkms-rs.rpm");
    if kept.exists() {
        return Ok(kept);
    }
    let layer = workshop::layer(suite, "rpmbuild", &["rpm"])?;
    let workshop = Workshop::open(&layer, suite, &[Path::new("Cargo.toml")])?;
    checkout.archive(RELEASE, &workshop.path(&format!("{RELEASE}.tar.gz")))?;
    disk::copy(Path::new(SPEC), &workshop.path("dkms.spec"))?;
    let prepare = match programs {
        Programs::Released => {
            println!("building the package of {SPEC} with rpmbuild of {suite}");
            ""
        }
        Programs::Quick => {
            Cmd::new("cargo").args(["build", "--quiet", "--package", "dkms", "--package", "dkms-hook-rpm"]).run()?;
            for program in ["dkms", "dkms-hook-rpm"] {
                disk::copy(&Path::new("target/debug").join(program), &workshop.path("quick/release").join(program))?;
            }
            disk::write(&workshop.path("quick/bin/cargo"), "#!/bin/sh\n")?;
            "chmod 0755 quick/bin/cargo; export PATH=$PWD/quick/bin:$PATH CARGO_TARGET_DIR=$PWD/quick; "
        }
    };
    workshop.run(&format!("set -e; cd {PLACE}; {prepare}rpmbuild -bb --nocheck --quiet {OPTIONS} dkms.spec"))?;
    disk::copy(&workshop.path("made.rpm"), &kept).context("keep the package")?;
    Ok(kept)
}
