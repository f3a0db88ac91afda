//! What boot loaders and the firmware are told: GRUB's script and its variables, entries, loader options, unified images.
#![no_main]

use std::fs;
use std::path::Path;

use dkms_engine::facts::boot::{Boot, Next};
use dkms_engine::facts::firmware::Firmware;
use dkms_engine::setup::{Options, Setup};
use dkms_engine::system::cancel::Cancel;
use dkms_engine::system::environment::Environment;
use dkms_engine::system::root::Root;
use dkms_fuzz::within_limits;
use libfuzzer_sys::fuzz_target;

/// The first byte says which of these the others are.
const FILES: [&str; 9] = [
    "boot/grub/grub.cfg",
    "boot/grub/grubenv",
    "boot/loader/entries/a-6.1+1.conf",
    "boot/extlinux/extlinux.conf",
    "efi/loader/loader.conf",
    "efi/EFI/Linux/a.efi",
    "efi/EFI/BOOT/BOOTX64.EFI",
    "sys/firmware/efi/efivars/Boot0000-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
];
/// Enough of a script to ask for variables and files of entries.
const SCRIPT: &[u8] = b"load_env\nset default=\"${saved_entry}\"\nblscfg\nmenuentry a { linux /a $kernelopts; }\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, content)) = bytes.split_first() else { return };
    let directory = tempfile::tempdir().expect("a directory for temporary files");
    let write = |path: &str, content: &[u8]| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a directory in it");
        fs::write(path, content).expect("room for it");
    };
    write("etc/os-release", b"ID=debian\n");
    let chosen = usize::from(which) % FILES.len();
    if (1..3).contains(&chosen) {
        write(FILES[0], SCRIPT);
    }
    if chosen >= 4 {
        write("efi/EFI/systemd/systemd-bootx64.efi", b"");
        write("efi/loader/entries/a.conf", b"linux /EFI/systemd/systemd-bootx64.efi\n");
        // Boot0000, if it is there.
        write("sys/firmware/efi/efivars/BootOrder-8be4df61-93ca-11d2-aa0d-00e098032b8c", &[7, 0, 0, 0, 0, 0]);
    }
    write(FILES[chosen], content);
    let root = Root::open(directory.path()).expect("the directory");
    let setup =
        Setup::load(root, Environment::default(), &[], Options::default(), Cancel::default()).expect("no settings");
    within_limits(|| {
        let boot = Boot::gather(&setup, &Firmware::gather(&setup));
        match &boot.next {
            Next::Entry(entry) => assert!(*entry < boot.entries.len()),
            Next::CannotTell { reason } => assert!(!reason.is_empty()),
        }
    });
});
