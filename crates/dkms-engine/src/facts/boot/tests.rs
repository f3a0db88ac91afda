//! From the firmware to the kernel.

use super::load_option::tests::option;
use super::program::tests::program;
use super::*;
use crate::layout::EFI_VARIABLES;
use crate::testing;

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

const SHIM: &[(&str, &[u8])] = &[(".text", b""), (".sbat", b"sbat,1,SBAT Version\nshim,4,UEFI shim,shim,1\n")];
const GRUB: &[(&str, &[u8])] = &[("mods", b""), (".sbat", b"sbat,1,SBAT Version\ngrub,5,Free Software Foundation\n")];
const SYSTEMD: &[(&str, &[u8])] = &[(".sdmagic", b"#### LoaderInfo: systemd-boot 257.13 ####")];

fn variable(setup: &Setup, name: &str, vendor: &str, value: &[u8]) {
    testing::write(setup, &format!("{EFI_VARIABLES}/{name}-{vendor}"), [&[7, 0, 0, 0], value].concat());
}

fn told(setup: &Setup, name: &str, value: &str) {
    let value: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    variable(setup, name, LOADER, &value);
}

fn boot(setup: &Setup) -> Boot {
    Boot::gather(setup, &Firmware::gather(setup))
}

fn reason(setup: &Setup) -> String {
    match boot(setup).next {
        Next::CannotTell { reason } => reason,
        Next::Entry(entry) => panic!("{entry}"),
    }
}

/// Id of what starts.
fn starts(setup: &Setup) -> String {
    let boot = boot(setup);
    boot.next_entry().unwrap_or_else(|| panic!("{:?}", boot.next)).id.clone()
}

/// Boot0001 is Debian's shim with GRUB, Boot0002 systemd-boot, Boot0003 another system's.
fn machine() -> (tempfile::TempDir, Setup) {
    let (directory, setup) = testing::setup();
    let setup =
        Setup { machine: crate::setup::machine::Machine { arch: "x86_64".into(), ..setup.machine.clone() }, ..setup };
    variable(&setup, "BootOrder", GLOBAL, &[1, 0, 2, 0, 3, 0]);
    variable(&setup, "Boot0001", GLOBAL, &option(1, "debian", "\\EFI\\debian\\shimx64.efi", ""));
    variable(&setup, "Boot0002", GLOBAL, &option(1, "Linux Boot Manager", "\\EFI\\systemd\\systemd-bootx64.efi", ""));
    variable(
        &setup,
        "Boot0003",
        GLOBAL,
        &option(1, "Windows Boot Manager", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi", "x"),
    );
    for (path, sections) in [
        ("debian/shimx64.efi", SHIM),
        ("debian/grubx64.efi", GRUB),
        ("systemd/systemd-bootx64.efi", SYSTEMD),
        ("Microsoft/Boot/bootmgfw.efi", &[]),
    ] {
        testing::write(&setup, &format!("/efi/EFI/{path}"), program(sections));
    }
    testing::write(&setup, "/boot/vmlinuz-6.1", image::tests::x86("6.1"));
    testing::write(&setup, "/boot/grub/grub.cfg", "menuentry 'GRUB' --id g { linux /boot/vmlinuz-6.1 root=a\n}\n");
    testing::write(&setup, "/efi/m/6.2/linux", image::tests::x86("6.2"));
    testing::write(
        &setup,
        "/efi/loader/entries/m-6.2.conf",
        "title A\nlinux /m/6.2/linux\ninitrd /m/6.2/initrd\noptions root=b\n",
    );
    (directory, setup)
}

#[test]
fn the_first_of_the_order_and_what_is_told_for_once() {
    let (_directory, setup) = machine();
    let found = boot(&setup);
    assert_eq!((found.loader, found.next.clone(), found.entries.len()), (Loader::Grub, Next::Entry(0), 1));
    assert_eq!(found.entries_of("6.1").count(), 1);
    variable(&setup, "BootNext", GLOBAL, &[2, 0]);
    let found = boot(&setup);
    assert_eq!((found.loader, starts(&setup).as_str()), (Loader::SystemdBoot, "m-6.2.conf"));
    assert_eq!(found.entries[0].initrds, [Path::new("/efi/m/6.2/initrd")]);
    variable(&setup, "BootNext", GLOBAL, &[3, 0]);
    assert!(reason(&setup).contains("bootmgfw.efi"));
    assert_eq!(boot(&setup).entries.len(), 2, "kernels of all boot loaders");
    variable(&setup, "BootNext", GLOBAL, &[9, 0]);
    assert!(reason(&setup).contains("Boot0009"));
}

#[test]
fn options_that_are_passed_over() {
    let (_directory, setup) = machine();
    variable(&setup, "Boot0001", GLOBAL, &option(0, "debian", "\\EFI\\debian\\shimx64.efi", ""));
    assert_eq!(boot(&setup).loader, Loader::SystemdBoot, "not active");
    variable(&setup, "Boot0001", GLOBAL, &option(0x101, "Setup", "\\EFI\\debian\\shimx64.efi", ""));
    assert_eq!(boot(&setup).loader, Loader::SystemdBoot, "an application");
    variable(&setup, "Boot0001", GLOBAL, &option(1, "Network", "", ""));
    assert!(reason(&setup).contains("`Network`"));
    variable(&setup, "BootCurrent", GLOBAL, &[2, 0]);
    assert_eq!(boot(&setup).loader, Loader::SystemdBoot, "it had nothing to start this time");
    variable(&setup, "BootCurrent", GLOBAL, &[1, 0]);
    assert!(reason(&setup).contains("BOOTX64.EFI"), "a whole disk: the usual file is missing");
    testing::write(&setup, "/efi/EFI/BOOT/BOOTX64.EFI", program(SYSTEMD));
    assert_eq!(boot(&setup).loader, Loader::SystemdBoot);
}

#[test]
fn through_shim() {
    let (directory, setup) = machine();
    testing::write(&setup, "/efi/EFI/debian/grubx64.efi", program(SYSTEMD));
    assert_eq!(boot(&setup).loader, Loader::SystemdBoot, "by content, not by name");
    variable(&setup, "Boot0001", GLOBAL, &option(1, "debian", "\\EFI\\debian\\shimx64.efi", "\\EFI\\Linux\\a.efi"));
    assert!(reason(&setup).contains("a.efi"));
    let uki = program(&[(".linux", b""), (".cmdline", b"root=c"), (".uname", b"6.3")]);
    testing::write(&setup, "/efi/EFI/Linux/a.efi", uki);
    variable(&setup, "SecureBoot", GLOBAL, &[1]);
    let found = boot(&setup);
    let entry = found.next_entry().unwrap();
    assert_eq!((found.loader, entry.release.as_deref(), entry.uki), (Loader::Firmware, Some("6.3"), true));
    assert_eq!(entry.command_line.as_ref().unwrap().last("root"), Some("c"));
    // On the removable path the fallback program takes over.
    variable(&setup, "Boot0001", GLOBAL, &option(1, "disk", "\\EFI\\BOOT\\BOOTX64.EFI", ""));
    testing::write(&setup, "/efi/EFI/BOOT/BOOTX64.EFI", program(SHIM));
    testing::write(&setup, "/efi/EFI/BOOT/fbx64.efi", program(&[]));
    assert!(reason(&setup).contains("several boot loaders"));
    told(&setup, "LoaderInfo", "GRUB 2.12");
    assert_eq!(boot(&setup).loader, Loader::Grub);
    std::fs::remove_dir_all(directory.path().join("efi")).unwrap();
    assert!(reason(&setup).contains("no EFI system partition that is mounted"));
}

#[test]
fn a_kernel_that_the_firmware_starts() {
    let (_directory, setup) = machine();
    let mut kernel = image::tests::x86("6.4");
    kernel[..2].copy_from_slice(b"MZ");
    let sections = program(&[(".text", b"")]);
    kernel[0x3c] = 0x80;
    kernel[0x80..0x80 + sections.len() - 0x80].copy_from_slice(&sections[0x80..]);
    testing::write(&setup, "/efi/vmlinuz-linux", kernel);
    testing::write(&setup, "/efi/initramfs-linux.img", "");
    variable(
        &setup,
        "Boot0001",
        GLOBAL,
        &option(1, "Arch", "\\vmlinuz-linux", "root=d rw initrd=\\initramfs-linux.img"),
    );
    let found = boot(&setup);
    let entry = found.next_entry().unwrap();
    assert_eq!((found.loader, entry.release.as_deref()), (Loader::Firmware, Some("6.4")));
    assert_eq!(
        (entry.image.as_path(), &entry.initrds),
        (Path::new("/efi/vmlinuz-linux"), &vec!["/efi/initramfs-linux.img".into()])
    );
    assert_eq!(entry.command_line.as_ref().unwrap().last("root"), Some("d"));
}

/// A machine with systemd-boot alone and these files of entries, each with the kernel of its version.
fn systemd(entries: &[(&str, &str, &str)]) -> (tempfile::TempDir, Setup) {
    let (directory, setup) = machine();
    std::fs::remove_file(directory.path().join("efi/loader/entries/m-6.2.conf")).unwrap();
    variable(&setup, "BootOrder", GLOBAL, &[2, 0]);
    for (name, version, more) in entries {
        testing::write(&setup, &format!("/efi/m/{version}/linux"), image::tests::x86(version));
        let text = format!("title T\nversion {version}\nlinux /m/{version}/linux\n{more}");
        testing::write(&setup, &format!("/efi/loader/entries/{name}.conf"), text);
    }
    (directory, setup)
}

fn order(setup: &Setup) -> Vec<String> {
    boot(setup).entries.into_iter().map(|entry| entry.id).collect()
}

#[test]
fn order_of_systemd_boot() {
    let (_directory, setup) = systemd(&[
        ("m-6.9.1", "6.9.1", ""),
        ("m-6.12.1", "6.12.1", ""),
        ("z+0-3", "6.13", "sort-key a\n"),
        ("a+2-1", "6.10", "sort-key fedora\nmachine-id 1\n"),
        ("b", "6.11", "sort-key fedora\nmachine-id 1\n"),
        ("c", "6.14", "sort-key fedora\nmachine-id 2\n"),
        ("d", "6.1", "sort-key arch\n"),
        ("other", "6.15", "architecture aa64\n"),
    ]);
    testing::write(&setup, "/efi/loader/entries/gone.conf", "linux /gone\nsort-key a\n");
    // In the extended partition, and a unified image.
    testing::write(&setup, "/boot/loader/entries/e.conf", "linux /vmlinuz-6.1\nsort-key zz\n");
    let uki = program(&[(".osrel", b"ID=debian\nVERSION_ID=13\n"), (".linux", b""), (".uname", b"6.12")]);
    testing::write(&setup, "/boot/EFI/Linux/Debian-6.12+3.efi", uki);
    let expected = [
        "d.conf",
        "Debian-6.12.efi",
        "b.conf",
        "a.conf",
        "c.conf",
        "e.conf",
        "m-6.12.1.conf",
        "m-6.9.1.conf",
        "z.conf",
    ];
    assert_eq!(order(&setup), expected);
    assert_eq!(starts(&setup), "d.conf");
}

#[test]
fn what_systemd_boot_was_told() {
    let (_directory, setup) = systemd(&[
        ("one", "6.1", ""),
        ("two", "6.2", ""),
        ("three+0-3", "6.3", ""),
        ("four", "6.4", ""),
        ("five", "6.5", ""),
    ]);
    assert_eq!(starts(&setup), "two.conf");
    let configured = |text: &str| testing::write(&setup, "/efi/loader/loader.conf", text);
    configured("timeout 3\n#default two\ndefault FO*\n");
    assert_eq!(starts(&setup), "four.conf");
    configured("default @saved\n");
    assert_eq!(starts(&setup), "two.conf", "nothing is saved");
    told(&setup, "LoaderEntryLastBooted", "one.conf");
    assert_eq!(starts(&setup), "one.conf");
    told(&setup, "LoaderEntryDefault", "three");
    assert_eq!(starts(&setup), "three.conf", "although it is marked bad");
    configured("preferred three.conf\ndefault @saved\n");
    assert_eq!(starts(&setup), "three.conf", "by the default");
    configured("preferred five.conf\n");
    assert_eq!(starts(&setup), "five.conf");
    told(&setup, "LoaderEntryPreferred", "four.conf");
    assert_eq!(starts(&setup), "four.conf");
    told(&setup, "LoaderEntryPreferred", "three.conf");
    assert_eq!(starts(&setup), "five.conf", "marked bad");
    told(&setup, "LoaderEntryOneShot", "ONE");
    assert_eq!(starts(&setup), "one.conf");
    told(&setup, "LoaderEntryOneShot", "gone.conf");
    assert_eq!(starts(&setup), "five.conf");
    told(&setup, "LoaderEntryOneShot", "auto-windows");
    assert!(reason(&setup).contains("`auto-windows`"));
}

#[test]
fn variants_of_a_unified_image() {
    let (_directory, setup) = systemd(&[]);
    let sections: [(&str, &[u8]); 6] = [
        (".osrel", b"ID=arch\n"),
        (".linux", b""),
        (".cmdline", b"root=a"),
        (".profile", b"ID=main"),
        (".profile", b"ID=debug"),
        (".cmdline", b"root=a debug"),
    ];
    testing::write(&setup, "/efi/EFI/Linux/arch.efi", program(&sections));
    assert_eq!(order(&setup), ["arch.efi@main", "arch.efi@debug"]);
    assert_eq!(starts(&setup), "arch.efi@main");
    told(&setup, "LoaderEntryOneShot", "arch.efi@debug");
    assert!(boot(&setup).next_entry().unwrap().command_line.as_ref().unwrap().has("debug"));
}

#[test]
fn without_variables_files_decide() {
    let (directory, setup) = machine();
    std::fs::remove_dir_all(directory.path().join("sys")).unwrap();
    assert!(reason(&setup).contains("several boot loaders"));
    assert_eq!(boot(&setup).entries_of("6.2").count(), 1);
    testing::write(&setup, "/sys/firmware/memmap/0", "");
    assert_eq!(starts(&setup), "g", "systemd-boot needs EFI");
    testing::write(&setup, "/sys/firmware/opal/msglog", "");
    assert_eq!((boot(&setup).loader, boot(&setup).entries.len()), (Loader::Petitboot, 2));
    assert!(reason(&setup).contains("petitboot"));
    std::fs::remove_dir_all(directory.path().join("sys")).unwrap();
    std::fs::remove_dir_all(directory.path().join("boot/grub")).unwrap();
    assert!(reason(&setup).contains("systemd-boot was told"));
    std::fs::remove_dir_all(directory.path().join("efi")).unwrap();
    assert!(reason(&setup).contains("no configuration"));
    testing::write(&setup, "/boot/loader/entries/a.conf", "linux /vmlinuz-6.1\n");
    assert_eq!((boot(&setup).loader, starts(&setup).as_str()), (Loader::Bls, "a.conf"));
    testing::write(&setup, ZIPL_CONF, "");
    assert!(reason(&setup).contains("zipl"));
    testing::write(&setup, EXTLINUX_CONFIGS[0], "label l0\nlinux /boot/vmlinuz-6.1\n");
    assert_eq!((boot(&setup).loader, starts(&setup).as_str()), (Loader::Extlinux, "l0"));
}
