//! GRUB: its menu as it was generated, not as it would be.
//!
//! Sources: GRUB's manual, `util/grub.d/00_header.in`, and what the modules below name.

mod blscfg;
mod command;
mod environment;
mod interpreter;
mod kernel;
mod menu;
mod script;
mod word;

use std::path::{Path, PathBuf};

use self::interpreter::Interpreter;
use super::Next;
use super::entry::Entry;
use super::partitions::Partitions;
use crate::layout::GRUB_CONFIGS;

/// A menu with the kernels of ten years has 1 MiB.
const MAX_BYTES: u64 = 4 << 20;

/// Its configuration: beside the program that the firmware starts, if all is there, else where that leads.
///
/// # Errors
/// Why it cannot be told, as a fragment.
pub(super) fn configuration(partitions: &Partitions<'_>, program: Option<&Path>) -> Result<PathBuf, String> {
    let root = partitions.root;
    let text = |path: &Path| {
        let content = root.read_bounded(path, MAX_BYTES).map_err(|error| error.to_string())?;
        Ok::<_, String>(String::from_utf8_lossy(&content).into_owned())
    };
    let beside =
        program.and_then(Path::parent).map(|directory| directory.join("grub.cfg")).filter(|path| root.is_file(path));
    let stub = beside.as_deref().map(text).transpose()?.unwrap_or_default();
    if let Some(beside) = beside
        .filter(|_| stub.lines().any(|line| line.trim_start().starts_with("menuentry ") || line.trim() == "blscfg"))
    {
        return Ok(beside);
    }
    let found: Vec<&Path> = GRUB_CONFIGS.iter().map(Path::new).filter(|path| root.is_file(path)).collect();
    let named = |path: &&&Path| stub.contains(if path.starts_with("/boot/grub2") { "/grub2" } else { "/grub'" });
    let chosen = match found.as_slice() {
        [] => {
            return Err("GRUB has no configuration under /boot; it may be on a file system that is not mounted".into());
        }
        [only] => only,
        several => several.iter().find(named).ok_or("GRUB has two configurations, in /boot/grub and /boot/grub2")?,
    };
    // Another system's GRUB looks for another file system.
    let sought =
        stub.lines().filter(|line| line.contains("search")).flat_map(str::split_whitespace).find(|word| is_uuid(word));
    match sought {
        Some(uuid) if !text(chosen)?.contains(uuid) => Err(format!(
            "the GRUB that the firmware starts reads file system {uuid}, of which `{}` knows nothing",
            chosen.display()
        )),
        _ => Ok(chosen.to_path_buf()),
    }
}

/// Of ext4, XFS and btrfs.
fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// All kernels of a configuration, and the one that starts.
pub(super) fn gather(partitions: &Partitions<'_>, path: &Path, efi: bool) -> (Vec<Entry>, Next) {
    let script = partitions.root.read_bounded(path, MAX_BYTES).map_err(|error| error.to_string()).and_then(|content| {
        script::parse(&String::from_utf8_lossy(&content))
            .map_err(|reason| format!("`{}` cannot be read: {reason}", path.display()))
    });
    let script = match script {
        Ok(script) => script,
        Err(reason) => return (Vec::new(), Next::CannotTell { reason }),
    };
    let mut grub = Interpreter::new(partitions, path.parent().unwrap_or(Path::new("/")), efi);
    grub.run(&script);
    let next = next(&grub).map_or_else(|reason| Next::CannotTell { reason }, Next::Entry);
    (grub.entries, next)
}

fn next(grub: &Interpreter<'_>) -> Result<usize, String> {
    if let Some(reason) = &grub.lost {
        return Err(reason.clone());
    }
    let unknown = "which entry GRUB starts depends on what is known only while it runs";
    let default = grub.value("default").ok_or(unknown)?;
    let entry = menu::choose(&grub.menu, &default, grub.rules)?;
    if grub.entries[entry].there {
        return Ok(entry);
    }
    let fallback = grub.value("fallback").ok_or(unknown)?;
    let others = fallback.split_whitespace().map(|other| menu::choose(&grub.menu, other, grub.rules));
    let there = others.flatten().find(|&other| grub.entries[other].there);
    let missing = &grub.entries[entry];
    there.ok_or_else(|| {
        format!("GRUB starts `{}`, whose kernel `{}` is not there", missing.title, missing.image.display())
    })
}

#[cfg(test)]
mod tests;
