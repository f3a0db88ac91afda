//! `cargo xtask package`: our package for a package manager; lintian judges the one for Debian.

use anyhow::Result;
use clap::{Args, ValueEnum};
use testbed::arch;
use testbed::layer::SUITE;
use testbed::package::{deb, lint};
use testbed::rpmbuild::{self, Programs};

#[derive(Args)]
pub(crate) struct Request {
    /// For which package manager
    #[arg(value_enum, default_value = "debian")]
    kind: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// For dpkg
    Debian,
    /// For pacman
    Arch,
    /// For rpm, with the C library of Debian stable
    Rpm,
}

/// Builds the package and says where it is.
pub(crate) fn run(request: &Request) -> Result<()> {
    let package = match request.kind {
        Kind::Debian => deb()?,
        Kind::Arch => arch::package()?,
        Kind::Rpm => rpmbuild::package(SUITE, Programs::Released)?,
    };
    println!("{}", package.display());
    if let Kind::Debian = request.kind { lint(&package) } else { Ok(()) }
}
