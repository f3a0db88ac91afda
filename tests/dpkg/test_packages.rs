//! Packages that the archive has not: modules in several versions, modules that fail, that need one another, and
//! headers released again. They are written by dpkg-deb in the root, into `/srv/debs`.

use anyhow::{Context, Result};
use testbed::disk;
use testbed::layer::Layer;
use testbed::root::Root;

use crate::transaction::rows::pairs::FOUND;
use crate::transaction::test_modules::{Image, MODULES, Module};

/// Where packages that were made are, in a root.
pub(super) const TWIG: &str = "/srv/debs/twig-dkms_1.0_all.deb";
pub(super) const TWIG_NEXT: &str = "/srv/debs/twig-dkms_1.1_all.deb";
/// Does not compile.
pub(super) const TWIG_BROKEN: &str = "/srv/debs/twig-dkms_1.2_all.deb";
/// Has the very source of `TWIG`, and takes the place of its package.
pub(super) const TWIG_RENAMED: &str = "/srv/debs/bough-dkms_1.0_all.deb";
/// Excludes the newer kernel.
pub(super) const FICKLE: &str = "/srv/debs/fickle-dkms_1.0_all.deb";
/// Does not compile for the newer kernel.
pub(super) const PICKY: &str = "/srv/debs/picky-dkms_1.0_all.deb";
pub(super) const TRUNK: &str = "/srv/debs/trunk-dkms_1.0_all.deb";
pub(super) const TRUNK_NEXT: &str = "/srv/debs/trunk-dkms_1.1_all.deb";
/// Needs the symbols of trunk.
pub(super) const LEAF: &str = "/srv/debs/leaf-dkms_1.0_all.deb";
/// Its module is in the kernel, too.
pub(super) const DUMMY: &str = "/srv/debs/dummy-dkms_9.9_all.deb";
/// Asks for a new initramfs by its trigger.
pub(super) const SPRIG: &str = "/srv/debs/sprig-dkms_1.0_all.deb";
/// No module: its post-install step needs the module twig.
pub(super) const EAGER: &str = "/srv/debs/eager_1.0_all.deb";
/// Not a module, but below `/usr/src`.
pub(super) const UNRELATED: &str = "/srv/debs/unrelated_1.0_all.deb";
/// The headers of the older kernel with another configuration.
pub(super) const HEADERS: &str = "/srv/debs/headers.deb";

/// What dh_dkms puts into such packages, by its meaning: register on configure, remove before this version goes.
const POSTINST: &str = r#"#!/bin/sh
set -e
if [ "$1" = configure ]; then /usr/lib/dkms/common.postinst NAME VERSION /usr/share/NAME-dkms "" "$2"; fi
"#;
const PRERM: &str = r#"#!/bin/sh
set -e
case $1 in
    remove | upgrade | deconfigure)
        if [ -n "$(dkms status -m NAME -v VERSION)" ]; then dkms remove -m NAME -v VERSION --all; fi
        ;;
esac
"#;

/// At the end of the script of a package that wants to be in every initramfs.
const MAKE_IMAGES: &str = "if [ \"$1\" = configure ]; then update-initramfs -u -k all; fi\n";

const EAGER_POSTINST: &str = r#"#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
for build in /lib/modules/*/build; do
    kernel=$(basename "$(dirname "$build")")
    modinfo -k "$kernel" twig > /dev/null
    grep -q '^updates/dkms/twig[.]ko' "/lib/modules/$kernel/modules.dep"
    echo "$kernel" >> FOUND
done
"#;

/// Raised by one, so that apt takes it for an upgrade; what changes is what compilers are told.
const HEADERS_AGAIN: &str = r#"
set -e
dpkg-deb -R /var/cache/apt/archives/linux-headers-"$OLDER"_*.deb /srv/headers
echo '#define CONFIG_RELEASED_AGAIN 1' >> "/srv/headers/usr/src/linux-headers-$OLDER/include/generated/autoconf.h"
sed -i '/^Version:/s/$/+again/' /srv/headers/DEBIAN/control
rm -f /srv/headers/DEBIAN/md5sums
dpkg-deb --root-owner-group -Zgzip -z1 -b /srv/headers /srv/debs/headers.deb
rm -r /srv/headers
"#;

/// All of them over `below`.
pub(super) fn layer(below: &Layer, suite: &str, older: &str, newer: &str) -> Result<Layer> {
    let mut packages: Vec<Files> = MODULES.iter().map(|module| package(module, newer)).collect();
    if let Some(twig) = MODULES.iter().find(|module| module.name == "twig" && module.version == "1.0") {
        let mut renamed = package(twig, newer);
        let control = "Package: bough-dkms\nVersion: 1.0\nArchitecture: all\nDepends: dkms\nConflicts: twig-dkms\n\
                       Replaces: twig-dkms\nProvides: twig-dkms\nMaintainer: Nobody <nobody@example.invalid>\n\
                       Description: made for a test\n";
        renamed.files.retain(|(path, _)| path != "DEBIAN/control");
        renamed.files.push(("DEBIAN/control".to_owned(), control.to_owned()));
        packages.push(Files { name: "bough-dkms".to_owned(), ..renamed });
    }
    packages.push(Files::new(
        "eager",
        "1.0",
        "twig-dkms",
        vec![("DEBIAN/postinst", EAGER_POSTINST.replace("FOUND", FOUND))],
    ));
    packages.push(Files::new("unrelated", "1.0", "", vec![("usr/src/unrelated-1.0/README", "no module\n".into())]));
    let headers = format!("OLDER={older}{HEADERS_AGAIN}");
    let text: String = packages
        .iter()
        .flat_map(|package| package.files.iter())
        .map(|(path, text)| format!("{path}\n{text}"))
        .collect();
    below.extend("made", &[suite, &headers, &text].concat(), |root| {
        root.must("mkdir -p /srv/debs")?;
        packages.iter().try_for_each(|package| package.write(root))?;
        root.must(&headers).map(drop)
    })
}

/// Packs what is below `/srv/package` into `/srv/debs`.
pub(super) const PACK: &str = r#"
set -e
cd /srv
chmod -f 0755 package/DEBIAN/p* || true
dpkg-deb --root-owner-group -Zgzip -b package debs
rm -r package
"#;

/// A package as files.
struct Files {
    name: String,
    files: Vec<(String, String)>,
}

impl Files {
    fn new(name: &str, version: &str, depends: &str, files: Vec<(&str, String)>) -> Files {
        let depends = if depends.is_empty() { String::new() } else { format!("Depends: {depends}\n") };
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.invalid>\n\
             {depends}Description: made for a test\n"
        );
        let mut files: Vec<(String, String)> = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        files.push(("DEBIAN/control".into(), control));
        Files { name: name.to_owned(), files }
    }

    fn write(&self, root: &Root) -> Result<()> {
        let name = &self.name;
        let dir = root.path("/srv/package");
        disk::remove_tree(&dir)?;
        for (path, text) in &self.files {
            disk::write(&dir.join(path), text)?;
        }
        root.must(PACK).map(drop).with_context(|| format!("make package {name}"))
    }
}

/// The sources of a module, with the scripts of a package of Debian.
fn package(module: &Module, newer: &str) -> Files {
    let Module { name, version, depends, image, .. } = module;
    let fill = |text: &str| text.replace("NAME", name).replace("VERSION", version);
    let mut package = Files::new(&format!("{name}-dkms"), version, depends, Vec::new());
    package.files.extend(module.sources(newer));
    let postinst = [fill(POSTINST), if *image == Image::Made { MAKE_IMAGES.to_owned() } else { String::new() }];
    package.files.push(("DEBIAN/postinst".to_owned(), postinst.concat()));
    if *image == Image::Asked {
        package.files.push(("DEBIAN/triggers".to_owned(), "activate-noawait update-initramfs\n".to_owned()));
    }
    if *image != Image::Unasked {
        // What wants to be there early says so.
        package.files.push((format!("usr/share/initramfs-tools/modules.d/{name}"), format!("{name}\n")));
    }
    package.files.push(("DEBIAN/prerm".to_owned(), fill(PRERM)));
    package
}
