//! The original as Fedora arranges it: Debian's files of it in a package of rpm's, with Fedora's settings (B§10.6).

use anyhow::Result;

use super::fedora::PACK;
use crate::debs::Debs;
use crate::disk;
use crate::layer::Layer;

/// Where the package is in a root.
pub(super) const PACKAGE: &str = "/srv/repo/dkms.rpm";

/// What hooks into kernels is Debian's; its plugin of kernel-install calls that.
const REPACK: &str = r#"
set -e
dpkg-deb -x /srv/dkms.deb /srv/package
cd /srv/package
rm -r usr/share usr/lib/dkms
mkdir -p var/lib/dkms
echo 'modprobe_on_install="true"
post_transaction="dracut --regenerate-all --force"' >> etc/dkms/framework.conf
PACK /srv/package dkms 3.2.2 1
ln -s dkms-3.2.2-1.rpm PACKAGE
rm -r /srv/package /srv/dkms.deb
"#;

/// Its package over `below`.
pub(super) fn layer(below: &Layer, suite: &str) -> Result<Layer> {
    let deb = Debs::of(suite)?.fetch("dkms")?;
    let line = REPACK.replace("PACKAGE", PACKAGE).replace("PACK", PACK);
    below.extend("fedora-original", &format!("{} {line}", deb.display()), |root| {
        disk::copy(&deb, &root.path("/srv/dkms.deb"))?;
        root.must(&line).map(drop)
    })
}
