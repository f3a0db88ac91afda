//! The original as Arch arranges it: Debian's file of it in a package of Arch's shape, driven by hooks of our writing.
//!
//! The hooks and their script do what is known of those of Arch; nothing of them is copied.

use anyhow::Result;
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;

use super::arch::PACK;
use crate::transaction::counting;

/// Where the package is in a root.
pub(super) const PACKAGE: &str = "/srv/pkgs/dkms-3-1-any.pkg.tar.zst";

const FILES: &[(&str, &str)] = &[
    ("srv/dkms/usr/share/libalpm/hooks/70-dkms-upgrade.hook", include_str!("files/original-upgrade.hook")),
    ("srv/dkms/usr/share/libalpm/hooks/70-dkms-install.hook", include_str!("files/original-install.hook")),
    ("srv/dkms/usr/share/libalpm/hooks/71-dkms-remove.hook", include_str!("files/original-remove.hook")),
    ("srv/dkms/usr/share/libalpm/scripts/dkms", include_str!("files/original-script")),
];

/// Its configuration is in the package, its directory, and the program; what hooks into Debian's kernels is not.
const REPACK: &str = r#"
set -e
dpkg-deb -x /srv/dkms.deb /srv/debian
mkdir -p /srv/dkms/usr/bin /srv/dkms/etc/dkms /srv/dkms/var/lib/dkms
cp /srv/debian/usr/sbin/dkms /srv/dkms/usr/bin
cp -r /srv/debian/etc/dkms/framework.conf /srv/dkms/etc/dkms
mkdir -p /srv/dkms/etc/dkms/framework.conf.d
chmod 0755 /srv/dkms/usr/share/libalpm/scripts/dkms
PACK /srv/dkms dkms 3-1 'backup = etc/dkms/framework.conf'
rm -r /srv/debian /srv/dkms /srv/dkms.deb
"#;

/// Its package over `below`.
pub(super) fn layer(below: &Layer, suite: &str) -> Result<Layer> {
    let deb = Debs::of(suite)?.fetch("dkms")?;
    let line = REPACK.replace("PACK", PACK);
    let texts: Vec<&str> = FILES.iter().flat_map(|(path, text)| [*path, *text]).collect();
    below.extend("arch-original", &format!("{} {} {line}", deb.display(), texts.join("\n")), |root| {
        counting::write(root, FILES)?;
        disk::copy(&deb, &root.path("/srv/dkms.deb"))?;
        root.must(&line).map(drop)
    })
}
