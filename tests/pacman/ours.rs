//! Our package in a root: made by makepkg, or for quick rounds of work by hand of debug builds.

use std::path::Path;

use anyhow::Result;
use testbed::command::Cmd;
use testbed::layer::{self, Layer};
use testbed::{arch, cache, disk};

use super::arch::PACK;
use crate::transaction::Side;

/// Where the package is in a root.
pub(super) const PACKAGE: &str = "/srv/pkgs/ours.pkg.tar.zst";

/// What of the tree is in the package, and where.
const FILES: [(&str, &str); 6] = [
    ("target/debug/dkms", "usr/bin/dkms"),
    ("target/debug/dkms-hook-pacman", "usr/lib/dkms/hook"),
    ("hooks/pacman/70-dkms-install.hook", "usr/share/libalpm/hooks/70-dkms-install.hook"),
    ("hooks/pacman/71-dkms-remove.hook", "usr/share/libalpm/hooks/71-dkms-remove.hook"),
    ("packaging/framework.conf", "etc/dkms/framework.conf"),
    ("packaging/debian/autoinstall_all_kernels.conf", "etc/dkms/framework.conf.d/autoinstall_all_kernels.conf"),
];

/// The package over `below`; the original needs none.
pub(super) fn layer(below: &Layer, side: Side) -> Result<Layer> {
    match side {
        Side::Original => Ok(below.clone()),
        Side::Ours => {
            let package = arch::package()?;
            layer::prune("arch-ours-")?;
            below.extend("arch-ours", &cache::digest(&disk::bytes(&package)?), |root| {
                disk::copy(&package, &root.path(PACKAGE))
            })
        }
        Side::Quick => quick(below),
    }
}

fn quick(below: &Layer) -> Result<Layer> {
    Cmd::new("cargo").args(["build", "--quiet", "--package", "dkms", "--package", "dkms-hook-pacman"]).run()?;
    let install = disk::read(Path::new("packaging/arch/dkms-rs.install"))?;
    let line = format!(
        "set -e; chmod 0755 /srv/ours/usr/bin/dkms /srv/ours/usr/lib/dkms/hook; mkdir -p /srv/ours/var/lib/dkms
         {PACK} /srv/ours dkms-rs 0-1 'provides = dkms=3.4.3' 'conflict = dkms' 'backup = etc/dkms/framework.conf'
         mv /srv/pkgs/dkms-rs-0-1-any.pkg.tar.zst {PACKAGE}; rm -r /srv/ours"
    );
    let digests = FILES.iter().map(|(from, _)| Ok(cache::digest(&disk::bytes(Path::new(from))?)));
    let digests: Vec<String> = digests.collect::<Result<_>>()?;
    layer::prune("arch-quick-")?;
    below.extend("arch-quick", &format!("{} {install} {line}", digests.join(" ")), |root| {
        for (from, to) in FILES {
            disk::copy(Path::new(from), &root.path("/srv/ours").join(to))?;
        }
        disk::write(&root.path("/srv/ours/.INSTALL"), &install)?;
        root.must(&line).map(drop)
    })
}
