//! Tools of this machine that a task needs: installed from its own archive when missing, never skipped.

use anyhow::{Context, Result, bail};

use crate::command::Cmd;

/// Makes sure that each program is in PATH; the second name is the Debian package that brings it.
pub fn need(tools: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> = tools.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing on this machine: {}", missing.join(" "));
    install(&missing)?;
    match tools.iter().find(|(program, _)| !has(program)) {
        Some((program, package)) => {
            bail!("`{program}` is missing although package `{package}` is installed")
        }
        None => Ok(()),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    // Cases that run at the same time may need the same program: the second one waits for the first.
    let apt = |first: &[&str]| {
        Cmd::new("apt-get")
            .arg("-oDPkg::Lock::Timeout=600")
            .args(first)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .checked()
    };
    let mut line = vec!["install", "-y", "--no-install-recommends"];
    line.extend(packages);
    if apt(&line).is_err() {
        apt(&["update"]).context("package lists of this machine")?;
        apt(&line).with_context(|| format!("install {} as root and run again", packages.join(" ")))?;
    }
    Ok(())
}

fn has(program: &str) -> bool {
    Cmd::new("sh").args(["-c", "command -v \"$0\"", program]).output().is_ok_and(|output| output.code == 0)
}
