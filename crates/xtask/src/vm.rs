//! Boots a root's kernel in QEMU with an initramfs of our making, and loads modules that dkms installed.
//!
//! The machine is emulated in software, so it runs anywhere. It has busybox, the root's own kmod with its libraries, the
//! modules asked for with the kernel's `modules.*` indexes as depmod wrote them, and a serial console that we read.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::Cmd;
use crate::cpio::Cpio;
use crate::debs::Debs;
use crate::root::Root;
use crate::{disk, host, layer};

/// How long a boot may take before the machine is switched off.
const SECONDS: &str = "300";

/// What the machine said about one module.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// `/sys/module/NAME/version`; empty if the module has none.
    pub(crate) version: String,
    /// As modinfo tells it; empty if it is not signed.
    pub(crate) signer: String,
}

/// Boots `release`, inserts `module` by modprobe, reads it back, removes it and powers off.
pub(crate) fn load(root: &Root, release: &str, module: &str) -> Result<Loaded> {
    host::need(&[("qemu-system-x86_64", "qemu-system-x86")])?;
    let work = tempfile::tempdir().context("make a temporary directory")?;
    let initramfs = work.path().join("initramfs");
    disk::write(&initramfs, pack(root, release, module)?)?;
    let kernel = root.path(&format!("/boot/vmlinuz-{release}"));
    let output = Cmd::new("timeout")
        .args([SECONDS, "qemu-system-x86_64", "-m", "512", "-nographic", "-no-reboot", "-nic", "none"])
        // Counted instructions: otherwise the emulation of QEMU 7.2 crashes this kernel now and then while it patches
        // its own text during boot.
        .args(["-accel", "tcg", "-icount", "shift=auto,sleep=off"])
        .arg("-kernel")
        .arg(&kernel)
        .arg("-initrd")
        .arg(&initramfs)
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .output()?;
    let said = |key: &str| {
        let head = format!("vm: {key} ");
        output.stdout.lines().find_map(|line| line.trim_end().strip_prefix(&head).map(str::to_owned))
    };
    let wanted = [("kernel", release), ("loaded", module), ("removed", module)];
    for (key, value) in wanted {
        if said(key).as_deref() != Some(value) {
            bail!("the machine never said `{key} {value}`\n{}", output.tail());
        }
    }
    Ok(Loaded { version: said("version").unwrap_or_default(), signer: said("signer").unwrap_or_default() })
}

fn pack(root: &Root, release: &str, module: &str) -> Result<Vec<u8>> {
    let mut cpio = Cpio::default();
    for dir in ["proc", "sys", "dev", "tmp"] {
        cpio.dir(dir);
    }
    cpio.file("init", 0o755, init(module).as_bytes());
    cpio.file("bin/busybox", 0o755, &busybox()?);
    // By full path: the shell of busybox prefers its own modprobe and modinfo to whatever is in PATH.
    cpio.file("kmod/kmod", 0o755, &disk::bytes(&root.path("/usr/bin/kmod"))?);
    for name in ["modprobe", "modinfo"] {
        cpio.link(&format!("kmod/{name}"), "kmod");
    }
    // kmod opens liblzma only when it meets a compressed module, so ldd does not name it.
    let libraries = root.must("{ ldd /usr/bin/kmod; ldconfig -p | grep -F liblzma.so.5; } | grep -o '/[^ ]*'")?.stdout;
    for library in libraries.lines() {
        cpio.file(library.trim_start_matches('/'), 0o755, &disk::bytes(&root.path(library))?);
    }
    let modules = format!("lib/modules/{release}");
    let indexes = root.must(&format!("cd /{modules} && ls -d modules.*"))?.stdout;
    for index in indexes.lines() {
        let name = format!("{modules}/{index}");
        cpio.file(&name, 0o644, &disk::bytes(&root.path(&name))?);
    }
    // What modprobe would insert, in its order; `builtin NAME` lines need no file.
    let needed = root.must(&format!("modprobe -S {release} --show-depends {module}"))?.stdout;
    for path in needed.lines().filter_map(|line| line.trim().strip_prefix("insmod ")) {
        let path = path.split(' ').next().unwrap_or(path).trim_start_matches('/');
        let path = path.strip_prefix("usr/").unwrap_or(path);
        cpio.file(path, 0o644, &disk::bytes(&root.path(path))?);
    }
    Ok(cpio.finish())
}

fn init(module: &str) -> String {
    format!(
        "#!/bin/busybox sh
         /bin/busybox --install -s /bin
         mount -t proc proc /proc
         mount -t sysfs sysfs /sys
         mount -t devtmpfs dev /dev
         exec > /dev/console 2>&1
         echo
         echo vm: kernel $(uname -r)
         modprobe=/kmod/modprobe
         $modprobe {module} && test -d /sys/module/{module} && echo vm: loaded {module}
         echo vm: version $(cat /sys/module/{module}/version)
         echo vm: signer $(/kmod/modinfo -F signer {module})
         $modprobe -r {module} && test ! -d /sys/module/{module} && echo vm: removed {module}
         poweroff -f
        "
    )
}

/// Statically linked busybox, out of Debian's package.
fn busybox() -> Result<Vec<u8>> {
    let deb = Debs::of(layer::SUITE)?.fetch("busybox-static")?;
    let work = tempfile::tempdir().context("make a temporary directory")?;
    Cmd::new("dpkg-deb").arg("-x").arg(&deb).arg(work.path()).checked()?;
    let found = ["usr/bin/busybox", "bin/busybox"].iter().map(|name| work.path().join(name)).find(|path| path.exists());
    disk::bytes(&found.unwrap_or_else(|| Path::new("/nonexistent").to_owned()))
}
