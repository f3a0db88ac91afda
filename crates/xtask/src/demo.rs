//! `cargo xtask demo`: the main job, each step shown.
//!
//! In a Debian root where our package stands in for `dkms`, apt installs a module package and then a newer kernel; the
//! module is built, signed and installed, and that kernel loads it in QEMU.

use anyhow::{Context, Result};
use testbed::example::{MODULE, OBJECT, PACKAGE, kernel_line};
use testbed::layer::{self, Kernels};
use testbed::root::Root;
use testbed::{installed, ours, package, vm};

/// Shows it.
pub(crate) fn run() -> Result<()> {
    let kernels = Kernels::of_archive()?;
    step("a Debian root with a compiler and one kernel", &kernels.older);
    let below = layer::kernel(&kernels)?;
    step("our package in the place of dkms", &package::deb()?.display().to_string());
    let root = Root::over(&ours::layer(&below)?)?;
    show(&root, "dpkg-query -W -f '${Package} ${Version}, provides ${Provides}\\n' dkms-rs; dkms --version")?;

    step("apt installs a module package", PACKAGE);
    show(&root, &format!("apt-get install -y -q --no-install-recommends {PACKAGE}"))?;
    show(&root, "dkms status")?;

    step("apt installs a newer kernel and its headers", &kernels.newer);
    show(&root, &kernel_line(&kernels.newer))?;
    show(&root, "dkms status")?;
    let version = installed::check(&root, MODULE, &kernels.newer, OBJECT)?;
    show(&root, &format!("modinfo -k {} {OBJECT} | grep -v '^ \\|^sig[^n]'", kernels.newer))?;

    step("that kernel boots in QEMU and loads the module", OBJECT);
    for loaded in vm::load(&root, &kernels.newer, &[OBJECT]).context("load the module for real")? {
        loaded.check(&version)?;
        println!("loaded {} version `{}` from {}", loaded.module, loaded.version, loaded.file);
        println!("signed by `{}`; removed again", loaded.signer);
    }
    println!("\nthe main job is done");
    Ok(())
}

fn step(what: &str, with: &str) {
    println!("\n== {what}: {with}");
}

fn show(root: &Root, line: &str) -> Result<()> {
    println!("# {line}");
    root.command(1800, &["bash", "-c", line]).run()
}
