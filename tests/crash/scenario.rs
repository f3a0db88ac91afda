//! What is interrupted: a start, a command, and what has to be true however far the command came.

use anyhow::Result;
use testbed::layer::Layer;

/// The kernel of the layer `kernels` that has headers and no modules of its own, so depmod takes no time.
pub(super) const KERNEL: &str = "6.99.0-fake";

/// One command to be interrupted.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Lines of bash that make the start; `$K` is the kernel.
    pub(super) start: &'static str,
    /// The command that is killed, and given again.
    pub(super) command: &'static str,
    /// What the second run may end with.
    pub(super) ends: &'static [i32],
    /// A line of bash that has to succeed after the kill.
    pub(super) promise: &'static str,
}

/// Whatever of the module is there is whole.
const WHOLE: &str = "whole";
/// Some version of the module is there, and whole.
const PRESENT: &str = "test -n \"$(objects)\" && whole";

/// Functions that promises are made of.
pub(super) const WORDS: &str = r#"
objects() { find /lib/modules/$K/ -name 'crash.ko*' -not -path '*/.*'; }
whole() { for object in $(objects); do modinfo -F vermagic $object | grep -q "^$K " || return; done; }
"#;

pub(super) const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "install", start: "", command: "dkms install crash/1.0 -k $K", ends: &[0], promise: WHOLE },
    Scenario {
        name: "upgrade",
        start: "dkms install crash/1.0 -k $K",
        command: "dkms install crash/2.0 -k $K",
        ends: &[0],
        promise: PRESENT,
    },
    Scenario {
        name: "displace",
        start: "mkdir -p /lib/modules/$K/kernel/extra && cp /usr/src/crash-0.9/object /lib/modules/$K/kernel/extra/crash.ko",
        command: "dkms install crash/1.0 -k $K",
        ends: &[0],
        promise: PRESENT,
    },
    Scenario {
        name: "restore",
        start:
            "mkdir -p /lib/modules/$K/kernel/extra && cp /usr/src/crash-0.9/object /lib/modules/$K/kernel/extra/crash.ko
                dkms install crash/1.0 -k $K",
        command: "dkms uninstall crash/1.0 -k $K",
        // The second run may find that it is not installed any more.
        ends: &[0, 5],
        promise: PRESENT,
    },
    Scenario {
        name: "remove",
        start: "dkms install crash/1.0 -k $K",
        command: "dkms remove crash/1.0 --all",
        // The second run may find that it is not in the tree any more.
        ends: &[0, 3],
        promise: WHOLE,
    },
    Scenario {
        name: "autoinstall",
        start: "dkms add crash/1.0; dkms add other/1.0",
        command: "dkms autoinstall -k $K",
        ends: &[0],
        promise: WHOLE,
    },
];

/// Compiled once: what is killed is dkms, not the compiler.
const SOURCES: &str = r#"
set -e
mkdir -p /tmp/object
cd /tmp/object
make_source() { # name version
    cat > $1.c << END
#include <linux/module.h>
MODULE_DESCRIPTION("survives");
MODULE_LICENSE("GPL");
MODULE_VERSION("$2");
END
    echo "obj-m := $1.o" > Kbuild
    make -s -C /lib/modules/$K/build M=$PWD modules
    mkdir /usr/src/$1-$2
    cp $1.ko /usr/src/$1-$2/object
    cat > /usr/src/$1-$2/dkms.conf << END
PACKAGE_NAME="$1"
PACKAGE_VERSION="$2"
BUILT_MODULE_NAME="$1"
DEST_MODULE_LOCATION="/updates/dkms"
MAKE="cp object $1.ko"
CLEAN="true"
AUTOINSTALL="yes"
END
}
make_source crash 0.9
make_source crash 1.0
make_source crash 2.0
make_source other 1.0
dkms generate_mok
"#;

/// The sources of all scenarios, and a key to sign with, over `subject`.
pub(super) fn sources(subject: &Layer) -> Result<Layer> {
    let line = format!("K={KERNEL}{SOURCES}");
    subject.extend("crash", &line, |root| root.must(&line).map(drop))
}
