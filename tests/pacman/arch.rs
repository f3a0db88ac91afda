//! A root that looks like Arch: pacman with an empty database, counting programs, and stand-ins for neighbours.

use anyhow::Result;
use testbed::disk;
use testbed::layer::{self, Layer};
use testbed::root::Root;

/// Packs a directory; see the script.
pub(super) const PACK: &str = "/usr/lib/counted/pack";

/// What the root gets, whoever owns it there.
const FILES: &[(&str, &str)] = &[
    ("usr/lib/os-release", include_str!("files/os-release")),
    ("etc/pacman.conf", include_str!("files/pacman.conf")),
    ("usr/lib/counted/pack", include_str!("files/pack")),
    ("srv/counting/make", include_str!("../transaction/files/make")),
    ("srv/counting/depmod", include_str!("../transaction/files/depmod")),
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
depmod=$(dpkg -L kmod | grep 'sbin/depmod$')
mv /usr/bin/make /usr/lib/counted/make
mv /srv/counting/make /usr/bin/make
ln -s /usr/bin/kmod /usr/lib/counted/depmod
rm "$depmod"
mv /srv/counting/depmod "$depmod"
/usr/lib/counted/pack /srv/base base 1-1 'provides = bash' 'provides = gcc' 'provides = gcc-libs' 'provides = glibc' \
    'provides = make' 'provides = patch'
/usr/lib/counted/pack /srv/kmod kmod 34-1
/usr/lib/counted/pack /srv/mkinitcpio mkinitcpio 40-1
pacman -U --noconfirm --noprogressbar /srv/pkgs/*
rm -r /srv/*
"#;

/// Over the tools of a Debian release.
pub(super) fn layer(suite: &str) -> Result<Layer> {
    let recipe: Vec<&str> =
        FILES.iter().flat_map(|(path, text)| [*path, *text]).chain([SETUP]).chain(PACKAGES).collect();
    layer::tools_of(suite)?.extend("arch", &recipe.join("\n"), |root| {
        root.apt_install(&PACKAGES)?;
        write(root, FILES)?;
        root.must(SETUP).map(drop)
    })
}

/// Writes files by their paths in the root.
pub(super) fn write(root: &Root, files: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<()> {
    files.iter().try_for_each(|(path, text)| disk::write(&root.path(path.as_ref()), text.as_ref()))
}

/// A line that runs pacman as nobody watches it.
pub(super) fn pacman(args: &str) -> String {
    format!("pacman --noconfirm --noprogressbar {args}")
}
