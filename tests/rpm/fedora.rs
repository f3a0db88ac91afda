//! A root that looks like Fedora: rpm with an empty database, counting programs, and a stand-in for dracut.

use anyhow::Result;
use testbed::layer::{self, Layer};

use crate::transaction::counting::{self, write};

use super::tool::Tool;

/// Packs a directory; see the script.
pub(super) const PACK: &str = "/usr/lib/counted/pack";

/// Where the real dracut is that stand-ins are in the place of.
pub(super) const KEPT: &str = "/usr/lib/counted/kept";

const FILES: &[(&str, &str)] = &[
    ("usr/lib/os-release", include_str!("files/os-release")),
    ("usr/lib/counted/pack", include_str!("files/pack")),
    counting::MAKE,
    counting::DEPMOD,
    ("usr/bin/dracut", include_str!("files/dracut")),
    ("usr/lib/kernel/install.d/50-dracut.install", include_str!("files/50-dracut.install")),
];

/// Puts the real ones away, before stand-ins are written.
const KEEP: &str = "set -e; mkdir -p KEPT; mv /usr/bin/dracut KEPT
[ ! -e /usr/lib/kernel/install.d/50-dracut.install ] || mv /usr/lib/kernel/install.d/50-dracut.install KEPT";

/// rpm and what makes packages and repositories of it; kernel-install; what objtool of a kernel's build tree is linked to.
const PACKAGES: [&str; 5] = ["rpm", "createrepo-c", "systemd", "libelf-dev", "dracut-core"];

/// The package `base` stands for what Debian brings and packages of Fedora require.
const SETUP: &str = r#"
set -e
chmod 0755 /usr/lib/counted/pack /srv/counting/* /usr/bin/dracut /usr/lib/kernel/install.d/*
mkdir -p /var/log/counted /usr/lib/modules /srv/base/usr/share/base /srv/repo /etc/kernel
echo layout=other > /etc/kernel/install.conf
systemd-machine-id-setup
PLACE_COUNTING
rpm --initdb
touch /srv/base/usr/share/base/file
libraries=$(cd /usr/lib/x86_64-linux-gnu && ls libc.so.6 libm.so.6 libgcc_s.so.1 ld-linux-x86-64.so.2 | sed "s,^,$PWD/," | /usr/lib/rpm/elfdeps --provides)
PACK /srv/base base 1 1 'Provides: /bin/sh, /usr/bin/sh, bash, gcc, kmod, make, patch, elfutils-libelf-devel, openssl, glibc' \
    'Provides: rtld(GNU_HASH), python(abi)' "Provides: $(echo $libraries)"
rpm -i /srv/repo/*.rpm
rm -r /srv/base /srv/counting /srv/repo/*
"#;

/// Over the tools of a Debian release, with a program on top of rpm.
pub(super) fn layer(suite: &str, tool: Tool) -> Result<Layer> {
    let setup = format!("{}{}", SETUP.replace("PACK", PACK).replace("PLACE_COUNTING", counting::PLACE), tool.setup());
    let keep = KEEP.replace("KEPT", KEPT);
    let packages: Vec<&str> = PACKAGES.into_iter().chain(tool.packages().iter().copied()).collect();
    let recipe: Vec<&str> = FILES
        .iter()
        .flat_map(|(path, text)| [*path, *text])
        .chain([setup.as_str(), &keep])
        .chain(packages.clone())
        .collect();
    layer::tools_of(suite)?.extend("fedora", &recipe.join("\n"), |root| {
        root.apt_install(&packages)?;
        root.must(&keep)?;
        write(root, FILES)?;
        root.must(&setup).map(drop)
    })
}
