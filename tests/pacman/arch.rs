//! A root that looks like Arch: pacman with an empty database, counting programs, and stand-ins for neighbours.

use anyhow::Result;
use testbed::layer::{self, Layer};

use crate::transaction::counting::{self, write};

/// Packs a directory; see the script.
pub(super) const PACK: &str = "/usr/lib/counted/pack";

/// What the root gets, whoever owns it there.
const FILES: &[(&str, &str)] = &[
    ("usr/lib/os-release", include_str!("files/os-release")),
    ("etc/pacman.conf", include_str!("files/pacman.conf")),
    ("usr/lib/counted/pack", include_str!("files/pack")),
    counting::MAKE,
    counting::DEPMOD,
    ("srv/kmod/usr/share/libalpm/hooks/60-depmod.hook", include_str!("files/60-depmod.hook")),
    ("srv/kmod/usr/share/libalpm/scripts/depmod", include_str!("files/depmod-script")),
    (
        "srv/mkinitcpio/usr/share/libalpm/hooks/60-mkinitcpio-remove.hook",
        include_str!("files/60-mkinitcpio-remove.hook"),
    ),
    (
        "srv/mkinitcpio/usr/share/libalpm/hooks/90-mkinitcpio-install.hook",
        include_str!("files/90-mkinitcpio-install.hook"),
    ),
    ("srv/mkinitcpio/usr/share/libalpm/scripts/mkinitcpio", include_str!("files/mkinitcpio-script")),
    ("srv/mkinitcpio/usr/bin/mkinitcpio", include_str!("files/mkinitcpio")),
];

/// pacman, bsdtar, and what objtool of a kernel's build tree is linked to.
const PACKAGES: [&str; 3] = ["pacman-package-manager", "libarchive-tools", "libelf1t64"];

/// The package `base` stands for what Debian brings and packages of Arch depend on.
const SETUP: &str = r#"
set -e
chmod 0755 /usr/lib/counted/pack /srv/counting/* /srv/*/usr/share/libalpm/scripts/* /srv/mkinitcpio/usr/bin/*
mkdir -p /var/log/counted /usr/lib/modules /srv/base/usr/share/base /var/lib/pacman/local
PLACE_COUNTING
/usr/lib/counted/pack /srv/base base 1-1 'provides = bash' 'provides = gcc' 'provides = gcc-libs' 'provides = glibc' \
    'provides = make' 'provides = patch'
/usr/lib/counted/pack /srv/kmod kmod 34-1
/usr/lib/counted/pack /srv/mkinitcpio mkinitcpio 40-1
pacman -U --noconfirm --noprogressbar /srv/pkgs/*
rm -r /srv/*
"#;

/// Over the tools of a Debian release.
pub(super) fn layer(suite: &str) -> Result<Layer> {
    let setup = SETUP.replace("PLACE_COUNTING", counting::PLACE);
    let recipe: Vec<&str> =
        FILES.iter().flat_map(|(path, text)| [*path, *text]).chain([setup.as_str()]).chain(PACKAGES).collect();
    layer::tools_of(suite)?.extend("arch", &recipe.join("\n"), |root| {
        root.apt_install(&PACKAGES)?;
        write(root, FILES)?;
        root.must(&setup).map(drop)
    })
}

/// A line that runs pacman as nobody watches it.
pub(super) fn pacman(args: &str) -> String {
    format!("pacman --noconfirm --noprogressbar {args}")
}
