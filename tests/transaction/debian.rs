//! The files of Debian's kernels, laid out so that other package managers can pack them.

use anyhow::Result;
use testbed::debs::Debs;

/// Lays out what is in `/srv/debs`: the kernel with some of its modules below `/srv/image`, its headers as a whole build
/// tree in `/srv/build`. The modules are what ours need, what one of ours displaces, and something to look at, with all that
/// they need themselves.
pub(crate) const UNPACK: &str = r#"
set -e
MODULES='dm-mod dm-bufio dummy loop'
mkdir -p /srv/debian /srv/image
for deb in /srv/debs/*.deb; do dpkg-deb -x "$deb" /srv/debian; done
modules=usr/lib/modules/$release
[ -d "/srv/debian/$modules" ] || { mkdir -p /srv/debian/usr/lib; mv /srv/debian/lib/* /srv/debian/usr/lib; rmdir /srv/debian/lib; }
ln -s usr/lib /srv/debian/lib
depmod -b /srv/debian "$release"
cd "/srv/debian/$modules"
for module in $MODULES; do modprobe -d /srv/debian -S "$release" --show-depends "$module"; done |
    sed -n "s,^insmod [^ ]*/$release/\([^ ]*\).*,\1,p" | sort -u > /srv/kept
mkdir -p "/srv/image/$modules"
xargs cp --parents -t "/srv/image/$modules" < /srv/kept
sed 's/[.]ko.*/./' /srv/kept > /srv/kept.names
grep -F -f /srv/kept.names modules.order > "/srv/image/$modules/modules.order"
cp modules.builtin modules.builtin.modinfo "/srv/image/$modules"
cp "$(ls -d "/srv/debian/boot/vmlinuz-$release" "$PWD/vmlinuz" 2> /dev/null | head -n 1)" "/srv/image/$modules/vmlinuz"

headers=/srv/debian/usr/src/linux-headers-$release
common=$(ls -d /srv/debian/usr/src/linux-headers-*-common* | tail -n 1)
mkdir -p /srv/build/arch
cp -a "$common/Makefile" "$common/include" /srv/build
cp -a "$common/arch/x86" /srv/build/arch
cp -a /srv/debian/usr/lib/linux-kbuild-*/. /srv/build
cp -a "$headers/include" "$headers/arch" "$headers/.config" "$headers/Module.symvers" /srv/build
rm -r /srv/build/include/dt-bindings
"#;

/// The packages of Debian that make a kernel with its headers: newer releases of Debian have more of them, and a flavour may
/// have common headers of its own.
pub(crate) fn packages(debs: &Debs, release: &str) -> Result<Vec<String>> {
    let number = release.split('-').next().unwrap_or(release);
    let mut names =
        ["image", "binary", "modules", "base", "headers"].map(|part| format!("linux-{part}-{release}")).to_vec();
    let kbuild = [format!("linux-kbuild-{number}"), format!("linux-kbuild-{}", two(number))];
    // Up to bookworm the number of the interface stands between version and flavour.
    let interface = ["-cloud-amd64", "-rt-amd64", "-amd64"].iter().find_map(|flavour| release.strip_suffix(flavour));
    let interface = interface.unwrap_or(number);
    let common = ["common-rt", "common"].map(|common| format!("linux-headers-{interface}-{common}"));
    names.extend(if release.contains("-rt-") { common.to_vec() } else { common[1..].to_vec() });
    let known = debs.known(&[names.as_slice(), &kbuild].concat())?;
    names.extend(kbuild.into_iter().find(|name| known.contains_key(name)));
    names.retain(|name| known.contains_key(name));
    Ok(names)
}

/// The first two numbers of a version, after which older releases of Debian call their kbuild.
fn two(number: &str) -> String {
    number.split('.').take(2).collect::<Vec<_>>().join(".")
}
