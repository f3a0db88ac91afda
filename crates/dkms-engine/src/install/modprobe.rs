//! `modprobe_on_install`: devices that wait for a module which was just installed get it, without a restart.
//!
//! Only on the running system, only for its kernel, and only for devices whose alias the new modules claim.

use std::path::{Path, PathBuf};

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::layout::{DEVICES, SYSTEMD_RUNNING};
use crate::module_file::info::ModuleInfo;
use crate::system::root::{Kind, Root};

/// Deeper than any device.
const MAX_DEPTH: usize = 40;

/// Loads what the devices that are present want of these files. Call it after depmod.
///
/// # Errors
/// `ToolFailed` or `ToolMissing` of modprobe; nothing else depends on it.
pub fn load_for_devices(session: &mut Session<'_>, release: &str, files: &[PathBuf]) -> Result<(), Error> {
    let setup = session.setup;
    let wanted = setup.framework.modprobe_on_install() && setup.root.is_host() && setup.machine.release == release;
    if !wanted || files.is_empty() {
        return Ok(());
    }
    let patterns: Vec<String> = files
        .iter()
        .filter_map(|file| ModuleInfo::read(&setup.root, file).ok())
        .flat_map(|info| info.aliases().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut aliases = present(&setup.root);
    aliases.retain(|alias| patterns.iter().any(|pattern| matches(pattern, alias)));
    if !aliases.is_empty() {
        session.say(InstallEvent::Loading { aliases: aliases.clone() });
        setup.tool("modprobe")?.inherit(&setup.environment).args(["-a", "-b", "-q", "--"]).args(&aliases).require()?;
    }
    if setup.root.is_dir(Path::new(SYSTEMD_RUNNING)) {
        let restart = ["try-restart", "systemd-modules-load.service"];
        setup.tool("systemctl")?.inherit(&setup.environment).args(restart).require()?;
    }
    Ok(())
}

/// Aliases of all devices, each once.
fn present(root: &Root) -> Vec<String> {
    let mut aliases = Vec::new();
    collect(root, Path::new(DEVICES), 0, &mut aliases);
    aliases.sort();
    aliases.dedup();
    aliases
}

fn collect(root: &Root, directory: &Path, depth: usize, aliases: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        return;
    }
    for (name, kind) in root.list(directory).unwrap_or_default() {
        let path = directory.join(&name);
        if kind == Kind::Directory {
            collect(root, &path, depth + 1, aliases);
        } else if name == "modalias" {
            let alias = root.read_to_string(&path).unwrap_or_default().trim().to_owned();
            if !alias.is_empty() {
                aliases.push(alias);
            }
        }
    }
}

/// Shell patterns as modules use them: `*`, `?`, `[a-c]`.
fn matches(pattern: &str, text: &str) -> bool {
    fn inner(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|skipped| inner(rest, &text[skipped..])),
            [b'[', rest @ ..] => {
                let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
                text.split_first()
                    .is_some_and(|(byte, tail)| in_set(&rest[..end], *byte) && inner(&rest[end + 1..], tail))
            }
            [b'?', rest @ ..] => text.split_first().is_some_and(|(_, tail)| inner(rest, tail)),
            [byte, rest @ ..] => text.split_first().is_some_and(|(found, tail)| found == byte && inner(rest, tail)),
        }
    }
    inner(pattern.as_bytes(), text.as_bytes())
}

fn in_set(set: &[u8], byte: u8) -> bool {
    match set {
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&byte) || in_set(rest, byte),
        [single, rest @ ..] => *single == byte || in_set(rest, byte),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_modules() {
        for (pattern, text, expected) in [
            ("pci:v00008086d0000[12]*sv*", "pci:v00008086d00001533sv0", true),
            ("pci:v00008086d0000[12]*sv*", "pci:v00008086d00003533sv0", false),
            ("usb:v1?p*", "usb:v12p", true),
            ("usb:v1?p*", "usb:v1", false),
            ("platform:x", "platform:x", true),
            ("cpu:type:x86*,feature:*[0-9A-C]", "cpu:type:x86,feature:0B", true),
            ("a[", "a[", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn devices_are_told_once_each() {
        let (_directory, setup) = crate::testing::setup();
        crate::testing::write(&setup, "/sys/devices/pci0/a/modalias", "pci:1\n");
        crate::testing::write(&setup, "/sys/devices/pci0/a/b/modalias", "pci:1\n");
        crate::testing::write(&setup, "/sys/devices/usb/modalias", "");
        assert_eq!(present(&setup.root), ["pci:1"]);
    }
}
