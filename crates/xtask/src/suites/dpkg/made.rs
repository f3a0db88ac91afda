//! Packages that the archive has not: modules in several versions, modules that fail, that need one another, and
//! headers released again. They are written by dpkg-deb in the root, into `/srv/debs`.

use anyhow::{Context, Result};

use crate::disk;
use crate::layer::Layer;
use crate::root::Root;

/// Where packages that were made are, in a root.
pub(super) const TWIG: &str = "/srv/debs/twig-dkms_1.0_all.deb";
pub(super) const TWIG_NEXT: &str = "/srv/debs/twig-dkms_1.1_all.deb";
/// Does not compile.
pub(super) const TWIG_BROKEN: &str = "/srv/debs/twig-dkms_1.2_all.deb";
/// Does not compile for the newer kernel.
pub(super) const PICKY: &str = "/srv/debs/picky-dkms_1.0_all.deb";
pub(super) const TRUNK: &str = "/srv/debs/trunk-dkms_1.0_all.deb";
pub(super) const TRUNK_NEXT: &str = "/srv/debs/trunk-dkms_1.1_all.deb";
/// Needs the symbols of trunk.
pub(super) const LEAF: &str = "/srv/debs/leaf-dkms_1.0_all.deb";
/// Excluded from every kernel.
pub(super) const NEVER: &str = "/srv/debs/never-dkms_1.0_all.deb";
/// AUTOINSTALL is not set.
pub(super) const MANUAL: &str = "/srv/debs/manual-dkms_1.0_all.deb";
/// Its module is in the kernel, too.
pub(super) const DUMMY: &str = "/srv/debs/dummy-dkms_9.9_all.deb";
/// No module: its post-install step needs the module twig.
pub(super) const EAGER: &str = "/srv/debs/eager_1.0_all.deb";
/// Not a module, but below `/usr/src`.
pub(super) const UNRELATED: &str = "/srv/debs/unrelated_1.0_all.deb";
/// The headers of the older kernel with another configuration.
pub(super) const HEADERS: &str = "/srv/debs/headers.deb";

/// A package with a module of the same name.
struct Module {
    name: &'static str,
    version: &'static str,
    /// More lines of dkms.conf.
    conf: &'static str,
    /// Lines of C.
    code: &'static str,
    /// Lines of Kbuild; NEWER is the release of the newer kernel.
    kbuild: &'static str,
    depends: &'static str,
}

const AUTO: &str = "AUTOINSTALL=\"yes\"\n";
const PLAIN: Module = Module { name: "twig", version: "1.0", conf: AUTO, code: "", kbuild: "", depends: "dkms" };
const EXPORTS: &str = "int trunk_rings(void);\nint trunk_rings(void) { return 3; }\nEXPORT_SYMBOL(trunk_rings);\n";

const MODULES: [Module; 10] = [
    PLAIN,
    Module { version: "1.1", ..PLAIN },
    Module { version: "1.2", code: "#error this twig is broken\n", ..PLAIN },
    Module {
        name: "picky",
        code: "#ifdef NEWER\n#error this kernel is too new\n#endif\n",
        kbuild: "ifeq ($(KERNELRELEASE),NEWER)\nccflags-y += -DNEWER\nendif\n",
        ..PLAIN
    },
    Module { name: "trunk", code: EXPORTS, ..PLAIN },
    Module { name: "trunk", version: "1.1", code: EXPORTS, ..PLAIN },
    Module {
        name: "leaf",
        conf: "AUTOINSTALL=\"yes\"\nBUILD_DEPENDS[0]=\"trunk\"\n\
               MAKE[0]=\"make -C $kernel_source_dir M=$dkms_tree/leaf/1.0/build \
               KBUILD_EXTRA_SYMBOLS=$dkms_tree/trunk/kernel-$kernelver-$arch/module/Module.symvers\"\n",
        code: "int trunk_rings(void);\nint leaf_age(void);\nint leaf_age(void) { return trunk_rings(); }\n",
        depends: "dkms, trunk-dkms",
        ..PLAIN
    },
    Module { name: "never", conf: "AUTOINSTALL=\"yes\"\nBUILD_EXCLUSIVE_KERNEL=\"^2[.]4\"\n", ..PLAIN },
    Module { name: "manual", conf: "", ..PLAIN },
    Module { name: "dummy", version: "9.9", ..PLAIN },
];

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

const EAGER_POSTINST: &str = r#"#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
for build in /lib/modules/*/build; do
    kernel=$(basename "$(dirname "$build")")
    modinfo -k "$kernel" twig > /dev/null
    grep -q '^updates/dkms/twig[.]ko' "/lib/modules/$kernel/modules.dep"
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
    let mut packages: Vec<Files> = MODULES.iter().map(|module| module.files(newer)).collect();
    packages.push(Files::new("eager", "1.0", "twig-dkms", vec![("DEBIAN/postinst", EAGER_POSTINST.into())]));
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

const PACK: &str = r#"
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

impl Module {
    fn files(&self, newer: &str) -> Files {
        let Module { name, version, conf, code, kbuild, depends } = self;
        let fill = |text: &str| text.replace("NAME", name).replace("VERSION", version);
        let source = format!("usr/src/{name}-{version}");
        let conf = format!(
            "PACKAGE_NAME=\"{name}\"\nPACKAGE_VERSION=\"{version}\"\nBUILT_MODULE_NAME[0]=\"{name}\"\n\
             DEST_MODULE_LOCATION[0]=\"/updates/dkms\"\n{conf}"
        );
        let code = format!(
            "#include <linux/module.h>\n{code}MODULE_DESCRIPTION(\"made for a test\");\nMODULE_LICENSE(\"GPL\");\n\
             MODULE_VERSION(\"{version}\");\n"
        );
        let kbuild = format!("{}obj-m := {name}.o\n", kbuild.replace(",NEWER", &format!(",{newer}")));
        let files = vec![
            (format!("{source}/dkms.conf"), conf),
            (format!("{source}/{name}.c"), code),
            (format!("{source}/Makefile"), kbuild),
            ("DEBIAN/postinst".to_owned(), fill(POSTINST)),
            ("DEBIAN/prerm".to_owned(), fill(PRERM)),
        ];
        let mut package = Files::new(&format!("{name}-dkms"), version, depends, Vec::new());
        package.files.extend(files);
        package
    }
}
