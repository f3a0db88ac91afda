//! Modules that nobody else has: in several versions, failing, needing one another. Each package manager packs them.

/// A package with a module.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What it builds, if not an object of its own name.
    object: Option<&'static str>,
    /// More lines of dkms.conf.
    conf: &'static str,
    /// Lines of C.
    code: &'static str,
    /// Lines of Kbuild; NEWER is here and in dkms.conf the release of the newer kernel.
    kbuild: &'static str,
    /// Packages, separated by commas.
    pub(crate) depends: &'static str,
    pub(crate) image: Image,
}

/// Whether a package asks for a new initramfs itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Image {
    /// It leaves that to others.
    Unasked,
    /// By a trigger, or whatever else comes once for all who ask.
    Asked,
    /// Its script makes all of them.
    Made,
}

const AUTO: &str = "AUTOINSTALL=\"yes\"\n";
const PLAIN: Module = Module {
    name: "twig",
    version: "1.0",
    object: None,
    conf: AUTO,
    code: "",
    kbuild: "",
    depends: "dkms",
    image: Image::Unasked,
};
const EXPORTS: &str = "int trunk_rings(void);\nint trunk_rings(void) { return 3; }\nEXPORT_SYMBOL(trunk_rings);\n";

pub(crate) const MODULES: [Module; 17] = [
    PLAIN,
    Module { version: "1.1", ..PLAIN },
    Module { version: "1.2", code: "#error this twig is broken\n", ..PLAIN },
    Module { version: "1.3", code: "\n\n#error this twig is broken\n", ..PLAIN },
    Module { version: "1.4", code: "#error this twig is cracked\n", ..PLAIN },
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
    Module {
        name: "fickle",
        conf: "AUTOINSTALL=\"yes\"\nif [ \"$kernelver\" = \"NEWER\" ]; then BUILD_EXCLUSIVE_KERNEL=\"^2[.]4\"; fi\n",
        ..PLAIN
    },
    Module { name: "manual", conf: "", ..PLAIN },
    Module { name: "dummy", version: "9.9", ..PLAIN },
    Module { name: "shrub", version: "9.5", object: Some("dummy"), ..PLAIN },
    Module { name: "sprig", image: Image::Asked, ..PLAIN },
    Module { name: "sprig", version: "1.1", image: Image::Asked, ..PLAIN },
    Module { name: "burr", image: Image::Made, ..PLAIN },
];

impl Module {
    /// The files of the source, by their paths in a root; `newer` is the release for which the picky one fails.
    pub(crate) fn sources(&self, newer: &str) -> [(String, String); 3] {
        let Module { name, version, conf, code, kbuild, .. } = self;
        let object = self.object.unwrap_or(name);
        let source = format!("usr/src/{name}-{version}");
        let conf = format!(
            "PACKAGE_NAME=\"{name}\"\nPACKAGE_VERSION=\"{version}\"\nBUILT_MODULE_NAME[0]=\"{object}\"\n\
             DEST_MODULE_LOCATION[0]=\"/updates/dkms\"\n{}",
            conf.replace("\"NEWER\"", &format!("\"{newer}\""))
        );
        let code = format!(
            "#include <linux/module.h>\n{code}MODULE_DESCRIPTION(\"made for a test\");\nMODULE_LICENSE(\"GPL\");\n\
             MODULE_VERSION(\"{version}\");\n"
        );
        let kbuild = format!("{}obj-m := {object}.o\n", kbuild.replace(",NEWER", &format!(",{newer}")));
        [
            (format!("{source}/dkms.conf"), conf),
            (format!("{source}/{object}.c"), code),
            (format!("{source}/Makefile"), kbuild),
        ]
    }
}
