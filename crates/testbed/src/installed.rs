//! What has to be true of a module that dkms says is installed for a kernel.

use anyhow::{Result, ensure};

use crate::root::Root;

/// A line of `dkms status`: `name/version, kernel, arch: state`.
pub fn state(root: &Root, module: &str, release: &str) -> Result<Option<String>> {
    let status = root.must(&format!("dkms status {module}"))?.stdout;
    let head = format!(", {release}, ");
    let line = status.lines().find(|line| line.contains(&head));
    Ok(line.and_then(|line| line.split_once(": ")).map(|(_, state)| state.to_owned()))
}

/// Status, file, vermagic, signature and modules.dep all agree; gives the version of the object.
pub fn check(root: &Root, package: &str, release: &str, object: &str) -> Result<String> {
    let state = state(root, package, release)?;
    ensure!(state.as_deref() == Some("installed"), "{package} for {release} is {state:?}, not installed");
    let field = |field: &str| -> Result<String> {
        Ok(root.must(&format!("modinfo -k {release} -F {field} {object}"))?.stdout.trim().to_owned())
    };
    let file = field("filename")?;
    ensure!(file.contains("/updates/dkms/"), "modprobe would take {file}, not what dkms installed");
    let vermagic = field("vermagic")?;
    ensure!(vermagic.split(' ').next() == Some(release), "vermagic of {file} is `{vermagic}`, not {release}");
    ensure!(!field("signer")?.is_empty(), "{file} is not signed");
    let depended = root.must(&format!("grep -c '^updates/dkms/{object}[.]ko' /lib/modules/{release}/modules.dep"))?;
    ensure!(depended.stdout.trim() == "1", "modules.dep of {release} does not name {object}");
    field("version")
}
