//! Which kernel boots next, with which command line and initial file system.
//!
//! The boot loader's configuration is read as it is now, together with what was told to the boot loader and the firmware;
//! none is asked, and nothing is taken from what runs. "Cannot tell" is an answer, which says why. What a person chooses in a
//! menu is not foreseen. `CONFIG_CMDLINE` is not part of a command line here: who has the kernel's configuration lays it over.

mod bls;
mod entry;
mod extlinux;
mod grub;
mod image;
mod load_option;
mod loader;
mod partitions;
mod program;
mod systemd_boot;
mod uki;
mod version_order;
mod wildcard;

use std::path::Path;

pub use self::entry::Entry;
use self::entry::Written;
pub use self::loader::Loader;
use self::loader::Start;
use self::partitions::Partitions;
use crate::facts::command_line::CommandLine;
use crate::facts::firmware::Firmware;
use crate::facts::firmware::variables::Access;
use crate::facts::kernel::KernelConfig;
use crate::layout::{EXTLINUX_CONFIGS, OPAL, ZIPL_CONF};
use crate::setup::Setup;

/// What boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What shows the menu.
    pub loader: Loader,
    /// Kernels that it can start, in its order; of all boot loaders that are configured, if it is not known which one starts.
    pub entries: Vec<Entry>,
    /// Which of them starts if nothing else is chosen.
    pub next: Next,
}

/// What starts next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The entry with this number.
    Entry(usize),
    /// That cannot be told.
    CannotTell {
        /// Why, as a fragment.
        reason: String,
    },
}

impl Next {
    fn cannot_tell(reason: impl Into<String>) -> Self {
        Self::CannotTell { reason: reason.into() }
    }
}

impl Boot {
    /// Looks. `secure_boot` of the firmware decides what unified images take from outside.
    pub fn gather(setup: &Setup, firmware: &Firmware) -> Self {
        let partitions = Partitions::of(&setup.root, firmware.secure_boot());
        let access = Access::gather(setup);
        let machine = &setup.machine.arch;
        let efi = matches!(access, Access::Efi(_));
        // petitboot shows what GRUB's configuration has, in an order of its own.
        if matches!(access, Access::Bios) && setup.root.is_dir(Path::new(OPAL)) {
            let next = Next::cannot_tell("petitboot decides, by settings that only the firmware has");
            return Self { loader: Loader::Petitboot, entries: all(&partitions, &access, machine), next };
        }
        let start = match loader::find(&partitions, &access, machine) {
            Ok(start) => start,
            Err(reason) => {
                let entries = all(&partitions, &access, machine);
                return Self { loader: Loader::Unknown, entries, next: Next::CannotTell { reason } };
            }
        };
        let (loader, (entries, next)) = match start {
            Start::Grub(program) => {
                let of_grub = match grub::configuration(&partitions, program.as_deref()) {
                    Ok(path) => grub::gather(&partitions, &path, efi),
                    Err(reason) => (all(&partitions, &access, machine), Next::CannotTell { reason }),
                };
                (Loader::Grub, of_grub)
            }
            Start::SystemdBoot => (Loader::SystemdBoot, systemd_boot::gather(&partitions, &access, machine)),
            Start::Extlinux(path) => (Loader::Extlinux, extlinux::gather(&partitions, path)),
            Start::Bls => (Loader::Bls, snippets(&partitions, machine)),
            Start::Image { path, name, options } => {
                let entry = started_by_firmware(&partitions, &path, name, options);
                (Loader::Firmware, (vec![entry], Next::Entry(0)))
            }
        };
        Self { loader, entries, next }
    }

    /// The entry that starts next, if that can be told.
    pub fn next_entry(&self) -> Option<&Entry> {
        match self.next {
            Next::Entry(entry) => self.entries.get(entry),
            Next::CannotTell { .. } => None,
        }
    }

    /// What a kernel is booted with, what is built into it included: by the entry that boots next if that is its, else by its
    /// first. `None` if that cannot be told: where it is not known what boots next, all of its entries have to agree.
    pub fn command_line(&self, release: &str, config: &KernelConfig) -> Option<CommandLine> {
        let next = self.next_entry().filter(|entry| entry.release.as_deref() == Some(release));
        let is_alike = |one: &Entry| self.entries_of(release).all(|other| other.command_line == one.command_line);
        let alike = || self.entries_of(release).next().filter(|one| self.next_entry().is_some() || is_alike(one));
        let entry = next.or_else(alike)?;
        let given = config.text("CONFIG_CMDLINE").unwrap_or_default();
        // x86 has an option for whether there is one at all; for others the text says it.
        let x86 = config.enabled("CONFIG_X86") && !config.enabled("CONFIG_CMDLINE_BOOL");
        let built_in = if x86 { "" } else { given };
        let alone = ["CONFIG_CMDLINE_OVERRIDE", "CONFIG_CMDLINE_FORCE"];
        if alone.iter().any(|option| config.enabled(option)) {
            return Some(CommandLine::parse(built_in));
        }
        let line = entry.command_line.clone()?;
        Some(if built_in.is_empty() { line } else { CommandLine::parse(built_in).followed_by(line) })
    }

    /// All entries of a kernel, `uname -r`, in the boot loader's order.
    pub fn entries_of<'a>(&'a self, release: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.release.as_deref() == Some(release))
    }
}

/// Entries of all boot loaders that are configured.
fn all(partitions: &Partitions<'_>, access: &Access<'_>, machine: &str) -> Vec<Entry> {
    let mut entries = match grub::configuration(partitions, None) {
        Ok(path) => grub::gather(partitions, &path, matches!(access, Access::Efi(_))).0,
        Err(_) => Vec::new(),
    };
    let of_systemd = systemd_boot::gather(partitions, access, machine).0;
    let menus = EXTLINUX_CONFIGS.iter().map(Path::new).filter(|path| partitions.root.exists(path));
    let of_extlinux = menus.flat_map(|path| extlinux::gather(partitions, path).0);
    for entry in of_systemd.into_iter().chain(of_extlinux) {
        if !entries.iter().any(|known| known.image == entry.image && known.command_line == entry.command_line) {
            entries.push(entry);
        }
    }
    entries
}

/// What a boot loader without a configuration of its own makes of the specification's files.
fn snippets(partitions: &Partitions<'_>, machine: &str) -> (Vec<Entry>, Next) {
    let (entries, _) = systemd_boot::gather(partitions, &Access::Bios, machine);
    let next = match entries.is_empty() {
        // Its choice is in a map that it makes when it is run.
        _ if partitions.root.exists(Path::new(ZIPL_CONF)) => {
            Next::cannot_tell("what zipl starts is in a map that only it reads")
        }
        true => Next::cannot_tell("there is no entry of a kernel in /boot/loader/entries"),
        false => Next::Entry(0),
    };
    (entries, next)
}

/// A kernel or a unified image that the firmware starts; the kernel takes `initrd=` among its options for the file.
fn started_by_firmware(partitions: &Partitions<'_>, path: &Path, name: String, options: String) -> Entry {
    let given = options.split_whitespace().filter_map(|word| word.strip_prefix("initrd="));
    let initrds = given.map(|path| path.replace('\\', "/")).collect();
    let image = path.display().to_string();
    let written = Written { id: name.clone(), title: name, version: None, options: Some(options), image, initrds };
    let partition = partitions.mounted.iter().rev().find(|place| path.starts_with(place));
    let found = Entry::find(partitions, partition.copied(), written);
    Entry { image: path.to_owned(), ..found }
}

#[cfg(test)]
mod tests;
