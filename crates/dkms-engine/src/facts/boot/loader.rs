//! Which boot loader starts: what the firmware is told, followed through shim; without EFI, whose configuration is there.

use std::path::{Path, PathBuf};

use super::load_option::{self, LoadOption};
use super::partitions::Partitions;
use super::program::Program;
use crate::facts::firmware::variables::{Access, Variables, utf16};
use crate::layout::{EXTLINUX_CONFIGS, GRUB_CONFIGS};

/// A program that shows a menu, or starts a kernel at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loader {
    /// GRUB.
    Grub,
    /// systemd-boot.
    SystemdBoot,
    /// extlinux, or U-Boot with a menu in its format.
    Extlinux,
    /// Another one that reads files of the boot loader specification: zipl, U-Boot.
    Bls,
    /// petitboot.
    Petitboot,
    /// None: the firmware starts the kernel.
    Firmware,
    /// Not known.
    Unknown,
}

/// What starts, with what its configuration depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// GRUB, and its program if that is known.
    Grub(Option<PathBuf>),
    SystemdBoot,
    Extlinux(&'static Path),
    Bls,
    /// A kernel, or a unified image, with what the firmware hands over.
    Image {
        path: PathBuf,
        name: String,
        options: String,
    },
}

/// Finds out.
///
/// # Errors
/// Why it cannot be told, as a fragment.
pub(super) fn find(partitions: &Partitions<'_>, access: &Access<'_>, machine: &str) -> Result<Start, String> {
    let Access::Efi(variables) = access else { return by_files(partitions, matches!(access, Access::Bios)) };
    match load_option::next(variables)? {
        Some(option) => of_option(partitions, variables, &option, machine),
        None => by_last_boot(partitions, variables),
    }
}

fn of_option(
    partitions: &Partitions<'_>,
    variables: &Variables<'_>,
    option: &LoadOption,
    machine: &str,
) -> Result<Start, String> {
    let suffix = match machine {
        "aarch64" => "aa64",
        "riscv64" => "riscv64",
        "loongarch64" => "loongarch64",
        "i686" | "i586" | "i386" => "ia32",
        _ => "x64",
    };
    let file = option.file.clone().unwrap_or_else(|| format!("\\EFI\\BOOT\\BOOT{}.EFI", suffix.to_uppercase()));
    let first = started(partitions, &file)?;
    if first.kind != Kind::Shim {
        return first.start(option);
    }
    let given = utf16(&option.data);
    let given = given.split_whitespace().rev().find(|word| word.to_lowercase().ends_with(".efi"));
    let directory = file.rfind('\\').map_or("", |at| &file[..at]);
    // Beside the fallback program shim leaves it to that to make an option, which is started the next time.
    let fallback = format!("{directory}\\fb{suffix}.efi");
    if given.is_none()
        && file.to_lowercase().ends_with(&format!("\\boot{suffix}.efi"))
        && partitions.find(&fallback).is_some()
    {
        return by_last_boot(partitions, variables);
    }
    let second = match given {
        Some(path) if path.starts_with('\\') => path.to_owned(),
        Some(name) => format!("{directory}\\{name}"),
        None => format!("{directory}\\grub{suffix}.efi"),
    };
    started(partitions, &second)?.start(option)
}

/// A program on a system partition.
struct Started {
    kind: Kind,
    path: PathBuf,
    written: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shim,
    Grub,
    SystemdBoot,
    Kernel,
    Other,
}

fn started(partitions: &Partitions<'_>, written: &str) -> Result<Started, String> {
    let Some(path) = partitions.find(written) else {
        return Err(format!("the firmware starts `{written}`, which is on no EFI system partition that is mounted"));
    };
    let name = written.rsplit('\\').next().unwrap_or_default().to_lowercase();
    let by_name = [("shim", Kind::Shim), ("grub", Kind::Grub), ("systemd-boot", Kind::SystemdBoot)];
    let by_name =
        by_name.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map_or(Kind::Other, |(_, kind)| kind);
    // What it is called does not make it that: systemd-boot is put where shim looks for GRUB.
    let kind = Program::open(partitions.root, &path).map_or(by_name, |program| of_content(&program).unwrap_or(by_name));
    Ok(Started { kind, path, written: written.to_owned() })
}

fn of_content(program: &Program) -> Option<Kind> {
    let says = |section: &str, text: &str| {
        program.read(section).is_some_and(|content| memchr::memmem::find(&content, text.as_bytes()).is_some())
    };
    if says(".sdmagic", "LoaderInfo: systemd-boot") {
        return Some(Kind::SystemdBoot);
    }
    if program.has(".linux") || program.is_kernel() {
        return Some(Kind::Kernel);
    }
    if says(".sbat", "\nshim,") {
        return Some(Kind::Shim);
    }
    (program.has("mods") || says(".sbat", "\ngrub,")).then_some(Kind::Grub)
}

impl Started {
    fn start(self, option: &LoadOption) -> Result<Start, String> {
        match self.kind {
            Kind::Grub => Ok(Start::Grub(Some(self.path))),
            Kind::SystemdBoot => Ok(Start::SystemdBoot),
            Kind::Kernel => {
                Ok(Start::Image { path: self.path, name: option.name.clone(), options: utf16(&option.data) })
            }
            Kind::Shim | Kind::Other => {
                Err(format!("the firmware starts `{}`, which is no boot loader that is known here", self.written))
            }
        }
    }
}

/// The firmware is told nothing: what it started this time is what it finds again.
fn by_last_boot(partitions: &Partitions<'_>, variables: &Variables<'_>) -> Result<Start, String> {
    match variables.loader("LoaderInfo").as_deref() {
        Some(info) if info.starts_with("systemd-boot") => Ok(Start::SystemdBoot),
        Some(info) if info.starts_with("GRUB") => Ok(Start::Grub(None)),
        _ => by_files(partitions, false),
    }
}

fn by_files(partitions: &Partitions<'_>, bios: bool) -> Result<Start, String> {
    let root = partitions.root;
    let has_grub = GRUB_CONFIGS.iter().any(|path| root.exists(Path::new(path)));
    let has = |place: &&&Path, name: &str| root.exists(&place.join(name));
    let systemd = partitions.mounted.iter().find(|place| has(place, "loader/loader.conf") || has(place, "EFI/systemd"));
    let extlinux = EXTLINUX_CONFIGS.into_iter().map(Path::new).find(|path| root.exists(path));
    let has_snippets = root.is_dir(&super::bls::of_boot());
    match (has_grub, systemd.filter(|_| !bios), extlinux) {
        (true, None, None) => Ok(Start::Grub(None)),
        (false, Some(_), None) => Ok(Start::SystemdBoot),
        (false, None, Some(path)) => Ok(Start::Extlinux(path)),
        (false, None, None) if has_snippets => Ok(Start::Bls),
        (false, None, None) => Err("there is no configuration of a boot loader".into()),
        _ => Err("there are configurations of several boot loaders, and which one starts is not known".into()),
    }
}
