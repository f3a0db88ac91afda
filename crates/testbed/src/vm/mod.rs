//! Boots a root's kernel in QEMU with an initramfs of our making, and loads modules that dkms installed.
//!
//! The machine is emulated in software, so it runs anywhere. It speaks on a serial console, which we read; it knows
//! nothing of dkms.

mod console;
mod initramfs;

use std::path::Path;

use anyhow::{Context, Result, bail};

use self::console::Console;
use crate::command::Cmd;
use crate::root::Root;
use crate::{disk, host};

/// How long a boot may take before the machine is switched off. Alone on its cores it takes about six seconds.
const SECONDS: u32 = 300;

/// Boots until one reaches our init: under load the emulation of QEMU 7.2 still crashes this kernel now and then, long
/// before a module could matter. What happens after init has begun is never tried again.
const ATTEMPTS: usize = 5;

/// What timeout(1) ends with when the time is up.
const TIME_IS_UP: i32 = 124;

/// What the machine said about one module, which it inserted and removed.
#[derive(Debug)]
pub struct Loaded {
    /// The name that it was asked for by.
    pub module: String,
    /// `/sys/module/NAME/version`; empty if the module has none.
    pub version: String,
    /// As modinfo tells it; empty if it is not signed.
    pub signer: String,
    /// The file that the name leads to through `modules.dep`.
    pub file: String,
    /// What the kernel itself calls it when only verified modules are let in.
    pub refusal: String,
}

impl Loaded {
    /// Says what is wrong for a module that dkms installed and signed.
    pub fn check(&self, version: &str) -> Result<()> {
        // The words of the kernel for a good signature by a key that it does not know (kernel/module/signing.c).
        self.check_as(version, "module with unavailable key")
    }

    /// Says what is wrong for a module that dkms installed with a signature that the kernel trusts.
    pub fn check_trusted(&self, version: &str) -> Result<()> {
        self.check_as(version, "")
    }

    fn check_as(&self, version: &str, expected: &str) -> Result<()> {
        let Loaded { module, signer, file, refusal, .. } = self;
        if self.version != version {
            bail!("the loaded `{module}` has version `{}`, not `{version}`", self.version);
        }
        if signer.is_empty() {
            bail!("the loaded `{module}` has no signer");
        }
        if !file.contains("/updates/dkms/") {
            bail!("modprobe found `{module}` in {file}, not where dkms installed it");
        }
        if refusal != expected {
            bail!("of the signature of `{module}` the kernel says `{refusal}`, not `{expected}`");
        }
        Ok(())
    }
}

/// Boots `release`, inserts each module by modprobe, reads it back, removes it and powers off.
pub fn load(root: &Root, release: &str, modules: &[&str]) -> Result<Vec<Loaded>> {
    let console = boot(root, release, modules)?;
    let loaded = modules.iter().map(|module| {
        Ok(Loaded {
            module: console.need("loaded", module).map(str::to_owned)?,
            version: console.value("version", module),
            signer: console.value("signer", module),
            file: console.value("file", module),
            refusal: console.value("refusal", module),
        })
    });
    let loaded = loaded.collect::<Result<Vec<_>>>()?;
    for module in modules {
        console.need("removed", module)?;
    }
    Ok(loaded)
}

fn boot(root: &Root, release: &str, modules: &[&str]) -> Result<Console> {
    host::need(&[("qemu-system-x86_64", "qemu-system-x86")])?;
    let work = tempfile::tempdir().context("make a temporary directory")?;
    let archive = work.path().join("initramfs");
    disk::write(&archive, initramfs::pack(root, release, modules)?)?;
    for _ in 1..ATTEMPTS {
        let console = once(root, release, &archive)?;
        if console.need("kernel", release).is_ok() {
            return Ok(console);
        }
    }
    let console = once(root, release, &archive)?;
    console.need("kernel", release)?;
    Ok(console)
}

fn once(root: &Root, release: &str, archive: &Path) -> Result<Console> {
    let output = Cmd::new("timeout")
        .arg(SECONDS.to_string())
        .args(["qemu-system-x86_64", "-m", "512", "-nographic", "-no-reboot", "-nic", "none"])
        // Counted instructions: otherwise the emulation of QEMU 7.2 crashes this kernel now and then while it patches
        // its own text during boot.
        .args(["-accel", "tcg", "-icount", "shift=auto,sleep=off"])
        .arg("-kernel")
        .arg(root.path(&format!("/boot/vmlinuz-{release}")))
        .arg("-initrd")
        .arg(archive)
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .output()?;
    let console = Console::new(output.stdout);
    if output.code == TIME_IS_UP {
        bail!("the machine was not done after {SECONDS} s; its last words:\n{}", console.tail());
    }
    if output.code != 0 {
        bail!("QEMU ended with {}: {}\n{}", output.code, output.stderr.trim(), console.tail());
    }
    Ok(console)
}
