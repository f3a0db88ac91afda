//! What the machine boots with: busybox, the root's own kmod, and the modules asked for.
//!
//! The kernel's `modules.*` indexes come along as depmod wrote them in the root, so a module is found by its name only
//! if the index names the file that dkms installed.

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::cpio::Cpio;
use crate::debs::Debs;
use crate::root::Root;
use crate::{disk, layer};

/// Says what it sees on the console, one `vm: KEY MODULE VALUE` a line, and switches the machine off.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec > /dev/console 2>&1
echo
echo "vm: kernel $(uname -r)"
# By full path: the shell of busybox prefers its own modprobe and modinfo to whatever is in PATH.
modprobe=/kmod/modprobe modinfo=/kmod/modinfo
for name in MODULES; do
    $modprobe $name && test -d /sys/module/$name && echo "vm: loaded $name"
    echo "vm: version $name $(cat /sys/module/$name/version)"
    echo "vm: signer $name $($modinfo -F signer $name)"
    echo "vm: file $name $($modinfo -n $name)"
    $modprobe -r $name && test ! -d /sys/module/$name && echo "vm: removed $name"
done
# From here on the kernel refuses what it cannot verify, and tells why. It knows no key of ours, but it only gets as far
# as asking for the key if the signature is there and is well formed.
echo 1 > /sys/module/module/parameters/sig_enforce
for name in MODULES; do
    dmesg -c > /dev/null
    $modprobe -q $name
    echo "vm: refusal $name $(dmesg | sed -n 's/.*Loading of \(.*\) is rejected.*/\1/p' | tail -n 1)"
done
poweroff -f
"#;

/// Packs the archive for a kernel and modules of the root.
pub(crate) fn pack(root: &Root, release: &str, modules: &[&str]) -> Result<Vec<u8>> {
    let mut cpio = Cpio::default();
    for dir in ["proc", "sys", "dev", "tmp"] {
        cpio.dir(dir);
    }
    cpio.file("init", 0o755, INIT.replace("MODULES", &modules.join(" ")).as_bytes());
    cpio.file("bin/busybox", 0o755, &busybox()?);
    cpio.file("kmod/kmod", 0o755, &disk::bytes(&root.path("/usr/bin/kmod"))?);
    for name in ["modprobe", "modinfo"] {
        cpio.link(&format!("kmod/{name}"), "kmod");
    }
    // kmod opens liblzma only when it meets a compressed module, so ldd does not name it.
    let libraries = root.must("{ ldd /usr/bin/kmod; ldconfig -p | grep -F liblzma.so.5; } | grep -o '/[^ ]*'")?.stdout;
    for library in libraries.lines() {
        cpio.file(library.trim_start_matches('/'), 0o755, &disk::bytes(&root.path(library))?);
    }
    let dir = format!("lib/modules/{release}");
    let indexes = root.must(&format!("cd /{dir} && ls -d modules.*"))?.stdout;
    for index in indexes.lines() {
        let name = format!("{dir}/{index}");
        cpio.file(&name, 0o644, &disk::bytes(&root.path(&name))?);
    }
    // What modprobe would insert; `builtin NAME` lines need no file.
    let needed =
        root.must(&format!("for m in {}; do modprobe -S {release} --show-depends $m; done", modules.join(" ")))?;
    let mut paths: Vec<&str> =
        needed.stdout.lines().filter_map(|line| line.strip_prefix("insmod ")?.split_whitespace().next()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let path = path.trim_start_matches('/');
        let path = path.strip_prefix("usr/").unwrap_or(path);
        cpio.file(path, 0o644, &disk::bytes(&root.path(path))?);
    }
    Ok(cpio.finish())
}

/// Statically linked busybox, out of Debian's package.
fn busybox() -> Result<Vec<u8>> {
    let deb = Debs::of(layer::SUITE)?.fetch("busybox-static")?;
    let work = tempfile::tempdir().context("make a temporary directory")?;
    Cmd::new("dpkg-deb").arg("-x").arg(&deb).arg(work.path()).checked()?;
    let found = ["usr/bin/busybox", "bin/busybox"].iter().map(|name| work.path().join(name)).find(|path| path.exists());
    disk::bytes(&found.with_context(|| format!("no busybox in {}", deb.display()))?)
}
