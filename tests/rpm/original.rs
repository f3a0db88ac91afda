//! The original as Fedora arranges it: Debian's files of it in a package of rpm's, with Fedora's settings (B§10.6).

use anyhow::Result;
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;

use super::fedora::PACK;

/// Where the package is in a root.
pub(super) const PACKAGE: &str = "/srv/repo/dkms.rpm";

/// The plugin of kernel-install is Red Hat's variant (B§10.1), which calls the command itself.
const REPACK: &str = r#"
set -e
dpkg-deb -x /srv/dkms.deb /srv/package
cd /srv/package
rm -r usr/share usr/lib/dkms etc/kernel
mkdir -p var/lib/dkms
cat > usr/lib/kernel/install.d/40-dkms.install << 'END'
#!/bin/sh
case $1 in
    add) dkms kernel_postinst --kernelver "$2" ;;
    remove) dkms kernel_prerm --kernelver "$2" ;;
esac
exit 0
END
echo 'modprobe_on_install="true"
post_transaction="dracut --regenerate-all --force"' >> etc/dkms/framework.conf
PACK /srv/package dkms 3.2.2 1
ln -s dkms-3.2.2-1.rpm PACKAGE
rm -r /srv/package /srv/dkms.deb
"#;

/// Scripts of packages build for the running kernel alone: that is the oldest one here, as on a machine that has not been
/// restarted yet.
pub(super) const RUNNING: &str = r#"
mv /usr/bin/uname /usr/lib/counted/uname
cat > /usr/bin/uname << 'END'
#!/bin/sh
if [ "$*" = -r ]; then ls -v /usr/lib/modules | head -n 1; else exec /usr/lib/counted/uname "$@"; fi
END
chmod 0755 /usr/bin/uname
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
