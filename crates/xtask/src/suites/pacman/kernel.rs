//! Packages `linux`, `linux-headers`, `linux-lts`, `linux-lts-headers` in Arch's shape, of the files of Debian's kernels.
//!
//! Of the modules only some are in them, with all that they need: what is tested is indexed in no time. The headers are
//! a whole build tree in a real directory, as Arch has it.

use anyhow::{Context, Result};

use super::arch::PACK;
use super::ground::{Kernel, Releases};
use crate::debs::Debs;
use crate::disk;
use crate::layer::Layer;
use crate::root::Root;

/// What modules of others need, what a module of ours displaces, and something to look at.
const MODULES: &str = "dm-mod dm-bufio dummy loop";

/// Unpacks what is in `/srv/debs` into one tree, and packs it again as two packages.
const REPACK: &str = r#"
set -e
mkdir -p /srv/debian /srv/image /srv/headers
for deb in /srv/debs/*.deb; do dpkg-deb -x "$deb" /srv/debian; done
modules=usr/lib/modules/$release
ln -s usr/lib /srv/debian/lib
depmod -b /srv/debian "$release"
cd "/srv/debian/$modules"
for module in $MODULES; do modprobe -d /srv/debian -S "$release" --show-depends "$module"; done |
    sed -n "s,^insmod [^ ]*/$release/\([^ ]*\).*,\1,p" | sort -u > /srv/kept
mkdir -p "/srv/image/$modules"
xargs cp --parents -t "/srv/image/$modules" < /srv/kept
sed 's/[.]ko.*/.o/' /srv/kept > /srv/kept.o
sed -i 's/[.]o$//' /srv/kept.o
grep -F -f /srv/kept.o modules.order > "/srv/image/$modules/modules.order"
cp modules.builtin modules.builtin.modinfo "/srv/image/$modules"
cp "$(ls -d "/srv/debian/boot/vmlinuz-$release" "$PWD/vmlinuz" 2> /dev/null | head -n 1)" "/srv/image/$modules/vmlinuz"
echo "$base" > "/srv/image/$modules/pkgbase"
PACK /srv/image "$base" "$version"

build=/srv/headers/$modules/build
headers=/srv/debian/usr/src/linux-headers-$release
common=$(ls -d /srv/debian/usr/src/linux-headers-*-common* | tail -n 1)
mkdir -p "$build/arch"
cp -a "$common/Makefile" "$common/include" "$build"
cp -a "$common/arch/x86" "$build/arch"
cp -a /srv/debian/usr/lib/linux-kbuild-*/. "$build"
cp -a "$headers/include" "$headers/arch" "$headers/.config" "$headers/Module.symvers" "$build"
rm -r "$build/include/dt-bindings"
PACK /srv/headers "$base-headers" "$version"
if [ -n "$again" ]; then
    echo '#define CONFIG_RELEASED_AGAIN 1' >> "$build/include/generated/autoconf.h"
    PACK /srv/headers "$base-headers" "$version.1"
fi
rm -r /srv/debs /srv/debian /srv/image /srv/headers /srv/kept*
"#;

/// A layer with the packages of all kernels.
pub(super) fn layer(below: &Layer, suite: &str, releases: &Releases) -> Result<Layer> {
    let debs = Debs::of(suite)?;
    let mut layer = below.clone();
    for kernel in Kernel::ALL {
        let release = releases.of(kernel);
        let files = debs.fetch_all(&packages(&debs, release)?)?;
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let again = if kernel == Kernel::Older { "yes" } else { "" };
        let line = format!(
            "release={release} base={} version={} again={again} MODULES='{MODULES}'{}",
            kernel.base(),
            releases.version(kernel),
            REPACK.replace("PACK", PACK)
        );
        layer = layer.extend("arch-kernel", &format!("{} {line}", names.join(" ")), |root| {
            for file in &files {
                put(root, file)?;
            }
            root.must(&line).map(drop)
        })?;
    }
    Ok(layer)
}

fn put(root: &Root, file: &std::path::Path) -> Result<()> {
    let name = file.file_name().context("a package without a name")?;
    disk::copy(file, &root.path("/srv/debs").join(name))
}

/// The packages of Debian that make a kernel with its headers: newer releases of Debian have more of them, and a flavour may
/// have common headers of its own.
fn packages(debs: &Debs, release: &str) -> Result<Vec<String>> {
    let number = release.split('-').next().unwrap_or(release);
    let mut names =
        ["image", "binary", "modules", "base", "headers"].map(|part| format!("linux-{part}-{release}")).to_vec();
    names.push(format!("linux-kbuild-{number}"));
    let common = ["common-rt", "common"].map(|common| format!("linux-headers-{number}-{common}"));
    names.extend(if release.contains("-rt-") { common.to_vec() } else { common[1..].to_vec() });
    let known = debs.known(&names)?;
    names.retain(|name| known.contains_key(name));
    Ok(names)
}
